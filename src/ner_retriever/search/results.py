"""The answer to a query: documents best first, read from the store as they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Hit, Mention
from ner_retriever.index.records import StoredDocument
from ner_retriever.index.scan import Scan
from ner_retriever.index.store import Store

_READ_ROWS = 256


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Results(Sequence[Hit]):
    """Distinct documents, best first.

    Texts are read while iterating, a few hundred at a time, from the version that was searched;
    ``len`` is the number of documents returned. A slice is again a ``Results``.

    Attributes:
        query: what was asked.
        documents: how many documents were searched.
        mentions: how many mentions were scored.
        matching: how many documents have a mention at or above the least score asked for, or any
            mention where no least score was given; ``len`` is smaller if a limit cut them off.
        threshold: mentions of a returned document at or above this cosine are listed.
        rows: positions of the returned documents in the store, int64.
        mention_scores: cosine of every mention scored, float32 of shape (mentions,).
        scan: what was searched.
        store: the store at the version that was searched.
    """

    query: str
    documents: int
    mentions: int
    matching: int
    threshold: float
    rows: NDArray[np.int64]
    mention_scores: NDArray[np.float32]
    scan: Scan
    store: Store

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Hit]:
        for first in range(0, len(self.rows), _READ_ROWS):
            rows = self.rows[first : first + _READ_ROWS].tolist()
            for row, document in zip(rows, self.store.read(rows), strict=True):
                yield self._hit(row, document)

    @overload
    def __getitem__(self, position: int) -> Hit: ...

    @overload
    def __getitem__(self, position: slice) -> "Results": ...

    def __getitem__(self, position: int | slice) -> "Hit | Results":
        if isinstance(position, slice):
            return replace(self, rows=self.rows[position])
        row = int(self.rows[position])
        return self._hit(row, self.store.read([row])[0])

    def _hit(self, row: int, document: StoredDocument) -> Hit:
        first, last = self.scan.document_first[row : row + 2].tolist()
        scores = self.mention_scores[first:last]
        found = self.scan.mentions[first:last]
        listed = np.flatnonzero(scores >= self.threshold)
        order = listed[np.lexsort((found["start"][listed], -scores[listed]))]
        mentions = tuple(
            Mention(start, end, document.text[start:end], score)
            for start, end, score in zip(
                found["start"][order].tolist(),
                found["end"][order].tolist(),
                scores[order].tolist(),
                strict=True,
            )
        )
        return Hit(document.id, mentions[0].score, document.text, mentions)
