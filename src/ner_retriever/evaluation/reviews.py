"""A simulated review: a user who reads documents one by one and judges each by the gold."""

import numpy as np
from numpy.typing import NDArray

from ner_retriever.index.scan import Scan
from ner_retriever.search.refinement import refine

# Ranked again after each of the first ten judgements, then whenever there are a tenth more.
_GROWTH = 10


class Review:
    """What one user has read for one query, and what that made of the ranking.

    Args:
        scan: the documents.
        query: the type's vector, (dimensions,).
        gold: whether each document is relevant, (documents,).
        refined: whether judgements refine the ranking, or are only kept.

    Attributes:
        judged: rows of the documents that were read, in order.
        best: each document's score in the present ranking, (documents,).
    """

    def __init__(
        self,
        scan: Scan,
        query: NDArray[np.float32],
        gold: NDArray[np.bool_],
        *,
        refined: bool = True,
    ) -> None:
        self.judged: list[int] = []
        self._scan = scan
        self._query = query
        self._gold = gold
        self._refined = refined
        self._shown: list[int] = []
        self._read = np.zeros(len(gold), bool)
        self._next_refinement = 1
        self._rank(query)

    def next_best(self) -> int | None:
        """Return the best document that is unread; ``None`` where all are read."""
        while self._place < len(self._order):
            row = int(self._order[self._place])
            if not self._read[row]:
                return row
            self._place += 1
        return None

    def has_read(self, row: int) -> bool:
        """Tell whether a document has been read."""
        return bool(self._read[row])

    def read(self, row: int) -> bool:
        """Read a document, judge it by the gold, and return whether it is relevant."""
        first, last = self._scan.document_first[row : row + 2].tolist()
        shown = first + int(np.argmax(self._scores[first:last])) if first < last else -1
        self.judged.append(row)
        self._shown.append(shown)
        self._read[row] = True
        if self._refined and len(self.judged) >= self._next_refinement:
            self._next_refinement += max(1, self._next_refinement // _GROWTH)
            self._rank(self._refine())
        return bool(self._gold[row])

    def ranking(self) -> NDArray[np.float32]:
        """Scores that put accepted documents first and rejected ones last, (documents,)."""
        ranked = self.best.copy()
        ranked[self.judged] = np.where(self._gold[self.judged], np.inf, -np.inf)
        return ranked

    def _rank(self, vector: NDArray[np.float32]) -> None:
        self._scores = self._scan.scores(vector)
        self.best = self._scan.best(self._scores)
        self._order = np.argsort(-self.best, kind="stable")
        self._place = 0

    def _refine(self) -> NDArray[np.float32]:
        judged, shown = np.array(self.judged), np.array(self._shown)
        yes = self._gold[judged]
        return refine(
            self._scan,
            self._query,
            accepted=shown[yes & (shown >= 0)],
            rejected=shown[~yes & (shown >= 0)],
            rejected_documents=judged[~yes],
        )
