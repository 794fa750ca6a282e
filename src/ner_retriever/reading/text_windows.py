"""From texts to the windows that a backbone reads at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.tokenizer import Tokens
from ner_retriever.backbone.windows import Window
from ner_retriever.config import Preset
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError
from ner_retriever.text.windows import sentence_starts, token_windows, window_of

_OVERLAP = 32


@dataclass(frozen=True)
class ReadText:
    """A text with its tokens.

    Attributes:
        text: what is read.
        tokens: all of them, special tokens apart; at least one.
        windows: token ranges [first, last) that are read at once; together they hold every token.
    """

    text: str
    tokens: Tokens
    windows: Sequence[tuple[int, int]]

    @cached_property
    def sentences(self) -> NDArray[np.int64]:
        """Where sentences begin, in characters, and the text's length: ascending int64."""
        return np.array([*sentence_starts(self.text), len(self.text)], np.int64)

    def sentence_of(self, start: int) -> int:
        """Return the number of the sentence that a character stands in."""
        return int(np.searchsorted(self.sentences, start, side="right")) - 1

    def sentence_tokens(self, number: int) -> tuple[int, int]:
        """Return the tokens [first, last) of a sentence."""
        start, end = self.sentences[number : number + 2].tolist()
        return self.token_range(Span(start, end))

    def owner(self, first: int, last: int) -> int:
        """Return the number of the window in which tokens [first, last) have the most context."""
        return window_of(self.windows, first, last) if len(self.windows) > 1 else 0

    def token_range(self, span: Span) -> tuple[int, int]:
        """Return the tokens [first, last) that share a character with a span.

        A span of characters that the tokenizer drops has none: it gets its neighbour, the next
        token or, at the end of the text, the last.
        """
        starts, ends = self.tokens.spans[:, 0], self.tokens.spans[:, 1]
        first = int(np.searchsorted(ends, span.start, side="right"))
        last = int(np.searchsorted(starts, span.end, side="left"))
        if first < last:
            return first, last
        neighbour = min(first, len(self.tokens.ids) - 1)
        return neighbour, neighbour + 1


@dataclass(frozen=True)
class TextWindow:
    """A part of a text as it is read at once.

    Attributes:
        text: the text's place among others.
        number: the window's place among those of the text.
        read: the text.
        ids: token ids with special tokens and prefix, (tokens,) int64.
        shift: what a token's place in the text must be moved by to be its place in ``ids``.
    """

    text: int
    number: int
    read: ReadText
    ids: NDArray[np.int64] = field(repr=False)
    shift: int

    @property
    def tokens(self) -> tuple[int, int]:
        """The text's tokens that the window holds, [first, last)."""
        return self.read.windows[self.number]

    def owns(self, first: int, last: int) -> bool:
        """Whether tokens [first, last) of the text have the most context here."""
        return self.read.owner(first, last) == self.number

    def window(self, ranges: Sequence[tuple[int, int]] | NDArray[np.int64]) -> Window:
        """Return what is read, with ranges of the text's tokens, cut off at the window's ends."""
        inside = np.asarray(ranges, np.int64).reshape(-1, 2).clip(*self.tokens)
        return Window(ids=self.ids, ranges=inside + self.shift)


class WindowCutter:
    """Cuts texts into windows, at sentence borders where it can.

    Args:
        preset: says how long a window may be, and what stands before every text.
        backbone: tokenises.

    Raises:
        ConfigError: special tokens and prefix leave no room for text.
    """

    def __init__(self, preset: Preset, backbone: Backbone) -> None:
        self._backbone = backbone
        prefix = backbone.tokenize([preset.prefix])[0].ids
        self._before = np.concatenate([backbone.before, prefix])
        # A text of nothing but characters that the tokenizer drops is read as a full stop.
        self._stand_in = backbone.tokenize(["."])[0]
        self._room = preset.max_tokens - len(self._before) - len(backbone.after)
        if self._room < 8:
            raise ConfigError(
                f"max_tokens {preset.max_tokens} leaves {self._room} tokens for text beside "
                "special tokens and prefix; raise it or shorten the prefix"
            )

    def cut(self, texts: Sequence[str], first_text: int = 0) -> Iterator[TextWindow]:
        """Yield the windows of texts, in their order.

        Args:
            first_text: the first text's place among others.
        """
        pairs = zip(texts, self._backbone.tokenize(texts), strict=True)
        for index, (text, tokens) in enumerate(pairs, start=first_text):
            read = self._read(text, tokens if len(tokens.ids) else self._stand_in)
            for number, (first, last) in enumerate(read.windows):
                held = read.tokens.ids[first:last]
                yield TextWindow(
                    text=index,
                    number=number,
                    read=read,
                    ids=np.concatenate([self._before, held, self._backbone.after]),
                    shift=len(self._before) - first,
                )

    def _read(self, text: str, tokens: Tokens) -> ReadText:
        windows = token_windows(
            tokens.spans,
            sentence_starts(text) if len(tokens.ids) > self._room else [],
            max_tokens=self._room,
            overlap=min(_OVERLAP, self._room // 4),
        )
        return ReadText(text, tokens, windows)
