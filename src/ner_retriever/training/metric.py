"""R-Precision, AUC and intervals in plain numpy: training and its probe choose by them.

Tests hold R-Precision against trec_eval.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import InputError

RESAMPLES = 10_000


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


def auc(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> float:
    """The area under the ROC curve: how often a positive scores higher than a negative.

    Equal scores count one half.

    Args:
        positive: (p,) float32, scores of the pairs that should score high.
        negative: (n,) float32, scores of the others.

    Raises:
        InputError: one of them is empty.
    """
    if not len(positive) or not len(negative):
        raise InputError(
            f"an AUC needs scores of both kinds, not {len(positive)} and {len(negative)}"
        )
    ordered = np.sort(negative)
    below, not_above = (np.searchsorted(ordered, positive, side) for side in ("left", "right"))
    return float((below + not_above).mean() / (2 * len(negative)))


def bootstrap_interval(
    values: Sequence[float],
    *,
    seed: int,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a mean over types.

    Args:
        values: one value a type.
        seed: decides the resamples.
        confidence: share of resampled means inside the interval.
        resamples: how often types are drawn with replacement.

    Returns:
        The lower and the upper bound.

    Raises:
        InputError: there are no values.
    """
    array = values_of_types(values)
    rng = np.random.default_rng(seed)
    means = array[rng.integers(len(array), size=(resamples, len(array)))].mean(axis=1)
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(means, [tail, 1 - tail])
    return float(lower), float(upper)


def values_of_types(values: Sequence[float]) -> NDArray[np.float64]:
    """Return one value a type as an array; raise InputError where there is none."""
    if len(values) == 0:
        raise InputError("there are no values to compare; at least one type is needed")
    return np.asarray(values, dtype=np.float64)


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
