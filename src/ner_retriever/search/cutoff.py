"""How far down an answer to trust: the probability of each document, and what follows from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class CutoffParameters(Settings):
    """What was fitted for a head (``cutoff.json`` in the head's folder); see docs/cutoff.md.

    Attributes:
        head: fingerprint of the head; ``""`` for the parameters of a head without its own.
    """

    head: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the interval that holds it for nine types in ten.

    Attributes:
        value, low, high: in the number's own unit.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cutoff:
    """What is known of the documents at or above a score.

    Attributes:
        score: the cut-off, a cosine; documents at or above it are taken.
        documents: how many those are.
        precision: estimated share of relevant ones among them, in [0, 1].
        missed: estimated number of relevant documents below the cut-off.
    """

    score: float
    documents: int
    precision: Estimate
    missed: Estimate


@dataclass(frozen=True, slots=True)
class Histogram:
    """Scores of all documents that hold a mention, counted.

    Attributes:
        edges: cosines, ascending, one more than counts.
        counts: documents between two edges; the last bin holds its upper edge.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class Trust:
    """The score distribution of an answer and what it tells about relevance.

    Args:
        scores: each document's score, (documents,) float32, minus infinity without a mention.
        base: scores of the query's core, before conditions; what probabilities are fitted on.
        parameters: what was fitted for the head.
    """

    def __init__(
        self,
        scores: NDArray[np.float32],
        *,
        parameters: CutoffParameters,
        base: NDArray[np.float32] | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def fitted(self) -> bool:
        """Whether the parameters are the head's own; else estimates are rough."""
        raise NotImplementedError

    @property
    def automatic(self) -> Cutoff:
        """The cut-off with the best expected F1."""
        raise NotImplementedError

    def at(self, score: float) -> Cutoff:
        """What is known of the documents at or above a score; quick enough for a slider."""
        raise NotImplementedError

    def probability(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Estimated probability that a document of such a score is relevant; it rises with it."""
        raise NotImplementedError

    def histogram(self, bins: int = 60) -> Histogram:
        """Count documents by score."""
        raise NotImplementedError
