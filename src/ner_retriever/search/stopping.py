"""When a review may stop: what a random check of the unread proves about what is still unfound.

A check draws documents in a random order, without replacement, from those that are unread when it
begins. After any number of draws it bounds from above how many relevant ones there were, by the
prior-posterior-ratio martingale of Waudby-Smith and Ramdas (2020, "Confidence sequences for
sampling without replacement", theorem 1): the bound holds at all numbers of draws at once, so that
one may look after each draw and stop when one likes. A document that is read for another reason
counts as soon as the random order reaches it.

The promise is about chance in the draws alone. It holds for any ranking and any index, as long as
judgements are right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, lgamma, log

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError, QueryError

CONFIDENCE = 0.95
SEED_BITS = 62
# Where a judgement's document is not among those to be read.
UNKNOWN = -1
# Most of the chance of error is the first check's; the rest is left for as many as are begun.
_FIRST_CHECKS_SHARE = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Check(Settings):
    """A random check of what was unread at a moment of a review.

    Attributes:
        seed: decides the random order.
        judged: how many judgements there were when it began; their documents are not drawn from.
        run: the last indexing run then; documents that came later are not drawn from.
    """

    seed: int
    judged: int
    run: int

    def __post_init__(self) -> None:
        for name in ("seed", "judged", "run"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
                raise ConfigError(f"a check: {name} must be a whole number from 0, not {value!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """How much of what is relevant has been found.

    Attributes:
        documents: how many there are to be read.
        read: of them, how many have been judged.
        found: of them, how many were judged relevant.
        population: how many documents the last check draws from; 0 without a check.
        drawn: how many it has drawn.
        drawn_relevant: of them, how many are relevant.
        confidence: that ``missed_at_most`` holds, in (0, 1).
        missed: estimated number of relevant documents that are unread; ``None`` without a draw.
        missed_at_most: how many of them there are at most.
    """

    documents: int
    read: int
    found: int
    population: int
    drawn: int
    drawn_relevant: int
    confidence: float
    missed: float | None
    missed_at_most: int

    @property
    def recall_at_least(self) -> float:
        """The share that has been found, at least, in [0, 1]; 1 where nothing can be missed."""
        return self.found / (self.found + self.missed_at_most) if self.missed_at_most else 1.0

    def reached(self, recall: float) -> bool:
        """Whether so much has been found, with the confidence that was asked for.

        Args:
            recall: in (0, 1].
        """
        return self.recall_at_least >= recall


def cover(
    judged: Sequence[tuple[int, bool]],
    keys: NDArray[np.uint64],
    runs: NDArray[np.int64],
    checks: Sequence[Check],
    *,
    confidence: float = CONFIDENCE,
) -> tuple[Coverage, int | None]:
    """Return what a review's judgements and checks prove, and which document to draw next.

    Args:
        judged: position and verdict of each judgement that was made, oldest first; a later one of
            the same document holds. ``UNKNOWN`` is the position of one that is not to be read.
        keys: of the documents to be read, (documents,); the random order is made of them.
        runs: the indexing run that wrote each, (documents,).
        checks: oldest first.
        confidence: that the bounds of all checks hold together, in (0, 1).

    Returns:
        The coverage, and the position of the next document to draw in the last check; ``None``
        without a check, and where it has drawn everything.

    Raises:
        QueryError: the confidence is out of range.
    """
    if not 0.0 < confidence < 1.0:
        raise QueryError(f"a confidence lies between 0 and 1, not {confidence}")
    current = _current(judged)
    found = sum(current.values())
    # Without a check, anything that is unread may be relevant.
    least_missed = len(keys) - len(current)
    missed = None
    next_drawn: int | None = None
    drawn = drawn_relevant = population = 0
    for number, check in enumerate(checks):
        inside = runs <= check.run
        inside[list(_current(judged[: check.judged]))] = False
        order = random_order(keys, check.seed)
        unread = inside.copy()
        unread[list(current)] = False
        waiting = np.flatnonzero(unread)
        next_drawn = int(waiting[np.argmin(order[waiting])]) if len(waiting) else None
        ours = {row: yes for row, yes in current.items() if inside[row]}
        reached = [
            yes for row, yes in ours.items() if next_drawn is None or order[row] < order[next_drawn]
        ]
        population, drawn, drawn_relevant = int(inside.sum()), len(reached), sum(reached)
        found_inside = sum(ours.values())
        # What came after the check began is not covered by it.
        outside = int((~inside).sum()) - sum(not inside[row] for row in current)
        bound = most_relevant(
            population,
            drawn,
            drawn_relevant,
            error=(1 - confidence) * _FIRST_CHECKS_SHARE * (1 - _FIRST_CHECKS_SHARE) ** number,
        )
        least_missed = min(least_missed, max(bound - found_inside, 0) + outside)
        if drawn:
            missed = max(population * drawn_relevant / drawn - found_inside, 0.0)
    coverage = Coverage(
        documents=len(keys),
        read=len(current),
        found=found,
        population=population,
        drawn=drawn,
        drawn_relevant=drawn_relevant,
        confidence=confidence,
        missed=missed,
        missed_at_most=least_missed,
    )
    return coverage, next_drawn


def _current(judged: Sequence[tuple[int, bool]]) -> dict[int, bool]:
    return {row: relevant for row, relevant in judged if row != UNKNOWN}


def most_relevant(population: int, drawn: int, relevant: int, *, error: float) -> int:
    """Return how many relevant documents a population holds at most.

    Args:
        population: documents that are drawn from, without replacement.
        drawn: how many have been, at any time.
        relevant: how many of those are relevant.
        error: the chance that the bound is ever too low, over all numbers of draws.
    """
    if drawn == 0:
        return population
    # The prior of the number is beta-binomial with 1 and the population: about one is expected. A
    # bad guess makes the bound wider, not wrong; this one is narrow where a draw finds nothing.
    evidence = _log_beta(1 + relevant, population + drawn - relevant) - _log_beta(1, population)

    def refuted(total: int) -> bool:
        return evidence - _log_chance(population, drawn, relevant, total) >= -log(error)

    # Totals that the draws fit best are never refuted; the bound lies above them.
    low = min(max(relevant, relevant * population // drawn), population - drawn + relevant)
    high = population - drawn + relevant
    if not refuted(high):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if refuted(middle) else (middle, high)
    return low


def random_order(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return a random number a document that depends on its key and the seed alone (splitmix64).

    Args:
        keys: (documents,) uint64.
        seed: another one gives an unrelated order.
    """
    start = (seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64
    mixed = keys ^ np.uint64(start)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)


def _log_chance(population: int, drawn: int, relevant: int, total: int) -> float:
    """Log of the chance of just these draws in their order, where so many are relevant."""
    if total < relevant or total - relevant > population - drawn:
        return -inf
    return _log_choose(population - drawn, total - relevant) - _log_choose(population, total)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
