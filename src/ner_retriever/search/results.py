"""The answer to a query: documents best first, read from the store as they are asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Hit, Mention, page_of
from ner_retriever.errors import QueryError
from ner_retriever.index.field_table import FieldTable
from ner_retriever.index.records import StoredDocument
from ner_retriever.index.scan import Scan
from ner_retriever.index.store import Store
from ner_retriever.search.cutoff import Trust
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.mention_locations import locate

_READ_ROWS = 256
# A name is shown before an ordinary noun that scores higher by no more than this.
_NEAR_THE_BEST = 0.05


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Results(Sequence[Hit]):
    """Distinct documents, best first.

    Texts are read while iterating, a few hundred at a time, from the version that was searched;
    ``len`` is the number of documents returned. A slice is again a ``Results``.

    Attributes:
        query: what was asked.
        documents: how many documents were searched.
        mentions: how many mentions counted.
        matching: how many documents have a mention at or above the least score asked for, or any
            mention where no least score was given; ``len`` is smaller if a limit cut them off.
        threshold: mentions of a returned document at or above this cosine are listed.
        rows: positions of the returned documents in the store, int64.
        vector: what documents were ranked by, (dimensions,).
        folded: how many documents that answer too are left out since they are equal, or nearly so,
            to the one in a row.
        lowered: of every mention, float32 of shape (mentions,): its cosine, lowered where it does
            not fulfil the query's conditions; ``None`` for a query without conditions.
        document_scores: of every document, float32 of shape (documents,): its best mention's;
            minus infinity where it has none that counts.
        trust: what the scores tell about relevance.
        scan: what was searched.
        store: the store at the version that was searched.
        fields: gives the fields of all documents, in the store's order.
    """

    query: str
    documents: int
    mentions: int
    matching: int
    threshold: float
    rows: NDArray[np.int64]
    folded: Mapping[int, int]
    vector: NDArray[np.floating[Any]]
    lowered: NDArray[np.float32] | None
    document_scores: NDArray[np.float32]
    trust: Trust
    scan: Scan
    store: Store
    fields: Callable[[], FieldTable]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Hit]:
        for first in range(0, len(self.rows), _READ_ROWS):
            rows = self.rows[first : first + _READ_ROWS]
            yield from self._hits(rows, self.threshold)

    @overload
    def __getitem__(self, position: int) -> Hit: ...

    @overload
    def __getitem__(self, position: slice) -> "Results": ...

    def __getitem__(self, position: int | slice) -> "Hit | Results":
        if isinstance(position, slice):
            return replace(self, rows=self.rows[position])
        return self._hit(int(self.rows[position]), self.threshold)

    @property
    def best_mentions(self) -> NDArray[np.int64]:
        """The row of each returned document's best mention; the first of equal ones."""
        best = [int(np.argmax(scores)) for scores in self.scores_of(self.rows)]
        return self.scan.firsts[self.rows] + np.array(best, dtype=np.int64)

    def scores_of(self, rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        """The scores of all mentions of some documents.

        Args:
            rows: of the documents, whether they were returned or not.

        Returns:
            An array of shape (mentions of the document,) for each document; minus infinity where a
            mention doesn't count.
        """
        if self.lowered is None:
            return self.scan.scores_of(self.vector, rows)
        firsts, lasts = self.scan.firsts[rows], self.scan.lasts[rows]
        pairs = zip(firsts.tolist(), lasts.tolist(), strict=True)
        return [self.lowered[first:last] for first, last in pairs]

    @property
    def latest(self) -> int:
        """The last indexing run that was searched; 0 where there is no document."""
        return int(self.scan.documents["run"].max(initial=0))

    def since(self, run: int) -> "Results":
        """Only the documents that were added or changed after an indexing run."""
        return replace(self, rows=self.rows[self.scan.documents["run"][self.rows] > run])

    def open(self, identifier: str) -> Hit:
        """Return any document that was searched, with all its mentions.

        Its score is -1 where it has none.

        Raises:
            QueryError: there is no such document.
        """
        rows = locate(self.scan, self.store, [identifier])
        if identifier not in rows:
            raise QueryError(f"no document {identifier!r} in the index")
        return self._hit(rows[identifier], -1.0)

    def least_sure(self, feedback: Feedback) -> Hit | None:
        """Return the document whose relevance is least sure, of those not judged.

        ``None`` where every document that holds a mention is judged.
        """
        doubt = np.abs(self.trust.probability(self.document_scores) - 0.5)
        doubt[np.isneginf(self.document_scores)] = np.inf
        doubt[list(locate(self.scan, self.store, feedback.current).values())] = np.inf
        if not np.isfinite(doubt).any():
            return None
        row = int(np.argmin(doubt))
        best = float(self.document_scores[row])
        return self._hit(row, min(best, self.threshold))

    def _hit(self, row: int, threshold: float) -> Hit:
        return next(self._hits(np.array([row]), threshold))

    def _hits(self, rows: NDArray[np.int64], threshold: float) -> Iterator[Hit]:
        documents = self.store.read(rows.tolist())
        of_rows = zip(rows.tolist(), documents, self.scores_of(rows), strict=True)
        for row, document, scores in of_rows:
            found = self.scan.mentions_of(row)
            # The best mention is why a document is there, whatever a kernel rounds its score to.
            best = float(scores.max(initial=-np.inf))
            least = min(threshold, best) if np.isfinite(best) else threshold
            yield _hit(document, found, scores, least, self.folded.get(row, 0))


def _hit(
    document: StoredDocument,
    found: NDArray[np.void],
    scores: NDArray[np.float32],
    threshold: float,
    duplicates: int,
) -> Hit:
    """A document with those of its mentions that score at least so high, the one to show first."""
    listed = np.flatnonzero(scores >= threshold)
    order = listed[np.lexsort((found["start"][listed], -scores[listed]))]
    mentions = [
        Mention(
            start,
            end,
            document.text[start:end],
            score,
            detection_score,
            name_score,
            page_of(document.pages, start),
        )
        for start, end, score, detection_score, name_score in zip(
            found["start"][order].tolist(),
            found["end"][order].tolist(),
            scores[order].tolist(),
            found["detection_score"][order].tolist(),
            found["name_score"][order].tolist(),
            strict=True,
        )
    ]
    score = mentions[0].score if mentions else -1.0
    # A name says more of a document than the noun that a type is called by.
    shown = next(
        (
            mention
            for mention in mentions
            if mention.is_name and mention.score >= score - _NEAR_THE_BEST
        ),
        None,
    )
    if shown is not None:
        mentions.remove(shown)
        mentions.insert(0, shown)
    return Hit(document.id, score, document.text, tuple(mentions), document.fields, duplicates)
