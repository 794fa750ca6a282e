"""How well cut-offs and the estimates beside them hold, where the relevant documents are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import InputError
from ner_retriever.search.cutoff import CutoffParameters, Estimate, Trust

_BINS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The scores that a query gives to the documents of a pool, and which of them are relevant.

    Attributes:
        name: the type.
        scores: (documents,) float32, minus infinity without a mention.
        relevant: (documents,) bool.
    """

    name: str
    scores: NDArray[np.float32]
    relevant: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoffResult:
    """Cut-offs of many types, each type counting the same.

    Attributes:
        types: how many there are.
        f1: at the automatic cut-off.
        best_f1: at the best cut-off that there is for each type.
        calibration_error: expected calibration error of documents' probabilities, 15 equal bins.
        brier: mean squared error of the probabilities.
        brier_of_share: of giving each document the type's true share, for comparison.
        precision_error: mean distance of the estimated precision from the true one, at the
            automatic cut-off.
        precision_held, missed_held: share of types whose true precision, or true number of
            documents missed, lies in its interval.
    """

    types: int
    f1: float
    best_f1: float
    calibration_error: float
    brier: float
    brier_of_share: float
    precision_error: float
    precision_held: float
    missed_held: float


def measure_cutoffs(labelled: Sequence[Labelled], parameters: CutoffParameters) -> CutoffResult:
    """Compare what is estimated with what is true.

    A relevant document without a mention counts as missed, though no estimate can know of it.

    Raises:
        InputError: there is no type, or one without a relevant document.
    """
    if not labelled or not all(one.relevant.any() for one in labelled):
        raise InputError("cut-offs need at least one type, and a relevant document for each")
    by_type = [_of_type(one, parameters) for one in labelled]
    probabilities = [
        Trust(one.scores, parameters=parameters).probability(one.scores) for one in labelled
    ]
    errors = [
        np.mean((found - one.relevant) ** 2)
        for found, one in zip(probabilities, labelled, strict=True)
    ]
    shares = np.array([one.relevant.mean() for one in labelled])
    return CutoffResult(
        types=len(labelled),
        **{
            name: float(value)
            for name, value in zip(_BY_TYPE, np.mean(by_type, axis=0), strict=True)
        },
        calibration_error=_calibration_error(probabilities, [one.relevant for one in labelled]),
        brier=float(np.mean(errors)),
        brier_of_share=float(np.mean(shares * (1 - shares))),
    )


_BY_TYPE = ("f1", "best_f1", "precision_error", "precision_held", "missed_held")


def _of_type(one: Labelled, parameters: CutoffParameters) -> tuple[float, ...]:
    cutoff = Trust(one.scores, parameters=parameters).automatic
    order = np.argsort(-one.scores, kind="stable")
    total = int(one.relevant.sum())
    found = np.cumsum(one.relevant[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + total)
    taken = max(cutoff.documents, 1)
    precision, missed = found[taken - 1] / taken, total - found[taken - 1]
    return (
        f1[taken - 1],
        f1.max(),
        abs(precision - cutoff.precision.value),
        _holds(cutoff.precision, precision),
        # Estimates are no whole numbers; half a document is no error.
        _holds(Estimate(0, cutoff.missed.low - 0.5, cutoff.missed.high + 0.5), missed),
    )


def _holds(estimate: Estimate, value: float) -> bool:
    return estimate.low <= value <= estimate.high


def _calibration_error(
    probabilities: Sequence[NDArray[np.float32]], relevant: Sequence[NDArray[np.bool_]]
) -> float:
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in probabilities])
    given, true = np.concatenate(probabilities), np.concatenate(relevant)
    bins = np.minimum((given * _BINS).astype(np.int64), _BINS - 1)
    off = np.bincount(bins, weights * (given - true), minlength=_BINS)
    return float(np.abs(off).sum() / weights.sum())
