"""Windows by their words: what a mention head reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.windows import Window, pool
from ner_retriever.documents import Span
from ner_retriever.heads.mention.finder import Found
from ner_retriever.heads.mention.words import Words, find_words
from ner_retriever.reading.extractor import Extractor
from ner_retriever.reading.text_windows import TextWindow


@dataclass(frozen=True)
class WordWindow:
    """A window with its words.

    Attributes:
        part: the window.
        words: those in it, their tokens counted from the first that it holds.
    """

    part: TextWindow
    words: Words

    @cached_property
    def window(self) -> Window:
        """What is read, its ranges being the words'."""
        return self.part.window(self.words.tokens + self.part.tokens[0])

    def tokens(self, run: Found) -> tuple[int, int]:
        """Return the text's tokens [first, last) of a run of words."""
        first = self.part.tokens[0]
        tokens = self.words.tokens
        return first + int(tokens[run.first, 0]), first + int(tokens[run.last - 1, 1])

    def owns(self, run: Found) -> bool:
        """Whether a run of words is to be read here and in no other window of the text."""
        return self.part.owns(*self.tokens(run))

    def span(self, run: Found) -> Span:
        """Return a run of words as characters of the text."""
        spans = self.words.spans
        start, end = int(spans[run.first, 0]), int(spans[run.last - 1, 1])
        return Span(start, end, run.score, run.name)


def word_windows(extractor: Extractor, texts: Sequence[str]) -> Iterator[WordWindow]:
    """Yield the windows of texts that hold words."""
    for part in extractor.windows(texts):
        first, last = part.tokens
        words = find_words(part.read.text, part.read.tokens.spans[first:last])
        if len(words.tokens):
            yield WordWindow(part, words)


def word_states(states: NDArray[np.float32], batch: Sequence[WordWindow]) -> NDArray[np.float32]:
    """Return the mean state of each word of each window, (words, hidden).

    Args:
        states: of the batch's tokens, (batch, tokens, hidden).
    """
    return pool(states, [item.window for item in batch], "mean")
