"""Exact search: the cosine of a query with every mention, and the best mention of each document.

No approximate index: those lose answers without a word, and here every relevant document counts.
Scores are exact over what is stored.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import QueryError
from ner_retriever.index.dot_products import Queries
from ner_retriever.index.mentions import Mentions
from ner_retriever.index.parts import Part
from ner_retriever.index.threads import threads_for

# Rows scored at a time, some MiB of them: products are reduced while they are in the cache.
_BLOCK_ROWS = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Scan(Mentions):
    """Mentions that can be scored."""

    def scores(self, queries: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Cosine between queries and every mention.

        Args:
            queries: shape (dimensions,) or (queries, dimensions); of any length but zero.

        Returns:
            float32 in [-1, 1] of shape (mentions,) or (queries, mentions), minus infinity for
            mentions that don't count; within 0.001 of the cosine of what is stored in exact
            arithmetic.

        Raises:
            QueryError: the shape does not fit, or a query is zero or not finite.
        """
        own, around = self._prepared(queries)
        scores = np.empty((len(np.atleast_2d(queries)), self.mention_count), np.float32)
        start = 0
        for part in self.parts:
            count = len(part.mentions)
            for first in range(0, count, _BLOCK_ROWS):
                rows = slice(first, min(first + _BLOCK_ROWS, count))
                out = scores[:, start + rows.start : start + rows.stop]
                np.clip(part.products(own, around, rows), -1.0, 1.0, out=out)
            start += count
        if self.counted is not None:
            scores[:, ~self.counted] = -np.inf
        return scores if queries.ndim == 2 else scores[0]

    def scores_of(
        self, query: NDArray[np.floating[Any]], documents: NDArray[np.int64]
    ) -> list[NDArray[np.float32]]:
        """The same scores, of a few documents' mentions alone.

        Args:
            query: shape (dimensions,).
            documents: their rows.

        Returns:
            An array of shape (mentions of the document,) for each document.

        Raises:
            QueryError: as :meth:`scores`.
        """
        rows, ends = self.mention_rows(documents)
        scores = self.of_mentions(rows).scores(query)
        return np.split(scores, ends[:-1]) if len(documents) else []

    def best(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score of each document's best mention.

        Args:
            scores: what :meth:`scores` gave, shape (mentions,) or (queries, mentions).

        Returns:
            shape (documents,) or (queries, documents); minus infinity where a document has no
            mention that counts.
        """
        sizes = self.sizes()
        first = np.concatenate([[0], np.cumsum(sizes)])
        best = np.full((*scores.shape[:-1], len(sizes)), -np.inf, np.float32)
        _keep_best(scores, first, best)
        return best[..., self.places]

    def best_scores(self, queries: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Score of each document's best mention, in one pass that keeps no mention's score.

        Equals ``best(scores(queries))``. All queries share the pass; large scans are read by as
        many threads as the process may use processors.

        Args:
            queries: as :meth:`scores` takes them.

        Returns:
            As :meth:`best`.

        Raises:
            QueryError: as :meth:`scores`.
        """
        own, around = self._prepared(queries)
        count = sum(part.documents for part in self.parts)
        best = np.full((len(np.atleast_2d(queries)), count), -np.inf, np.float32)

        def score(block: tuple[Part, slice, int, int]) -> None:
            part, some, documents, mentions = block
            first = part.document_first[some.start : some.stop + 1]
            rows = slice(int(first[0]), int(first[-1]))
            if rows.start == rows.stop:
                return
            scores = part.products(own, around, rows)
            if self.counted is not None:
                of_rows = self.counted[mentions + rows.start : mentions + rows.stop]
                scores[:, ~of_rows] = -np.inf
            places = slice(documents + some.start, documents + some.stop)
            _keep_best(scores, first - first[0], best[:, places])

        threads = threads_for(self.mention_count)
        if threads < 2:
            for block in self._blocks():
                score(block)
        else:
            with ThreadPoolExecutor(threads) as pool:
                # Consumed, so that an error is raised here.
                list(pool.map(score, self._blocks()))
        if len(self.places) < count:
            best = best[:, self.places]
        np.clip(best, -1.0, 1.0, out=best, where=np.isfinite(best))
        return best if queries.ndim == 2 else best[0]

    def _blocks(self) -> Iterator[tuple[Part, slice, int, int]]:
        """Documents with about a block of mentions together, at least a document.

        With the part that holds them, and how many documents and mentions the parts before hold.
        """
        documents = mentions = 0
        for part in self.parts:
            first = 0
            while first < part.documents:
                end = int(part.document_first[first]) + _BLOCK_ROWS
                last = int(np.searchsorted(part.document_first, end, side="right")) - 1
                last = min(max(last, first + 1), part.documents)
                yield part, slice(first, last), documents, mentions
                first = last
            documents += part.documents
            mentions += len(part.mentions)

    def _prepared(self, queries: NDArray[np.floating[Any]]) -> tuple[Queries, Queries]:
        """Queries of length 1, those for a mention and those for its sentence."""
        if queries.ndim not in {1, 2} or queries.shape[-1] != self.dimensions:
            raise QueryError(
                f"a query vector must have {self.dimensions} numbers, as the index has, not shape "
                f"{queries.shape}; encode queries with the index's own head"
            )
        rows = np.atleast_2d(queries).astype(np.float64)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise QueryError(
                "a query vector is zero or not finite and has no direction; "
                "check the head's weights"
            )
        units = rows / lengths
        own = self.lengths[0]
        return Queries(units[:, :own]), Queries(units[:, own:])


def _keep_best(scores: NDArray[Any], first: NDArray[np.int64], best: NDArray[np.float32]) -> None:
    """Put the best of each document's scores into ``best``; of a document without, leave it."""
    occupied = first[:-1] < first[1:]
    if occupied.any():
        # reduceat would give an empty document its neighbour's score; between the starts of
        # two occupied documents there are only the mentions of the first.
        best[..., occupied] = np.maximum.reduceat(scores, first[:-1][occupied], axis=-1)


def document_key(identifier: str) -> int:
    """Return 64 bits that stand for a document's id; two ids may, very rarely, share them."""
    return int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "little")
