"""A text's mentions and sentences as vectors, taken out of the backbone's states batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.windows import pool
from ner_retriever.documents import Span
from ner_retriever.heads.projection.projector import Projector
from ner_retriever.heads.projection.record import shares
from ner_retriever.numerics import unit_rows
from ner_retriever.reading.extractor import Extractor
from ner_retriever.reading.text_windows import TextWindow

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heads:
    """What a preset's vectors are made with.

    Attributes:
        type: projects mentions and queries; ``None`` leaves them as they are at the site.
        context: projects sentences and queries; ``None`` where there is none.
        context_weight: of a sentence's cosine beside a mention's.
        fingerprint: names both heads, the weight, and the adapter.
    """

    type: Projector | None
    context: Projector | None = None
    context_weight: float = 0.0
    fingerprint: str = "none"

    @property
    def shares(self) -> tuple[float, float]:
        """What a mention's own vector and its sentence's are multiplied by."""
        return shares(self.context_weight)


@dataclass(frozen=True, slots=True)
class Embedded:
    """The mentions of a text with their vectors.

    A mention's vector and its sentence's, one behind the other, have length 1.

    Attributes:
        spans: the mentions, as they stand in what was read.
        mentions: theirs, (mentions, dimensions) float32.
        sentences: the row of each mention's sentence in ``contexts``, (mentions,) int32.
        contexts: of the sentences that hold a mention, (sentences, context dimensions) float32; no
            columns without a context head.
    """

    spans: tuple[Span, ...]
    mentions: Vectors
    sentences: NDArray[np.int32]
    contexts: Vectors

    @property
    def joined(self) -> Vectors:
        """Each mention's vector and behind it its sentence's, rows of length 1."""
        return np.concatenate([self.mentions, self.contexts[self.sentences]], axis=1)


@dataclass(frozen=True, slots=True)
class Located:
    """A mention in a window.

    Attributes:
        span: the mention.
        tokens: its tokens, [first, last) of the text.
        order: a text's mentions are put in ascending order of it.
    """

    span: Span
    tokens: tuple[int, int]
    order: tuple[int, ...]


class _Text:
    """What is known so far of a text."""

    def __init__(self) -> None:
        self.mentions: list[Located] = []
        self.sites: list[Vectors] = []
        self.sentences: list[int] = []
        # A sentence that is longer than a window has a row in each window that holds a mention.
        self.rows: dict[tuple[int, int], int] = {}
        self.contexts: list[Vectors] = []


class Embedding:
    """Collects the vectors of some texts.

    Args:
        extractor: of the backbone that reads.
        heads: of the preset.
        texts: how many there are.
    """

    def __init__(self, extractor: Extractor, heads: Heads, texts: int) -> None:
        self._extractor = extractor
        self._heads = heads
        self._texts = [_Text() for _ in range(texts)]

    def add(
        self,
        states: Vectors,
        parts: Sequence[TextWindow],
        mentions: Sequence[Sequence[Located]],
    ) -> None:
        """Take in a batch.

        Args:
            states: of its tokens, (batch, tokens, hidden).
            parts: its windows.
            mentions: those that are read in each.
        """
        if not any(mentions):
            return
        windows = [
            part.window([mention.tokens for mention in its_mentions])
            for part, its_mentions in zip(parts, mentions, strict=True)
        ]
        sites = self._extractor.backbone.project(states, windows)
        row = 0
        fresh: list[list[tuple[int, int]]] = []
        for part, its_mentions in zip(parts, mentions, strict=True):
            text = self._texts[part.text]
            text.mentions += its_mentions
            text.sites += list(sites[row : row + len(its_mentions)])
            row += len(its_mentions)
            fresh.append(self._sentences(text, part, its_mentions))
        if self._heads.context:
            around = [part.window(ranges) for part, ranges in zip(parts, fresh, strict=True)]
            means = pool(states, around, "mean")
            share = np.float32(self._heads.shares[1])
            contexts = iter(self._heads.context.mentions(means) * share)
            for part, ranges in zip(parts, fresh, strict=True):
                self._texts[part.text].contexts += [next(contexts) for _ in ranges]

    @staticmethod
    def _sentences(
        text: _Text, part: TextWindow, mentions: Sequence[Located]
    ) -> list[tuple[int, int]]:
        """Number the sentences of mentions; return the tokens of those that are new."""
        fresh = []
        for mention in mentions:
            key = (part.read.sentence_of(mention.span.start), part.number)
            if key not in text.rows:
                text.rows[key] = len(text.rows)
                fresh.append(part.read.sentence_tokens(key[0]))
            text.sentences.append(text.rows[key])
        return fresh

    def embedded(self) -> list[Embedded]:
        """Return what was collected of each text."""
        if not self._texts:
            return []
        sites = [row for text in self._texts for row in text.sites]
        spans = [mention.span for text in self._texts for mention in text.mentions]
        vectors = self._project(sites, spans)
        ends = np.cumsum([len(text.mentions) for text in self._texts])
        width = self._heads.context.dimensions if self._heads.context else 0
        return [
            _ordered(text, rows, width)
            for text, rows in zip(self._texts, np.split(vectors, ends[:-1]), strict=True)
        ]

    def _project(self, sites: Sequence[Vectors], spans: Sequence[Span]) -> Vectors:
        head = self._heads.type
        if not sites:
            return np.empty((0, head.dimensions if head else self._extractor.width), np.float32)
        rows = np.stack(sites)
        if head is None:
            return unit_rows(rows)
        scores = np.array([span.detection_score for span in spans], np.float32)
        return head.mentions(rows, scores) * np.float32(self._heads.shares[0])


def _ordered(text: _Text, vectors: Vectors, width: int) -> Embedded:
    order = sorted(range(len(text.mentions)), key=lambda place: text.mentions[place].order)
    contexts = np.array(text.contexts, np.float32) if width else np.empty(0, np.float32)
    return Embedded(
        spans=tuple(text.mentions[place].span for place in order),
        mentions=vectors[order],
        sentences=np.array(text.sentences, np.int32)[order],
        contexts=contexts.reshape(len(text.rows), width),
    )
