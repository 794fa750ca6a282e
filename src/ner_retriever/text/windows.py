"""Cutting long texts: passages for a detector, token windows for a backbone.

A border of a sentence is only a preferred place to cut, never a promise, so a simple rule finds
them: what it takes for a border in "Dr. Who" costs nothing unless a cut falls exactly there.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import ConfigError, InputError

_CLOSING = r"""["'’”»›)\]}）」』】》〉］｝]"""
# Each alternative looks back at one character only, so that a long run of dots costs no more than
# its length.
_SENTENCE_END = re.compile(
    rf"(?<=[.!?…]){_CLOSING}*+\s+"
    rf"|(?<=[。！？｡])(?![。！？｡…]){_CLOSING}*+\s*"
    r"|[\n\r\v\f\x85\u2028\u2029]\s*"
)
_ZERO_WIDTH_JOINER = "\u200d"
_FIRST_SKIN_TONE, _LAST_SKIN_TONE = "\U0001f3fb", "\U0001f3ff"


def sentence_starts(text: str) -> list[int]:
    """Find where sentences probably begin.

    That is at 0, after a full stop, question or exclamation mark or ellipsis with closing quotes
    and brackets and white space (which CJK marks need not have), and after line breaks.

    Returns:
        Character offsets, ascending, all less than the text's length; none for an empty text.
    """
    starts = [0] if text else []
    for border in _SENTENCE_END.finditer(text):
        start = border.end()
        if start < len(text) and start > starts[-1] and not _belongs_together(text, start):
            starts.append(start)
    return starts


def passages(text: str, max_characters: int) -> list[tuple[int, int]]:
    """Cut a text into passages of bounded length.

    A cut falls on the last sentence start within reach, else after the last white space, else
    between two characters that do not form one sign (an accent and its letter, a joined emoji),
    else anywhere.

    Returns:
        Character ranges, end exclusive, which cover the text in order without overlap, each at
        most ``max_characters`` long; none for an empty text.

    Raises:
        ConfigError: ``max_characters`` is less than 1.
    """
    if max_characters < 1:
        raise ConfigError(f"max_characters must be at least 1, not {max_characters}")
    starts = sentence_starts(text)
    ranges = []
    start = 0
    while start < len(text):
        end = start + max_characters
        if end >= len(text):
            end = len(text)
        else:
            border = starts[bisect_right(starts, end) - 1]
            end = border if border > start else _cut_within_sentence(text, start, end)
        ranges.append((start, end))
        start = end
    return ranges


def token_windows(
    token_spans: NDArray[np.int64], starts: Sequence[int], *, max_tokens: int, overlap: int
) -> list[tuple[int, int]]:
    """Pack a text's tokens into windows that a backbone can read.

    Whole sentences are packed together while they fit; a sentence that does not begins a new
    window. Only a sentence longer than ``max_tokens`` is cut, and there neighbouring windows share
    ``overlap`` tokens: a mention of at most ``overlap + 1`` tokens is whole in one of them. What
    follows such a sentence is packed into its last window.

    Args:
        token_spans: shape (tokens, 2), integer: character ranges of the tokens in the text's order,
            end exclusive. A token belongs to the sentence in which it ends, for many tokens begin
            with the white space before a word.
        starts: character offsets of the sentences, ascending, as ``sentence_starts`` gives them.

    Returns:
        Ranges of tokens, end exclusive, in order, each at most ``max_tokens`` long; they cover
        every token. A text without tokens has the one window (0, 0).

    Raises:
        ConfigError: ``max_tokens`` is less than 1, or ``overlap`` is negative or not less than
            ``max_tokens``.
    """
    if not 0 <= overlap < max_tokens:
        raise ConfigError(
            f"overlap must be at least 0 and less than max_tokens, not {overlap} of {max_tokens}"
        )
    windows = []
    first = 0
    for begin, end in pairwise(_sentence_borders(token_spans, starts)):
        if end - first <= max_tokens:
            continue
        if first < begin:
            windows.append((first, begin))
            first = begin
        while end - first > max_tokens:
            windows.append((first, first + max_tokens))
            first += max_tokens - overlap
    windows.append((first, len(token_spans)))
    return windows


def window_of(windows: Sequence[tuple[int, int]], first_token: int, last_token: int) -> int:
    """Choose the window in which a mention is embedded.

    It is the one that holds most of the mention's tokens (all of them, unless the mention is
    longer than the overlap or lies across two sentences); among those, the one whose ends are
    farthest from the mention; among those, the first.

    Args:
        windows: as ``token_windows`` gives them.
        first_token: the mention's first token.
        last_token: one past its last token.

    Returns:
        The index of the window.

    Raises:
        InputError: no window holds any of the tokens.
    """
    best = None
    best_fit = (0, 0)
    for index in range(bisect_right(windows, first_token, key=_last), len(windows)):
        first, last = windows[index]
        held = min(last, last_token) - max(first, first_token)
        if held <= 0:
            break
        fit = (held, min(first_token - first, last - last_token))
        if best is None or fit > best_fit:
            best, best_fit = index, fit
    if best is None:
        raise InputError(
            f"the tokens {first_token} to {last_token} lie in none of the {len(windows)} windows; "
            "a mention must hold at least one token of its text"
        )
    return best


def _sentence_borders(token_spans: NDArray[np.int64], starts: Sequence[int]) -> list[int]:
    """Token indices at which sentences begin, and the number of tokens."""
    last_characters = np.maximum(token_spans[:, 0], token_spans[:, 1] - 1)
    sentences = np.searchsorted(np.asarray(starts, dtype=np.int64), last_characters, side="right")
    return [0, *(np.flatnonzero(np.diff(sentences)) + 1).tolist(), len(token_spans)]


def _last(window: tuple[int, int]) -> int:
    return window[1]


def _cut_within_sentence(text: str, start: int, end: int) -> int:
    between_signs = 0
    for cut in range(end, start, -1):
        if not _belongs_together(text, cut):
            if text[cut - 1].isspace():
                return cut
            between_signs = between_signs or cut
    return between_signs or end


def _belongs_together(text: str, cut: int) -> bool:
    """Whether a cut before ``text[cut]`` would take one sign apart."""
    before, after = text[cut - 1], text[cut]
    return (
        unicodedata.category(after).startswith("M")
        or _ZERO_WIDTH_JOINER in (before, after)
        or _FIRST_SKIN_TONE <= after <= _LAST_SKIN_TONE
        or (before, after) == ("\r", "\n")
    )
