"""Hard negatives of types, mined anew as the head learns."""

import numpy as np
import torch
from numpy.typing import NDArray

from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.exclusion import Exclusions
from ner_retriever.training.negatives import Miner
from ner_retriever.training.vectors import Vectors


class NearNegatives:
    """Wrong mentions of a type: those that share words with its name, and those near to it.

    Args:
        head: as it learns.
        vectors: what it projects. All are read for each mining: cheap where they were extracted,
            a pass over the data where the backbone is trained.
        annotations: of the same mentions.
        miner: made of the same.
        every: steps after which neighbours are mined anew; before that there are none.
    """

    def __init__(
        self,
        head: ProjectionHead,
        vectors: Vectors,
        annotations: Annotations,
        miner: Miner,
        *,
        every: int,
    ) -> None:
        self._head = head
        self._vectors = vectors
        self._count = annotations.count
        self._miner = miner
        self._every = every
        self._anchors = np.arange(len(annotations.names))
        by_words = miner.by_bm25(self._anchors)
        self.exclusions: Exclusions = by_words.exclusions
        self._by_words = by_words.mentions
        self._near = np.empty((len(self._anchors), 0), dtype=np.int64)
        self._mined_at = 0

    def of(self, types: NDArray[np.int64], step: int) -> NDArray[np.int64]:
        """Return wrong mentions of each type, (types, kept) int64, −1 where there are no more.

        Steps are asked for in their order, from a multiple of ``every`` on.
        """
        if step % self._every == 0 and step != self._mined_at:
            self._mine()
            self._mined_at = step
        return np.concatenate([self._by_words[types], self._near[types]], axis=1)

    @torch.no_grad()
    def _mine(self) -> None:
        self._head.eval()
        read = self._vectors.queries(self._anchors), self._vectors.mentions(np.arange(self._count))
        names = self._head.queries(read[0].site).cpu().numpy()
        mentions = self._head.mentions(read[1].site).cpu().numpy()
        self._head.train()
        found = self._miner.by_neighbours(self._anchors, names, mentions)
        self.exclusions, self._near = found.exclusions, found.mentions
