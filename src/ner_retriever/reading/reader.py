"""From documents to mentions and their vectors: in two passes, or in one.

A detector of its own reads each text before the backbone does. A mention head works on the states
that the backbone has of a text anyway, so that mentions are found and embedded in one pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ner_retriever.detect import Detector
from ner_retriever.documents import Document, Span
from ner_retriever.text.windows import passages

if TYPE_CHECKING:
    from ner_retriever.reading.encoder import Encoder

_PASSAGE_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Read:
    """What was read in a document.

    Attributes:
        spans: its mentions.
        vectors: theirs, (mentions, dimensions) float32, rows of length 1.
    """

    spans: tuple[Span, ...]
    vectors: NDArray[np.float32]


class Reader(Detector, Protocol):
    """A detector that also gives the vectors of what it finds."""

    def read(self, documents: Sequence[Document]) -> list[Read]:
        """Find and embed the mentions of each document."""
        ...


@dataclass(frozen=True, slots=True)
class TwoPasses:
    """Detects first, and embeds what was found.

    Attributes:
        detector: finds the mentions.
        encoder: gives what embeds them, when it is first needed.
    """

    detector: Detector
    encoder: "Callable[[], Encoder]"

    @property
    def name(self) -> str:
        """What ``--detector`` was given."""
        return self.detector.name

    @property
    def fingerprint(self) -> str:
        """The detector's."""
        return self.detector.fingerprint

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        """Detect mentions, long documents passage by passage; offsets are the documents'."""
        pieces, owners = [], []
        for index, document in enumerate(documents):
            if document.spans is not None or len(document.text) <= _PASSAGE_CHARACTERS:
                pieces.append(document)
                owners.append((index, 0))
                continue
            for start, end in passages(document.text, _PASSAGE_CHARACTERS):
                pieces.append(replace(document, text=document.text[start:end]))
                owners.append((index, start))
        found: list[list[Span]] = [[] for _ in documents]
        for (index, shift), spans in zip(owners, self.detector.detect(pieces), strict=True):
            found[index] += [
                replace(span, start=span.start + shift, end=span.end + shift) for span in spans
            ]
        return [tuple(spans) for spans in found]

    def read(self, documents: Sequence[Document]) -> list[Read]:
        """Find and embed the mentions of each document."""
        spans = self.detect(documents)
        vectors = self.encoder().mentions([document.text for document in documents], spans)
        return [Read(*pair) for pair in zip(spans, vectors, strict=True)]
