"""From the states of a text's words to its mentions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ner_retriever.heads.mention.network import MentionHead
from ner_retriever.heads.mention.words import Words


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


class Finder:
    """Finds the mentions of windows, whatever their type."""

    def __init__(self, head: MentionHead, *, threshold: float, nested: float) -> None:
        self._head = head
        self._threshold = threshold
        self._nested = nested

    def to(self, device: torch.device) -> "Finder":
        """Move the network to where the backbone is."""
        self._head.to(device)
        return self

    @torch.inference_mode()
    def find(self, states: Tensor, words: Sequence[Words]) -> list[list[Found]]:
        """Find the mentions of a batch of windows.

        Args:
            states: mean states of the words of all windows, one after the other,
                (words, hidden).
            words: those words, for each window.

        Returns:
            The mentions of each window, best first.
        """
        if not len(states):
            return [[] for _ in words]
        counts = [len(its_words.tokens) for its_words in words]
        rows = pad_sequence(list(torch.split(states.float(), counts)), batch_first=True)
        shapes, blocks = (
            pad_sequence([torch.from_numpy(numbers) for numbers in of_words], batch_first=True)
            for of_words in zip(*((part.shapes, part.blocks) for part in words), strict=True)
        )
        mask = torch.arange(rows.shape[1]) < torch.tensor(counts)[:, None]
        given = (numbers.to(rows.device) for numbers in (shapes, mask, blocks))
        odds, kinds = self._head.score(rows, *given)
        scores = torch.sigmoid(odds).cpu().numpy()
        names = scores >= 0 if kinds is None else torch.sigmoid(kinds).cpu().numpy()
        return [self._kept(*pair) for pair in zip(scores, names, strict=True)]

    def _kept(self, scores: NDArray[np.float32], names: NDArray[np.float32]) -> list[Found]:
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
