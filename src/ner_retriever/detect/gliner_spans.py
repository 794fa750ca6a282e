"""Entities of a broad list of types, from a GLiNER model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from ner_retriever.detect.pieces import detect_in_pieces
from ner_retriever.detect.sources import model_identity, not_loaded
from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError, MissingExtra

# Types are not known when a corpus is indexed, so these are meant to cover whatever has a name.
LABELS = (
    "person",
    "ethnic or religious group",
    "organization",
    "company",
    "sports team",
    "musical group",
    "political party",
    "location",
    "country",
    "city",
    "body of water or mountain",
    "astronomical object",
    "building or monument",
    "event",
    "product",
    "food or drink",
    "vehicle or ship",
    "weapon",
    "software or website",
    "work of art",
    "film or television series",
    "book or periodical",
    "song or album",
    "game",
    "award",
    "law",
    "language",
    "animal",
    "plant",
    "disease or symptom",
    "drug or chemical substance",
    "anatomical structure",
    "academic field",
    "technology",
)

# What a tokenizer may add around prompt and text, and then some.
_SPECIAL_TOKENS = 8


@dataclass(frozen=True, kw_only=True)
class GlinerSpans:
    """Detects with a GLiNER model, in windows that overlap by its longest mention.

    GLiNER cuts off without an error what exceeds its limits of words and of tokens; a window
    exceeds neither, unless a single word does.

    Attributes:
        source: folder or hub id of the model.
        name: what ``--detector`` was given.
        labels: types to look for; they share the token limit with the text.
        threshold: the least score of a mention, in [0, 1].
        device: where torch runs the model.
        batch_size: windows that the model reads at once.
    """

    source: str
    name: str = "gliner"
    labels: tuple[str, ...] = LABELS
    threshold: float = 0.3
    device: str = "cpu"
    batch_size: int = 8

    @property
    def fingerprint(self) -> str:
        """The model, the threshold and a digest of the labels."""
        labels = sha256("\n".join(self.labels).encode()).hexdigest()[:8]
        return f"gliner:{model_identity(self.source)}:{self.threshold}:{labels}"

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        """Find each document's mentions; the detection score is GLiNER's, of the best label.

        Raises:
            MissingExtra: GLiNER is not installed.
            WeightsNotFound: there is no such model.
            ConfigError: the labels leave no room for a text.
        """
        return detect_in_pieces(
            [document.text for document in documents], cut=self._windows, find=self._find
        )

    def _find(self, texts: Sequence[str]) -> list[list[Span]]:
        found = self._model.inference(
            list(texts),
            list(self.labels),
            flat_ner=False,
            threshold=self.threshold,
            batch_size=self.batch_size,
        )
        return [
            [Span(entity["start"], entity["end"], float(entity["score"])) for entity in entities]
            for entities in found
        ]

    def _windows(self, text: str) -> list[tuple[int, int]]:
        processor, config = self._model.data_processor, self._model.config
        words = list(processor.words_splitter(text))
        ranges = word_windows(
            _token_counts(processor.transformer_tokenizer, [word for word, _, _ in words]),
            max_words=config.max_len,
            max_tokens=self._room,
            overlap=config.max_width,
        )
        return [(words[first][1], words[end - 1][2]) for first, end in ranges]

    @cached_property
    def _room(self) -> int:
        tokenizer = self._model.data_processor.transformer_tokenizer
        # Each label, and the list of them, is followed by a mark of one token.
        prompt = sum(_token_counts(tokenizer, self.labels)) + len(self.labels) + 1
        room = int(tokenizer.model_max_length) - prompt - _SPECIAL_TOKENS
        if room < 1:
            raise ConfigError(
                f"{len(self.labels)} labels take {prompt} of the {tokenizer.model_max_length} "
                f"tokens that {self.source!r} reads at once; give fewer or shorter labels"
            )
        return room

    @cached_property
    def _model(self) -> Any:
        try:
            from gliner import GLiNER
        except ImportError as error:
            raise MissingExtra("the gliner detector", "gliner") from error
        try:
            return GLiNER.from_pretrained(self.source, map_location=self.device)
        except (OSError, ValueError) as error:
            raise not_loaded("GLiNER model", self.source, error) from error


def word_windows(
    token_counts: Sequence[int], *, max_words: int, max_tokens: int, overlap: int
) -> list[tuple[int, int]]:
    """Lay windows over words, as long as the limits allow.

    Args:
        token_counts: tokens of each word.
        max_words: words in a window at most.
        max_tokens: tokens in a window at most; a word of more stands in a window of its own.
        overlap: words that a window shares with the next, where its length allows.

    Returns:
        Ranges of words, end exclusive; each word is in one of them.
    """
    windows = []
    start = end = 0
    while end < len(token_counts):
        tokens = 0
        end = start
        while end < min(len(token_counts), start + max_words) and (
            end == start or tokens + token_counts[end] <= max_tokens
        ):
            tokens += token_counts[end]
            end += 1
        windows.append((start, end))
        start = max(start + 1, end - overlap)
    return windows


def _token_counts(tokenizer: Any, words: Sequence[str]) -> list[int]:
    counts = [0] * len(words)
    if words:
        encoded = tokenizer(
            list(words), is_split_into_words=True, add_special_tokens=False, verbose=False
        )
        for word in encoded.word_ids():
            counts[word] += 1
    return counts
