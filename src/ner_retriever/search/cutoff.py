"""How far down an answer to trust: the probability of each document, and what follows from it.

The log-odds that a document is relevant are *intercept + slope · z + offset*. z is how far its
score lies above the median of all documents' scores for the query, in robust standard deviations:
what a cosine means differs from query to query and between types that a head was trained on and
others, but the bulk of documents, which a query does not mean, shows where its cosines begin. The
offset is the query's own: nothing in the scores tells it, so estimates are averages over its normal
distribution, intervals its quantiles, and judgements narrow it down. docs/cutoff.md has the method
and what it was chosen among.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError, ModelError

FILE_NAME = "cutoff.json"
_MEDIAN_TO_DEVIATION = 1.4826
_LEAST_DEVIATION = 1e-3
# So far that a probability is 0 or 1, and not so far that its odds overflow.
_MOST_LOG_ODDS = 500.0
# Cut-offs are thousandths, so that estimates cost the same for ten documents and for millions.
_EDGES = np.linspace(-1.0, 1.0, 2001).astype(np.float32)
_OFFSETS = np.linspace(-3.5, 3.5, 61)
_QUANTILES = (0.05, 0.95)
# Scores of one type err together, so that judgements tell less than as many coins.
_WEIGHT_OF_JUDGEMENT = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class CutoffParameters(Settings):
    """What was fitted for a head (``cutoff.json`` in the head's folder).

    Attributes:
        head: fingerprint of the head; ``""`` for the parameters of a head without its own.
        intercept, slope: of the log-odds over z.
        spread: standard deviation of the offset over queries.
    """

    head: str = ""
    intercept: float
    slope: float
    spread: float

    def __post_init__(self) -> None:
        if not (self.slope > 0 and self.spread > 0 and np.isfinite(self.intercept)):
            raise ConfigError("cut-off parameters: slope and spread must be greater than 0")


# For a head without parameters of its own: those of the default preset's, without unit and so not
# too wrong for another.
GENERAL = CutoffParameters(intercept=-4.4, slope=1.7, spread=2.0)


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
        score: the cut-off, in whole thousandths; documents at or above it are taken.
        documents: how many those are.
        precision: estimated share of relevant ones among them, in [0, 1]; 0 of none.
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
        edges: scores, ascending, one more than counts.
        counts: documents between two edges; the last bin holds its upper edge.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


def read_parameters(folder: Path, head: str) -> CutoffParameters:
    """Return what was fitted for a head; the general parameters where nothing was.

    Args:
        folder: the head's.
        head: its fingerprint; parameters of another head are not used.

    Raises:
        ModelError: the file is damaged.
    """
    file = folder / FILE_NAME
    try:
        parameters = CutoffParameters.from_record(json.loads(file.read_bytes()))
    except FileNotFoundError:
        return GENERAL
    except (OSError, ValueError, RecursionError, ConfigError) as error:
        raise ModelError(
            f"{file} cannot be read: {error}; make it anew with: ner-retriever calibrate"
        ) from error
    return parameters if parameters.head == head else GENERAL


def deviations(scores: NDArray[np.float32], base: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return z: how far scores lie above the median of a query's scores, in robust deviations.

    Args:
        scores: any.
        base: all documents' scores for the query; minus infinity, without a mention, is left out.
    """
    finite = base[np.isfinite(base)]
    if not len(finite):
        return np.zeros_like(scores)
    median = np.median(finite)
    deviation = _MEDIAN_TO_DEVIATION * np.median(np.abs(finite - median))
    z = (scores - median) / max(float(deviation), _LEAST_DEVIATION)
    return np.asarray(z, np.float32)


class Trust:
    """The score distribution of an answer and what it tells about relevance.

    Nothing is computed before it is asked for.

    Args:
        scores: each document's score, (documents,) float32, minus infinity without a mention.
        parameters: what was fitted for the head.
        base: what z is measured against: the scores before conditions lowered them.
        known: judged documents, by row, and whether they are relevant.
        unmoved: the scores before judgements moved the query, which tell what the judgements say
            about the offset; without them judged documents count as known and tell nothing more.
    """

    def __init__(
        self,
        scores: NDArray[np.float32],
        *,
        parameters: CutoffParameters,
        base: NDArray[np.float32] | None = None,
        known: Mapping[int, bool] | None = None,
        unmoved: NDArray[np.float32] | None = None,
    ) -> None:
        self.fitted = bool(parameters.head)
        self._scores = scores
        self._parameters = parameters
        self._base = scores if base is None else base
        self._known = known or {}
        self._unmoved = unmoved

    @cached_property
    def automatic(self) -> Cutoff:
        """The cut-off with the best expected F1; 1 where no document holds a mention."""
        taken, relevant = self._cumulated
        total = relevant[:, :1]
        f1 = 2 * relevant / np.maximum(taken + total, 1e-9)
        expected = self._weights @ f1
        best = len(expected) - 1 - int(np.argmax(expected[::-1]))
        return self.at(float(_EDGES[best]))

    def at(self, score: float) -> Cutoff:
        """What is known of the documents at or above a score; quick enough for a slider."""
        edge = int(np.argmin(np.abs(_EDGES - np.float32(score))))
        taken, relevant = self._cumulated
        above = relevant[:, edge]
        return Cutoff(
            score=round(float(_EDGES[edge]), 3),
            documents=int(taken[edge]),
            precision=self._estimate(above / max(taken[edge], 1)),
            missed=self._estimate(relevant[:, 0] - above),
        )

    def probability(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Estimated probability that a document of such a score is relevant; it rises with it."""
        by_edge = self._weights @ self._odds_to_probability
        return np.interp(scores, _EDGES, by_edge).astype(np.float32)

    def histogram(self, bins: int = 60) -> Histogram:
        """Count documents by score."""
        counts, edges = np.histogram(self._scores[np.isfinite(self._scores)], bins=bins)
        return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))

    @cached_property
    def _odds_to_probability(self) -> NDArray[np.float64]:
        """The probability at each edge, a row an offset."""
        fitted = self._parameters
        z = deviations(_EDGES, self._base).astype(np.float64)
        log_odds = np.clip(fitted.intercept + fitted.slope * z, -_MOST_LOG_ODDS, _MOST_LOG_ODDS)
        odds = np.outer(np.exp(fitted.spread * _OFFSETS), np.exp(log_odds))
        return np.asarray(odds / (1 + odds), np.float64)

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """How much each offset counts: its prior, and how well it explains the judgements."""
        weights = -(_OFFSETS**2) / 2
        if self._known and self._unmoved is not None:
            rows = [row for row in self._known if np.isfinite(self._unmoved[row])]
            yes = np.array([self._known[row] for row in rows], dtype=bool)
            fitted = self._parameters
            z = deviations(self._unmoved[rows], self._unmoved).astype(np.float64)
            odds = fitted.intercept + fitted.slope * z + fitted.spread * _OFFSETS[:, None]
            signed = np.where(yes, odds, -odds)
            weights -= _WEIGHT_OF_JUDGEMENT * np.logaddexp(0.0, -signed).sum(axis=1)
        weights = np.exp(weights - weights.max())
        return np.asarray(weights / weights.sum(), np.float64)

    @cached_property
    def _cumulated(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """At or above each edge: how many documents, and how many relevant ones an offset."""
        bins = np.searchsorted(_EDGES, self._scores, side="right") - 1
        there = np.isfinite(self._scores)
        judged = np.zeros(len(self._scores), bool)
        judged[list(self._known)] = True
        accepted = [row for row, relevant in self._known.items() if relevant and there[row]]
        size = len(_EDGES)
        documents = np.bincount(bins[there], minlength=size)
        unknown = np.bincount(bins[there & ~judged], minlength=size)
        relevant = self._odds_to_probability * unknown + np.bincount(bins[accepted], minlength=size)
        return (
            np.cumsum(documents[::-1])[::-1],
            np.cumsum(relevant[:, ::-1], axis=1)[:, ::-1],
        )

    def _estimate(self, values: NDArray[np.float64]) -> Estimate:
        """Mean and quantiles of values, one an offset."""
        order = np.argsort(values)
        reached = np.cumsum(self._weights[order])
        low, high = (float(values[order][np.searchsorted(reached, q)]) for q in _QUANTILES)
        # Rounding may leave the mean of equal values outside of them.
        return Estimate(float(np.clip(self._weights @ values, low, high)), low, high)
