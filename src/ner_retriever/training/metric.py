"""R-Precision in plain numpy: training chooses by it, and its tests hold it against trec_eval."""

from collections.abc import Sequence

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


def mean_r_precision(
    mentions: NDArray[np.float32],
    queries: NDArray[np.float32],
    *,
    texts: NDArray[np.int64],
    relevant: Sequence[NDArray[np.int64]],
) -> float:
    """Mean R-Precision of queries over texts; a text's score is its best mention's, as in search.

    Args:
        mentions: (m, dimensions) float32.
        queries: (q, dimensions) float32.
        texts: (m,) int64, the text that a mention stands in.
        relevant: for each query, the mentions that answer it, (r,) int64; their texts are relevant.

    Raises:
        InputError: nothing is relevant for a query.
    """
    order = np.argsort(texts, kind="stable")
    mentions = mentions[order]
    _, starts, text_of = np.unique(texts[order], return_index=True, return_inverse=True)
    text = np.empty_like(text_of)
    text[order] = text_of
    values = [
        r_precision(np.maximum.reduceat(mentions @ query, starts), np.unique(text[answers]))
        for query, answers in zip(queries, relevant, strict=True)
    ]
    return float(np.mean(values))
