"""Hard negatives of types, mined anew as the head learns."""

import numpy as np
import torch
from numpy.typing import NDArray

from ner_retriever.head.network import Head
from ner_retriever.training.activations import Activations
from ner_retriever.training.exclusion import Exclusions
from ner_retriever.training.negatives import Miner


class NearNegatives:
    """Wrong mentions that are near to a type's name or share words with it, half of each.

    Args:
        head: as it learns.
        activations: what the head learns from.
        miner: made of the same.
        every: steps after which the model's own neighbours are mined again; 0 mines them once, now.
    """

    def __init__(self, head: Head, activations: Activations, miner: Miner, *, every: int) -> None:
        self._head = head
        self._activations = activations
        self._miner = miner
        self._every = every
        self._anchors = np.arange(len(activations.names))
        by_words = miner.by_bm25(self._anchors)
        self.exclusions: Exclusions = by_words.exclusions
        self._by_words = by_words.mentions
        self._near = np.empty((len(self._anchors), 0), dtype=np.int64)
        self._mined_at = 0
        if not every:
            self._mine()

    def __call__(self, types: NDArray[np.int64], step: int) -> NDArray[np.int64]:
        """Return wrong mentions of each type, (types, kept) int64, −1 where there are no more.

        Steps are asked for in their order, from a multiple of ``every`` on.
        """
        if self._every and step and step % self._every == 0 and step != self._mined_at:
            self._mine()
            self._mined_at = step
        return np.concatenate([self._by_words[types], self._near[types]], axis=1)

    @torch.no_grad()
    def _mine(self) -> None:
        self._head.eval()
        names = self._head.queries(torch.from_numpy(self._activations.queries)).numpy()
        mentions = self._head.mentions(torch.from_numpy(self._activations.mentions)).numpy()
        self._head.train()
        found = self._miner.by_neighbours(self._anchors, names, mentions)
        self.exclusions, self._near = found.exclusions, found.mentions
