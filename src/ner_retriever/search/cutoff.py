"""How far down an answer to trust: the probability of each document, and what follows from it."""

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
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True)
class CutoffParameters(Settings):
    """What was fitted for a head (``cutoff.json`` in the head's folder); see docs/cutoff.md.

    Attributes:
        head: fingerprint of the head; ``""`` for the parameters of a head without its own.
        intercept, deviation, cosine: the log-odds that a document is relevant are
            intercept + deviation · z + cosine · score, with z the distance of its score from the
            median of all documents' in robust standard deviations.
        low, high: by how much the log-odds of one type in twenty are too high, and too low.
    """

    head: str = ""
    intercept: float
    deviation: float
    cosine: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.deviation < 0 or self.cosine < 0 or self.low > 0 or self.high < 0:
            raise ConfigError(
                "cut-off parameters: deviation, cosine and high must not be negative, nor low "
                "positive"
            )


# For a head without parameters of its own.
GENERAL = CutoffParameters(intercept=-8.0, deviation=1.0, cosine=8.0, low=-1.0, high=1.0)


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


_Ranked = tuple[NDArray[np.float32], list[NDArray[np.float64]]]


class Trust:
    """The score distribution of an answer and what it tells about relevance.

    Nothing is computed before it is asked for.

    Args:
        scores: each document's score, (documents,) float32, minus infinity without a mention.
        parameters: what was fitted for the head.
        base: scores of the query's core, where conditions have lowered ``scores``; probabilities
            are fitted on cores.
        known: judged documents, by row, and whether they are relevant.
    """

    def __init__(
        self,
        scores: NDArray[np.float32],
        *,
        parameters: CutoffParameters,
        base: NDArray[np.float32] | None = None,
        known: Mapping[int, bool] | None = None,
    ) -> None:
        self.fitted = bool(parameters.head)
        self._scores = scores
        self._parameters = parameters
        self._base = scores if base is None else base
        self._known = known or {}

    @cached_property
    def automatic(self) -> Cutoff:
        """The cut-off with the best expected F1; 1 where no document holds a mention."""
        scores, (found, *_) = self._ranked
        if not len(scores):
            return self.at(1.0)
        f1 = 2 * found[1:] / (np.arange(1, len(found)) + found[-1])
        return self.at(float(scores[np.argmax(f1)]))

    def at(self, score: float) -> Cutoff:
        """What is known of the documents at or above a score; quick enough for a slider."""
        scores, totals = self._ranked
        taken = int(np.searchsorted(-scores, -score, side="right"))
        above = [float(total[taken]) for total in totals]
        missed = [float(total[-1] - total[taken]) for total in totals]
        precision = [found / max(taken, 1) for found in above]
        return Cutoff(score, taken, _estimate(precision), _estimate(missed))

    def probability(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Estimated probability that a document of such a score is relevant; it rises with it."""
        return self._curve(scores, 0.0)

    def histogram(self, bins: int = 60) -> Histogram:
        """Count documents by score."""
        counts, edges = np.histogram(self._ranked[0], bins=bins)
        return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))

    @cached_property
    def _scale(self) -> tuple[float, float]:
        """Median and robust standard deviation of the core's scores."""
        scores = self._base[np.isfinite(self._base)]
        if not len(scores):
            return 0.0, 1.0
        median = float(np.median(scores))
        spread = _MEDIAN_TO_DEVIATION * float(np.median(np.abs(scores - median)))
        return median, max(spread, _LEAST_SPREAD)

    def _curve(self, scores: NDArray[np.float32], shift: float) -> NDArray[np.float32]:
        median, spread = self._scale
        fitted = self._parameters
        odds = fitted.intercept + shift + fitted.deviation / spread * (scores - median)
        odds = odds + fitted.cosine * scores
        return np.asarray(np.exp(-np.logaddexp(0.0, -odds)), np.float32)

    @cached_property
    def _ranked(self) -> _Ranked:
        rows = np.flatnonzero(np.isfinite(self._scores))
        rows = rows[np.argsort(-self._scores[rows], kind="stable")]
        scores = self._scores[rows]
        known = np.full(len(self._scores), np.nan, np.float32)
        known[list(self._known.keys())] = list(self._known.values())
        known = known[rows]
        totals = []
        for shift in (0.0, self._parameters.low, self._parameters.high):
            probabilities = np.where(np.isnan(known), self._curve(scores, shift), known)
            totals.append(np.concatenate([[0.0], np.cumsum(probabilities, dtype=np.float64)]))
        return scores, totals


def _estimate(values: list[float]) -> Estimate:
    return Estimate(*values)
