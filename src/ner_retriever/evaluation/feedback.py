"""Simulated users: a benchmark's gold judges rows, and the ranking is refined by it.

A user reads the list from the top, says yes or no to each document by the gold, and the list is
refined. Judged documents are ranked by their judgement: accepted ones first, then documents not
judged, then rejected ones. So even judging without refining raises R-Precision, and both are
measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.index.scan import Scan
from ner_retriever.search.vectors import refine
from ner_retriever.training.metric import r_precision

JUDGEMENTS = (0, 5, 10, 20, 50)
RECALL = 0.95
# Refined after each of the first ten judgements, then whenever there are a tenth more.
_GROWTH = 10


@dataclass(frozen=True, slots=True)
class Session:
    """What came of one user's judging for one type.

    Attributes:
        r_precision: after each number of ``JUDGEMENTS``.
        read: documents read until 95 % of the relevant ones were found; documents without a
            mention come last.
    """

    r_precision: tuple[float, ...]
    read: int


def simulate(
    scan: Scan, query: NDArray[np.float32], relevant: NDArray[np.int64], *, refined: bool
) -> Session:
    """Let a user read on until 95 % of the relevant documents are found.

    Args:
        query: the type's vector.
        relevant: rows of the relevant documents.
        refined: whether judgements refine the ranking, or are only kept.
    """
    gold = np.zeros(len(scan.documents), bool)
    gold[relevant] = True
    wanted = int(np.ceil(RECALL * len(relevant)))
    values: list[float] = []
    found, read, count = 0, 0, 0
    for count, (judged, best) in enumerate(_judging(scan, query, gold, refined=refined)):
        found += int(gold[judged[-1]]) if judged else 0
        if count in JUDGEMENTS:
            values.append(r_precision(_by_judgement(best, gold, judged), relevant))
        if found == wanted and not read:
            read = count
        if read and count >= JUDGEMENTS[-1]:
            break
    values += [1.0] * (len(JUDGEMENTS) - len(values))
    return Session(tuple(values), read or count)


def _judging(
    scan: Scan, query: NDArray[np.float32], gold: NDArray[np.bool_], *, refined: bool
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Yield the documents judged so far and all documents' scores, at first and after each."""
    judged: list[int] = []
    shown: list[int] = []
    scores = scan.scores(query)
    best = scan.best(scores)
    order = iter(_unread(best, judged))
    refinement = 1
    yield judged, best
    while (row := next(order, None)) is not None:
        judged.append(row)
        first, last = int(scan.firsts[row]), int(scan.lasts[row])
        shown.append(first + int(np.argmax(scores[first:last])) if first < last else -1)
        if refined and len(judged) == refinement:
            refinement += max(1, refinement // _GROWTH)
            scores = scan.scores(_refined(scan, query, gold[judged], np.array(shown)))
            best = scan.best(scores)
            order = iter(_unread(best, judged))
        yield judged, best


def _unread(best: NDArray[np.float32], judged: Sequence[int]) -> list[int]:
    order = np.argsort(-best, kind="stable")
    unread: list[int] = order[~np.isin(order, judged)].tolist()
    return unread


def _refined(
    scan: Scan, query: NDArray[np.float32], yes: NDArray[np.bool_], shown: NDArray[np.int64]
) -> NDArray[np.float32]:
    accepted, rejected = shown[yes & (shown >= 0)], shown[~yes & (shown >= 0)]
    return refine(query, scan.joined(accepted), scan.joined(rejected))


def _by_judgement(
    best: NDArray[np.float32], gold: NDArray[np.bool_], judged: Sequence[int]
) -> NDArray[np.float32]:
    """Scores that put accepted documents first and rejected ones last."""
    ranked = best.copy()
    ranked[judged] = np.where(gold[judged], np.inf, -np.inf)
    return ranked
