"""Many types asked at once: which documents and mentions each has, and which stand together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import QueryError
from ner_retriever.index.records import StoredDocument
from ner_retriever.search.query import Query
from ner_retriever.search.results import Results, listed_mentions

Within = Literal["document", "sentence"]

_DOCUMENTS_AT_ONCE = 4096
_TEXTS_AT_ONCE = 256
# Documents or sentences times types that are counted at a time, as float32: 16 MiB.
_CELLS_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One type of a sheet.

    Attributes:
        query: what was asked.
        results: the documents at or above its cut-off, best first.
        mentions: rows of the mentions at or above the cut-off in these documents, ascending,
            int64 of shape (mentions,).
        scores: theirs, float32 of the same shape.
        owners: the row of the document of each, int64 of the same shape.
    """

    query: Query
    results: Results
    mentions: NDArray[np.int64]
    scores: NDArray[np.float32]
    owners: NDArray[np.int64]

    @classmethod
    def of(cls, query: Query, results: Results) -> "Column":
        """Find the mentions of a type's answer."""
        rows = np.sort(results.rows)
        mentions: list[NDArray[np.int64]] = []
        scores: list[NDArray[np.float32]] = []
        owners: list[NDArray[np.int64]] = []
        for first in range(0, len(rows), _DOCUMENTS_AT_ONCE):
            some = rows[first : first + _DOCUMENTS_AT_ONCE]
            found = results.scores_of(some)
            firsts = results.scan.document_first[some].tolist()
            for row, begin, its_scores in zip(some.tolist(), firsts, found, strict=True):
                kept = listed_mentions(its_scores, results.threshold)
                mentions.append(begin + kept)
                scores.append(its_scores[kept])
                owners.append(np.full(len(kept), row, np.int64))
        none = np.empty(0, np.int64)
        return cls(
            query,
            results,
            np.concatenate([none, *mentions]),
            np.concatenate([none.astype(np.float32), *scores]),
            np.concatenate([none, *owners]),
        )

    def places(self, within: Within) -> NDArray[np.int64]:
        """Return the rows of the documents, or the numbers of the sentences, that it stands in."""
        if within == "document":
            return np.unique(self.owners)
        return np.unique(self.results.scan.mentions["sentence"][self.mentions].astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Types by documents.

    Attributes:
        columns: a type each, all of the same state of an index.
    """

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, queries: Sequence[Query], answers: Sequence[Results]) -> "Sheet":
        """Make a sheet of types and their answers, as ``Retriever.search_many`` gives them.

        Raises:
            QueryError: two types are the same.
        """
        names = [str(query) for query in queries]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise QueryError(f"asked twice: {', '.join(twice)}; name each type once")
        return cls(tuple(map(Column.of, queries, answers)))

    @property
    def types(self) -> tuple[str, ...]:
        """The types in words, one a column."""
        return tuple(str(column.query) for column in self.columns)

    def documents(
        self, *, every: bool = False
    ) -> Iterator[tuple[int, StoredDocument, NDArray[np.int64]]]:
        """Read the documents that hold a mention of any of the types, in the index's order.

        Args:
            every: also those that hold none.

        Yields:
            A document's row, the document, and the rows of its mentions that are of a type,
            ascending, (mentions,).
        """
        if not self.columns:
            return
        results = self.columns[0].results
        mentions = np.unique(np.concatenate([column.mentions for column in self.columns]))
        owners = np.searchsorted(results.scan.document_first, mentions, side="right") - 1
        rows = np.arange(results.documents) if every else np.unique(owners)
        bounds = np.searchsorted(owners, rows), np.searchsorted(owners, rows, side="right")
        for begin in range(0, len(rows), _TEXTS_AT_ONCE):
            part = slice(begin, begin + _TEXTS_AT_ONCE)
            some = rows[part].tolist()
            ends = zip(*(bound[part].tolist() for bound in bounds), strict=True)
            for row, stored, (first, last) in zip(
                some, results.store.read(some), ends, strict=True
            ):
                yield row, stored, mentions[first:last]

    def together(self, within: Within = "document") -> NDArray[np.int64]:
        """Count where two types stand together.

        Args:
            within: in one document, or in one sentence.

        Returns:
            Of shape (types, types), symmetric: how many documents, or sentences, hold mentions of
            both; on the diagonal, of the one.

        Raises:
            QueryError: within something else.
        """
        if within not in get_args(Within):
            raise QueryError(f"within a document or a sentence, not {within!r}")
        places = [column.places(within) for column in self.columns]
        return count_pairs(
            np.concatenate([np.empty(0, np.int64), *places]),
            np.repeat(np.arange(len(places)), [len(its) for its in places]),
            len(places),
        )


def count_pairs(
    places: NDArray[np.int64], kinds: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Count the places in which two kinds occur.

    Args:
        places, kinds: (n,): kind ``kinds[i]`` occurs in the place ``places[i]``.
        count: how many kinds there are.

    Returns:
        (count, count) int64, symmetric; on the diagonal, the places of one kind.
    """
    order = np.argsort(places, kind="stable")
    _, numbers = np.unique(places[order], return_inverse=True)
    kinds = kinds[order]
    total = np.zeros((count, count), np.int64)
    step = max(1, _CELLS_AT_ONCE // max(count, 1))
    for first in range(0, int(numbers.max(initial=-1)) + 1, step):
        begin, end = np.searchsorted(numbers, [first, first + step])
        there = np.zeros((step, count), np.float32)
        there[numbers[begin:end] - first, kinds[begin:end]] = 1
        # Exact, for a block has fewer than 2 ** 24 places.
        total += (there.T @ there).astype(np.int64)
    return total
