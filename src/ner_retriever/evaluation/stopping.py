"""Simulated reviews that stop themselves: what the promise costs, and how often it is kept.

A user reads best first until yes-es run dry, then begins a random check of what is unread. A yes in
the check sends him back to the list, which has learnt from it, until it is dry again. He stops as
soon as the check proves that enough has been found.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.evaluation.reviews import Review
from ner_retriever.index.scan import Scan
from ner_retriever.search.stopping import CONFIDENCE, Check, cover, random_order

# So many no-es in a row begin or resume the check.
_DRY_AFTER = 50
# The check is looked at whenever a fiftieth more has been drawn, not to take the time of each.
_LOOKS = 50


@dataclass(frozen=True, slots=True)
class Stop:
    """Where one review stopped.

    Attributes:
        recall: the share of the relevant documents that had been found.
        read: documents read by then, those of the check with them.
        drawn: documents that the check had drawn.
    """

    recall: float
    read: int
    drawn: int


def simulate_stop(
    scan: Scan,
    query: NDArray[np.float32],
    relevant: NDArray[np.int64],
    *,
    recall: float,
    seed: int,
    confidence: float = CONFIDENCE,
) -> Stop:
    """Let a user read and check until the check proves a recall.

    Args:
        query: the type's vector.
        relevant: rows of the relevant documents.
        recall: what is to be proved, in (0, 1].
        seed: decides the random order of the check.
        confidence: with which it is to be proved, in (0, 1).
    """
    gold = np.zeros(len(scan.documents), bool)
    gold[relevant] = True
    # Keys of their own: a made-up scan's may all be equal.
    keys = np.arange(len(gold), dtype=np.uint64)
    runs = np.zeros(len(gold), np.int64)
    review = Review(scan, query, gold)
    checks: tuple[Check, ...] = ()
    draws: Iterator[int] = iter(())
    without, drawn, look = 0, 0, 0
    while len(review.judged) < len(gold):
        if without < _DRY_AFTER:
            row = review.next_best()
            # Documents without a mention are in no list, and left to the check.
            found = row is not None and review.read(row)
            without = 0 if found else (without + 1 if row is not None else _DRY_AFTER)
            continue
        if not checks:
            checks = (Check(seed=seed, judged=len(review.judged), run=0),)
            draws = iter(_unread_at_random(review, keys, seed))
        if drawn >= look:
            verdicts = [(row, bool(gold[row])) for row in review.judged]
            coverage, _ = cover(verdicts, keys, runs, checks, confidence=confidence)
            if coverage.reached(recall):
                break
            look = drawn + max(1, drawn // _LOOKS)
        row = next(draws)
        drawn += 1
        if not review.has_read(row) and review.read(row):
            without = 0
    return Stop(
        recall=float(gold[review.judged].sum() / len(relevant)),
        read=len(review.judged),
        drawn=drawn,
    )


def _unread_at_random(review: Review, keys: NDArray[np.uint64], seed: int) -> list[int]:
    order = np.argsort(random_order(keys, seed))
    return [row for row in order.tolist() if not review.has_read(row)]
