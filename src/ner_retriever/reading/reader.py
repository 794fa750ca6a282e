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
from ner_retriever.text.layout import BORDER, Layout, lay_out
from ner_retriever.text.sense import makes_sense
from ner_retriever.text.windows import passages

if TYPE_CHECKING:
    from ner_retriever.reading.embedding import Embedded
    from ner_retriever.reading.encoder import Encoder

_PASSAGE_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Read:
    """What was read in a document.

    Attributes:
        spans: its mentions, as characters of the document's text.
        vectors: theirs, (mentions, dimensions) float32.
        sentences: the row of each mention's sentence in ``contexts``, (mentions,) int32.
        contexts: of the sentences that hold a mention, (sentences, context dimensions) float32; no
            columns without a context head. Behind a mention's vector, its sentence's makes one of
            length 1.
    """

    spans: tuple[Span, ...]
    vectors: NDArray[np.float32]
    sentences: NDArray[np.int32]
    contexts: NDArray[np.float32]


class Reader(Detector, Protocol):
    """A detector that also gives the vectors of what it finds."""

    def read(self, documents: Sequence[Document]) -> list[Read]:
        """Find and embed the mentions of each document."""
        ...


def as_given(layout: Layout, found: "Embedded") -> Read:
    """Return what was found in a text in the form in which it was read, as it was given."""
    return Read(
        spans=tuple(layout.as_given(span) for span in found.spans),
        vectors=found.mentions,
        sentences=found.sentences,
        contexts=found.contexts,
    )


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
        layouts = [lay_out(document.text) for document in documents]
        return [
            tuple(layout.as_given(span) for span in spans)
            for layout, spans in zip(layouts, self._detect(documents, layouts), strict=True)
        ]

    def read(self, documents: Sequence[Document]) -> list[Read]:
        """Find and embed the mentions of each document."""
        layouts = [lay_out(document.text) for document in documents]
        spans = self._detect(documents, layouts)
        found = self.encoder().embed([layout.text for layout in layouts], spans)
        return [as_given(*pair) for pair in zip(layouts, found, strict=True)]

    def _detect(self, documents: Sequence[Document], layouts: Sequence[Layout]) -> list[list[Span]]:
        """Find mentions in the form in which texts are read; none crosses a border."""
        pieces, owners = [], []
        for index, (document, layout) in enumerate(zip(documents, layouts, strict=True)):
            if document.spans is not None:
                given = tuple(layout.as_read(span) for span in document.spans)
                pieces.append(replace(document, text=layout.text, spans=given))
                owners.append((index, 0))
                continue
            for start, end in passages(layout.text, _PASSAGE_CHARACTERS):
                pieces.append(replace(document, text=layout.text[start:end]))
                owners.append((index, start))
        found: list[list[Span]] = [[] for _ in documents]
        for (index, shift), spans in zip(owners, self.detector.detect(pieces), strict=True):
            text, is_given = layouts[index].text, documents[index].spans is not None
            for span in spans:
                moved = replace(span, start=span.start + shift, end=span.end + shift)
                found[index] += [moved] if is_given else _sensible(text, moved)
        return found


def _sensible(text: str, span: Span) -> list[Span]:
    """Cut a span at the borders that it crosses; leave out what cannot be a mention."""
    parts = _within_borders(text, span)
    return [part for part in parts if makes_sense(text[part.start : part.end])]


def _within_borders(text: str, span: Span) -> list[Span]:
    """Cut a span at the borders that it crosses."""
    parts = []
    start = span.start
    for piece in text[span.start : span.end].split(BORDER):
        bare = piece.strip()
        if bare:
            first = start + piece.index(bare)
            parts.append(replace(span, start=first, end=first + len(bare)))
        start += len(piece) + 1
    return parts
