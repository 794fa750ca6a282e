"""A mention head at work: mentions are found and embedded in the backbone's one pass."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from ner_retriever.config import Preset
from ner_retriever.documents import Document, Span
from ner_retriever.heads.mention.finder import Finder, Found
from ner_retriever.heads.mention.record import (
    check_mention_head,
    mention_head_of,
    read_mention_record,
)
from ner_retriever.heads.mention.scorer import load_mention_scorer
from ner_retriever.heads.projection.record import find_head, read_record
from ner_retriever.reading.embedding import Embedded, Embedding, Located
from ner_retriever.reading.encoder import Encoder
from ner_retriever.reading.passes import read_windows
from ner_retriever.reading.reader import Read, as_given
from ner_retriever.reading.word_windows import WordWindow, word_states, word_windows
from ner_retriever.text.layout import lay_out
from ner_retriever.text.sense import makes_sense


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
        return [read.spans for read in self.read(documents)]

    def read(self, documents: Sequence[Document]) -> list[Read]:
        """Find and embed each document's mentions, in the text's order."""
        layouts = [lay_out(document.text) for document in documents]
        found = self._read([layout.text for layout in layouts])
        return [as_given(*pair) for pair in zip(layouts, found, strict=True)]

    @cached_property
    def _finder(self) -> Finder:
        encoder = self._encoder()
        head, record = load_mention_scorer(self._folder)
        check_mention_head(
            record,
            backbone=encoder.fingerprints["backbone"],
            site=encoder.fingerprints["site"],
            adapter=self._adapter,
        )
        return Finder(head, threshold=record.threshold, nested=record.nested)

    def _read(self, texts: Sequence[str]) -> list[Embedded]:
        encoder, finder = self._encoder(), self._finder
        embedding = Embedding(encoder.extractor, encoder.heads, len(texts))
        parts = list(word_windows(encoder.extractor, texts))
        for batch, states in read_windows(encoder.extractor.backbone, [parts]):
            words = word_states(states, batch)
            found = finder.find(words, [item.words for item in batch])
            located = [list(_located(*pair)) for pair in zip(batch, found, strict=True)]
            embedding.add(states, [item.part for item in batch], located)
        return embedding.embedded()


def _located(window: WordWindow, runs: Iterable[Found]) -> Iterator[Located]:
    """Yield those of the runs of words found in a window that are mentions of the text."""
    for run in runs:
        span = window.span(run)
        if window.owns(run) and makes_sense(window.part.read.text[span.start : span.end]):
            yield Located(span, window.tokens(run), (span.start, span.end))
