"""Two systems together, by reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document
from ner_retriever.evaluation.systems import Progress, Settings, System
from ner_retriever.training.metric import ranking

# The constant of the method's source: how much the very first ranks stand out.
_K = 60


class Hybrid(System):
    """The sum of 1 / (60 + rank) over both systems; what neither retrieves is not retrieved."""

    def __init__(self, first: System, second: System, *, name: str = "hybrid") -> None:
        self.name = name
        self.reads_mentions = first.reads_mentions or second.reads_mentions
        trained = [part.training_types for part in (first, second) if part.training_types]
        self.training_types = frozenset().union(*trained) if trained else None
        self._parts = (first, second)

    @property
    def settings(self) -> Settings:
        """The two systems and the constant of the fusion."""
        first, second = self._parts
        return {"first": first.name, "second": second.name, "k": _K}

    @property
    def bytes_a_text(self) -> float:
        """What both systems keep."""
        return sum(part.bytes_a_text for part in self._parts)

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Let both systems index the texts; the progress is the first one's."""
        first, second = self._parts
        first.index(documents, progress=progress)
        second.index(documents)

    def rank(self, query: str) -> NDArray[np.float32]:
        """The fused score of each text: (n_texts,) float32."""
        return fuse([part.rank(query) for part in self._parts])


def fuse(scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Reciprocal rank fusion.

    Args:
        scores: for each system (n,) float32, −inf for what it does not retrieve.

    Returns:
        (n,) float32, −inf for what no system retrieves.
    """
    fused = np.zeros(len(scores[0]), dtype=np.float64)
    for values in scores:
        order = ranking(values)
        fused[order] += 1 / (_K + 1 + np.arange(len(order)))
    return np.where(fused > 0, fused, -np.inf).astype(np.float32)
