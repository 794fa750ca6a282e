"""From the states of a text's words to its mentions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ner_retriever.heads.mention.words import Words
from ner_retriever.numerics import sigmoid

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """A mention in a window.

    Attributes:
        first, last: its words, [first, last).
        score: detection score in [0, 1].
        name: how likely it is a name and no ordinary noun, in [0, 1].
    """

    first: int
    last: int
    score: float
    name: float = 1.0


class Scorer(Protocol):
    """What scores runs of words, such as :class:`.scorer.MentionScorer`."""

    def score(self, states: Array, windows: Sequence[Words]) -> tuple[Array, Array | None]:
        """Return log-odds of mentions and of names, (words, longest)."""
        ...


class Finder:
    """Finds the mentions of windows, whatever their type."""

    def __init__(self, head: Scorer, *, threshold: float, nested: float) -> None:
        self._head = head
        self._threshold = threshold
        self._nested = nested

    def find(self, states: Array, words: Sequence[Words]) -> list[list[Found]]:
        """Find the mentions of a batch of windows.

        Args:
            states: mean states of the words of all windows, one after the other,
                (words, hidden) float32.
            words: those words, for each window.

        Returns:
            The mentions of each window, best first.
        """
        if not len(states):
            return [[] for _ in words]
        odds, kinds = self._head.score(states, words)
        scores = sigmoid(odds)
        names = np.ones_like(scores) if kinds is None else sigmoid(kinds)
        ends = np.cumsum([len(its_words.tokens) for its_words in words])[:-1]
        pairs = zip(np.split(scores, ends), np.split(names, ends), strict=True)
        return [self._kept(*pair) for pair in pairs]

    def _kept(self, scores: Array, names: Array) -> list[Found]:
        firsts, lengths = np.nonzero(scores >= self._threshold)
        best_first = np.argsort(-scores[firsts, lengths], kind="stable")
        kept: list[Found] = []
        for first, length in zip(firsts[best_first], lengths[best_first], strict=True):
            found = Found(
                first=int(first),
                last=int(first + length + 1),
                score=float(scores[first, length]),
                name=float(names[first, length]),
            )
            rival = next((other for other in kept if _overlap(found, other)), None)
            if rival is None or found.score >= self._nested * rival.score:
                kept.append(found)
        return kept


def _overlap(one: Found, other: Found) -> bool:
    return one.first < other.last and other.first < one.last
