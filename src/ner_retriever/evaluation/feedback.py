"""What judging brings: a benchmark's gold judges rows, and the ranking is refined by it.

A user reads the list from the top, says yes or no to each document by the gold, and the list is
refined. Judged documents are ranked by their judgement: accepted ones first, then documents not
judged, then rejected ones. So even judging without refining raises R-Precision, and both are
measured.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.evaluation.reviews import Review
from ner_retriever.index.scan import Scan
from ner_retriever.training.metric import r_precision

JUDGEMENTS = (0, 5, 10, 20, 50)
RECALL = 0.95


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
    review = Review(scan, query, gold, refined=refined)
    wanted = int(np.ceil(RECALL * len(relevant)))
    values = [r_precision(review.best, relevant)]
    found, read, count = 0, 0, 0
    while not read or count < JUDGEMENTS[-1]:
        row = review.next_best()
        if row is None:
            break
        found += review.read(row)
        count += 1
        if count in JUDGEMENTS:
            values.append(r_precision(review.ranking(), relevant))
        if found == wanted and not read:
            read = count
    values += [1.0] * (len(JUDGEMENTS) - len(values))
    return Session(tuple(values), read or count)
