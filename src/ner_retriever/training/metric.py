"""R-Precision in plain numpy: training chooses by it, and its tests hold it against trec_eval."""

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import InputError


def ranking(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The retrieved texts, best first.

    Args:
        scores: (n,) float32, −inf for what is not retrieved.

    Returns:
        Positions, (retrieved,) int64; the earlier of equal scores first.
    """
    order = np.argsort(-scores, kind="stable")
    return order[scores[order] > -np.inf]


def r_precision(scores: NDArray[np.float32], relevant: NDArray[np.int64]) -> float:
    """Precision of the first R texts, with R relevant ones; a text not retrieved is a miss.

    Equal to trec_eval's Rprec, but needs no optional dependency.

    Args:
        scores: (n,) float32, −inf for what is not retrieved.
        relevant: (R,) int64, positions of the relevant texts, each once.

    Raises:
        InputError: no text is relevant.
    """
    require_relevant(relevant)
    best = ranking(scores)[: len(relevant)]
    return float(np.isin(best, relevant).sum() / len(relevant))


def require_relevant(relevant: NDArray[np.int64]) -> None:
    """Raise InputError where no text is relevant."""
    if len(relevant) == 0:
        raise InputError("R-Precision is not defined without a relevant text; leave the type out")
