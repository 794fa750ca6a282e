"""The words of a text, by its tokens: where a mention may begin and end, and how words look.

A backbone that folds case hides what tells names from nouns; a word's shape gives it back.
"""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.text.layout import BORDER

SHAPES = (
    "punctuation",
    "number",
    "lower",
    "capitalised",
    "initial",
    "upper",
    "mixed",
    "caseless",
)
_BORDER = re.compile(re.escape(BORDER))
_SHAPE = {name: index for index, name in enumerate(SHAPES)}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a window.

    Attributes:
        tokens: each word's tokens, [first, last), (words, 2) int64.
        spans: each word's characters, [start, end), (words, 2) int64; both ends ascend, and there
            is no white space at either.
        shapes: each word's index in ``SHAPES``, (words,) int64.
        blocks: the line that each word stands in, counted from the first word's, ascending (words,)
            int64; no mention crosses the border of one.
    """

    tokens: NDArray[np.int64]
    spans: NDArray[np.int64]
    shapes: NDArray[np.int64]
    blocks: NDArray[np.int64]


def find_words(text: str, token_spans: NDArray[np.int64]) -> Words:
    """Put the tokens of a window together to words.

    A word is a run of letters and digits, or a token of other signs.

    Args:
        token_spans: characters [start, end) of tokens in the text's order, (tokens, 2) int64, with
            or without the white space around them.
    """
    covered = text[token_spans[0, 0] : token_spans[-1, 1]] if len(token_spans) else ""
    # Where all is in capitals, as in a headline, or nothing is, they tell nothing.
    cased = not (covered.islower() or covered.isupper())
    tokens: list[list[int]] = []
    spans: list[list[int]] = []
    for token, (first, last) in enumerate(token_spans.tolist()):
        surface = text[first:last]
        start, end = last - len(surface.lstrip()), first + len(surface.rstrip())
        if start >= end:
            continue
        if spans and _joined(text, spans[-1][1], start):
            tokens[-1][1] = token + 1
            spans[-1][1] = max(spans[-1][1], end)
        else:
            tokens.append([token, token + 1])
            spans.append([start, end])
    return Words(
        tokens=np.array(tokens, np.int64).reshape(-1, 2),
        spans=np.array(spans, np.int64).reshape(-1, 2),
        shapes=np.array([_shape(text[start:end], cased=cased) for start, end in spans], np.int64),
        blocks=_blocks(text, spans),
    )


def _blocks(text: str, spans: list[list[int]]) -> NDArray[np.int64]:
    first, last = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    borders = np.array([border.start() for border in _BORDER.finditer(text, first, last)], np.int64)
    starts = np.array([start for start, _ in spans], np.int64)
    return np.searchsorted(borders, starts).astype(np.int64)


def _joined(text: str, end: int, start: int) -> bool:
    """Whether what begins at ``start`` goes on with the word that has reached ``end``."""
    # Tokens that share a sign, such as the bytes of an emoji, cannot be told apart by characters.
    return start < end or (start == end and _in_word(text[start - 1]) and _in_word(text[start]))


def _in_word(sign: str) -> bool:
    """Whether a sign is a letter, a digit, or a mark on one."""
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def _shape(word: str, *, cased: bool) -> int:
    if word.isalpha() and cased:
        if word.islower():
            return _SHAPE["lower"]
        if word.istitle():
            return _SHAPE["initial" if len(word) == 1 else "capitalised"]
        if word.isupper():
            return _SHAPE["upper"]
    if not any(map(str.isalnum, word)):
        return _SHAPE["punctuation"]
    if not any(map(str.isalpha, word)):
        return _SHAPE["number"]
    return _SHAPE["mixed" if cased and word.lower() != word.upper() else "caseless"]
