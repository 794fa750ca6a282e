"""One pass over whole texts: what a mention head finds is pooled and projected from its states."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner_retriever.backbone.batching import batches
from ner_retriever.backbone.forward import Window, pool
from ner_retriever.backbone.model import Backbone
from ner_retriever.config import Preset
from ner_retriever.heads.mention.files import load_mention_head
from ner_retriever.heads.mention.finder import Finder, Found
from ner_retriever.heads.mention.record import (
    check_mention_head,
    mention_head_of,
    read_mention_record,
)
from ner_retriever.heads.mention.words import Words, find_words
from ner_retriever.documents import Document, Span
from ner_retriever.reading.encoder import Encoder, Extractor
from ner_retriever.heads.projection.record import find_head, read_record
from ner_retriever.reading.reader import Read
from ner_retriever.text.windows import window_of

Vector = NDArray[np.float32]
_NOTHING: Vector = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is read of a text at once.

    Attributes:
        window: its ranges are the words'.
        words: those in it, their tokens counted from the first that it holds.
        text: the text's place among others.
        number: the stretch's place among those of the text.
        windows: the token ranges of all of them.
    """

    window: Window
    words: Words
    text: int
    number: int
    windows: Sequence[tuple[int, int]]

    def is_owner(self, run: Found) -> bool:
        """Whether a run of its words is to be read here and in no other stretch of the text."""
        if len(self.windows) == 1:
            return True
        shift, tokens = self.windows[self.number][0], self.words.tokens
        begin, end = tokens[run.first, 0] + shift, tokens[run.last - 1, 1] + shift
        return window_of(self.windows, int(begin), int(end)) == self.number

    def span(self, run: Found) -> Span:
        """Return a run of its words as characters of the text."""
        spans = self.words.spans
        return Span(int(spans[run.first, 0]), int(spans[run.last - 1, 1]), run.score)

    def of_mentions(self, runs: Sequence[Found]) -> Window:
        """Return the window with runs of words for its ranges."""
        tokens = self.window.ranges
        ranges = [(tokens[run.first, 0], tokens[run.last - 1, 1]) for run in runs]
        return Window(ids=self.window.ids, ranges=np.array(ranges, np.int64).reshape(-1, 2))


def stretches(extractor: Extractor, texts: Sequence[str]) -> Iterator[Stretch]:
    """Cut texts into stretches that together hold all of their words."""
    for index, (text, tokens) in enumerate(
        zip(texts, extractor.backbone.tokenize(texts), strict=True)
    ):
        windows = extractor.windows(text, tokens)
        for number, (first, last) in enumerate(windows):
            words = find_words(text, tokens.spans[first:last])
            if len(words.tokens):
                window = extractor.window(tokens, (first, last), words.tokens + first)
                yield Stretch(window, words, index, number, windows)


def read_words(backbone: Backbone, batch: Sequence[Stretch]) -> tuple[Tensor, Tensor]:
    """Run one batch.

    Returns:
        The states of all tokens, (batch, tokens, hidden), and the mean state of each word of each
        stretch, (words, hidden).
    """
    windows = [stretch.window for stretch in batch]
    states = backbone.states(windows)
    return states, pool(states, windows, "mean")


class MentionReader:
    """A detector that rides on the backbone's pass, and gives vectors of what it finds.

    Args:
        name: what ``--detector`` was given.
        preset: whose backbone reads.
        encoder: gives the preset's encoder, when it is first needed.
        folder: of the mention head; by default that beside the preset's head.

    Raises:
        WeightsNotFound: there is no such mention head.
        WeightsCorrupted: its record is damaged.
        FingerprintMismatch: it was trained for something else than the preset.
    """

    def __init__(
        self,
        name: str,
        preset: Preset,
        encoder: Callable[[], Encoder],
        *,
        folder: str | None = None,
    ) -> None:
        self.name = f"{name} of {preset.name}"
        self._encoder = encoder
        head_folder = find_head(preset.head) if preset.head else None
        self._folder = mention_head_of(head_folder, given=folder)
        self._record = read_mention_record(self._folder)
        self._adapter = ""
        if head_folder:
            head = read_record(head_folder)
            self._adapter = head.adapter
            check_mention_head(
                self._record,
                backbone=head.backbone,
                site=preset.site_fingerprint,
                adapter=head.adapter,
            )

    @property
    def fingerprint(self) -> str:
        """Names the mention head."""
        return f"mention-head:{self._record.fingerprint}"

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        """Find each document's mentions, in the text's order."""
        found = self._pass(documents, embed=False)
        return [tuple(span for span, _ in sorted(mentions, key=_place)) for mentions in found]

    def read(self, documents: Sequence[Document]) -> list[Read]:
        """Find and embed each document's mentions, in the text's order."""
        found = [sorted(mentions, key=_place) for mentions in self._pass(documents, embed=True)]
        encoder = self._encoder()
        if not any(found):
            nothing = np.empty((0, encoder.dimensions), np.float32)
            return [Read((), nothing) for _ in documents]
        rows = np.stack([vector for mentions in found for _, vector in mentions])
        ends = np.cumsum([len(mentions) for mentions in found])
        spans = [span for mentions in found for span, _ in mentions]
        vectors = np.split(encoder.project(rows, spans), ends[:-1])
        return [
            Read(tuple(span for span, _ in mentions), its_vectors)
            for mentions, its_vectors in zip(found, vectors, strict=True)
        ]

    @cached_property
    def _finder(self) -> Finder:
        encoder = self._encoder()
        head, record = load_mention_head(self._folder)
        check_mention_head(
            record,
            backbone=encoder.fingerprints["backbone"],
            site=encoder.fingerprints["site"],
            adapter=self._adapter,
        )
        finder = Finder(head, threshold=record.threshold, nested=record.nested)
        return finder.to(encoder.extractor.backbone.device)

    def _pass(
        self, documents: Sequence[Document], *, embed: bool
    ) -> list[list[tuple[Span, Vector]]]:
        """Read texts once; return each one's mentions with their vectors at the site, unordered."""
        extractor, finder = self._encoder().extractor, self._finder
        backbone = extractor.backbone
        mentions: list[list[tuple[Span, Vector]]] = [[] for _ in documents]
        parts = list(stretches(extractor, [document.text for document in documents]))
        for batch in batches(parts, backbone.batch_tokens):
            with torch.inference_mode():
                states, words = read_words(backbone, batch)
                found = finder.find(words, [part.words for part in batch])
                owned = [
                    [run for run in runs if part.is_owner(run)]
                    for part, runs in zip(batch, found, strict=True)
                ]
                vectors = _project(backbone, states, batch, owned) if embed else repeat(_NOTHING)
            for part, runs in zip(batch, owned, strict=True):
                mentions[part.text] += [(part.span(run), next(vectors)) for run in runs]
        return mentions


def _project(
    backbone: Backbone, states: Tensor, batch: Sequence[Stretch], runs: Sequence[Sequence[Found]]
) -> Iterator[Vector]:
    windows = [part.of_mentions(its_runs) for part, its_runs in zip(batch, runs, strict=True)]
    if not any(runs):
        return iter(())
    vectors: NDArray[np.float32] = backbone.project(states, windows).float().cpu().numpy()
    return iter(vectors)


def _place(mention: tuple[Span, Vector]) -> tuple[int, int]:
    span, _ = mention
    return span.start, span.end
