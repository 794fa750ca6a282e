"""The answer to a query: documents best first, read from the store as they are asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

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
from ner_retriever.search.frames import arrow_of, frame_of, html_of, record_of
from ner_retriever.search.mention_locations import locate
from ner_retriever.search.stopping import CONFIDENCE, UNKNOWN, Check, Coverage, cover

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_READ_ROWS = 256
_SHOWN_IN_NOTEBOOKS = 20
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
        kept: the documents that a filter kept, of shape (documents,); ``None`` for all.
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
    kept: NDArray[np.bool_] | None
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

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the documents as records of plain values, as ``--format jsonl`` writes them."""
        return [record_of(hit) for hit in self]

    def to_arrow(self) -> "pa.Table":
        """Return a row a document; see :func:`~ner_retriever.search.frames.arrow_of`."""
        return arrow_of(self)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a row a document as a data frame.

        Raises:
            ImportError: pandas is not installed.
        """
        return frame_of(self)

    def _repr_html_(self) -> str:
        caption = f"{self.query}: {len(self):,} of {self.documents:,} documents"
        return html_of(self[:_SHOWN_IN_NOTEBOOKS], caption)

    @property
    def best_mentions(self) -> NDArray[np.int64]:
        """The row of each returned document's best mention; the first of equal ones."""
        best = [int(np.argmax(scores)) for scores in self.scores_of(self.rows)]
        return self.scan.document_first[self.rows] + np.array(best, dtype=np.int64)

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
        firsts, lasts = self.scan.document_first[rows], self.scan.document_first[rows + 1]
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

    def coverage(
        self,
        feedback: Feedback,
        checks: Sequence[Check],
        *,
        fold: bool = True,
        confidence: float = CONFIDENCE,
    ) -> tuple[Coverage, Hit | None]:
        """Tell how much of what is relevant has been found among the documents searched.

        Args:
            feedback: what has been read.
            checks: the random checks of the unread that were begun, oldest first.
            fold: whether one of several documents that are equal, or nearly so, stands for all.
            confidence: with which the bounds hold, in (0, 1).

        Returns:
            The coverage, and the document that the last check draws next, with all its mentions;
            ``None`` without a check, and where it has drawn everything.

        Raises:
            QueryError: the confidence is out of range.
        """
        documents = self.scan.documents
        every = np.arange(len(documents))
        rows = every if self.kept is None else np.flatnonzero(self.kept)
        # Of what a judgement is: a document, or all that are equal to it.
        unit = documents["group"] if fold else every
        units, firsts = np.unique(unit[rows], return_index=True)
        located = locate(self.scan, self.store, feedback.current)
        places = {
            name: int(np.searchsorted(units, unit[row]))
            for name, row in located.items()
            if self.kept is None or self.kept[row]
        }
        judged = [
            (places.get(judgement.id, UNKNOWN), judgement.relevant)
            for judgement in feedback.history
        ]
        representatives = documents[rows[firsts]]
        covered, place = cover(
            judged, representatives["key"], representatives["run"], checks, confidence=confidence
        )
        return covered, None if place is None else self._hit(int(rows[firsts[place]]), -1.0)

    def _hit(self, row: int, threshold: float) -> Hit:
        return next(self._hits(np.array([row]), threshold))

    def _hits(self, rows: NDArray[np.int64], threshold: float) -> Iterator[Hit]:
        documents = self.store.read(rows.tolist())
        firsts = self.scan.document_first[rows].tolist()
        of_rows = zip(rows.tolist(), documents, firsts, self.scores_of(rows), strict=True)
        for row, document, first, scores in of_rows:
            found = self.scan.mentions[first : first + len(scores)]
            listed = listed_mentions(scores, threshold)
            yield _hit(document, found, scores, listed, self.folded.get(row, 0))


def listed_mentions(scores: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
    """Return which mentions of a document an answer lists, as places among them.

    Args:
        scores: of all of its mentions, (mentions,).
        threshold: of the answer.
    """
    # The best mention is why a document is there, whatever a kernel rounds its score to.
    best = float(scores.max(initial=-np.inf))
    least = min(threshold, best) if np.isfinite(best) else threshold
    return np.flatnonzero(scores >= least)


def _hit(
    document: StoredDocument,
    found: NDArray[np.void],
    scores: NDArray[np.float32],
    listed: NDArray[np.int64],
    duplicates: int,
) -> Hit:
    """A document with the mentions that are listed, the one to show first."""
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
