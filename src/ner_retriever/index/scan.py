"""Exact search: the cosine of a query with every mention, and the best mention of each document.

No approximate index: those lose answers without a word, and here every relevant document counts.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import LEAST_NAME_SCORE
from ner_retriever.errors import QueryError
from ner_retriever.index.contexts import Contexts, JoinedProducts
from ner_retriever.index.dot_products import DotProducts, Int8Vectors
from ner_retriever.index.threads import threads_for

MENTION = np.dtype(
    [
        ("start", "<i4"),
        ("end", "<i4"),
        ("detection_score", "<f4"),
        ("name_score", "<f4"),
        ("sentence", "<i4"),
    ]
)
DOCUMENT = np.dtype([("key", "<u8"), ("run", "<i8"), ("group", "<i8")])
# Rows scored at a time, 8 MiB of them: products are reduced while they are in the cache, and the
# float64 that numkong returns stay few.
_BLOCK_ROWS = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The mentions of one state of a store, in the store's row order.

    Attributes:
        state: the :attr:`~ner_retriever.index.store.Store.state` they were read from.
        vectors: float16 of shape (mentions, dimensions); unit vectors, with their sentences' if
            they have any.
        mentions: records of ``start``, ``end`` (int32, characters), ``detection_score``,
            ``name_score`` (float32) and ``sentence`` (int32, counted through all documents), of
            shape (mentions,).
        document_first: int64 of shape (documents + 1,); the mentions of the document in row ``i``
            are those from ``document_first[i]`` up to ``document_first[i + 1]``.
        documents: records of ``key`` (uint64, :func:`document_key` of the id), ``run`` (int64,
            the indexing run that wrote it) and ``group`` (int64, the row of the first document
            that is equal or nearly so), of shape (documents,).
        contexts: the vectors of the mentions' sentences; ``None`` where they have none.
        int8: the vectors in fewer bytes, which are scanned in their place if they are given;
            cosines are then within 0.02.
        counted: which mentions count, of shape (mentions,); ``None`` where all do. Others score
            minus infinity.
    """

    state: str
    vectors: NDArray[np.float16]
    mentions: NDArray[np.void]
    document_first: NDArray[np.int64]
    documents: NDArray[np.void]
    contexts: Contexts | None = None
    int8: Int8Vectors | None = None
    counted: NDArray[np.bool_] | None = None

    def detected(self, least: float) -> Self:
        """The same mentions, of which only those count that a detector was so sure of.

        Args:
            least: detection score in [0, 1].
        """
        return self._where(self.mentions["detection_score"] >= np.float32(least))

    def names(self) -> Self:
        """The same mentions, of which only names count."""
        return self._where(self.mentions["name_score"] >= np.float32(LEAST_NAME_SCORE))

    def of_documents(self, kept: NDArray[np.bool_]) -> Self:
        """The same mentions, of which only those of some documents count.

        Args:
            kept: of shape (documents,).
        """
        return self._where(np.repeat(kept, np.diff(self.document_first)))

    def _where(self, condition: NDArray[np.bool_]) -> Self:
        counted = condition if self.counted is None else self.counted & condition
        return replace(self, counted=counted)

    @property
    def mentions_counted(self) -> int:
        """How many mentions count."""
        return len(self.mentions) if self.counted is None else int(np.count_nonzero(self.counted))

    @property
    def owners(self) -> NDArray[np.int64]:
        """The row of the document that each mention stands in, int64 of shape (mentions,)."""
        return np.repeat(np.arange(len(self.documents)), np.diff(self.document_first))

    @property
    def dimensions(self) -> int:
        """Length of a query's vector: of a mention's own, and of its sentence's behind it."""
        own = int(self.vectors.shape[1])
        return own if self.contexts is None else own + int(self.contexts.vectors.shape[1])

    def joined(self, mentions: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Unit vectors of some mentions, their sentences' behind their own.

        Args:
            mentions: their rows, of shape (n,).

        Returns:
            Of shape (n, dimensions).
        """
        own: NDArray[np.float32] = self.vectors[mentions].astype(np.float32)
        if self.contexts is None:
            return own
        around = self.contexts.vectors[self.mentions["sentence"][mentions]].astype(np.float32)
        return np.concatenate([own, around], axis=1)

    def of_mentions(self, mentions: NDArray[np.integer[Any]]) -> Self:
        """The same scan with some of the mentions alone, as if they were of one document.

        Args:
            mentions: their rows, of shape (n,).
        """
        kept = self.mentions[mentions]
        contexts = self.contexts
        if contexts is not None:
            used, kept["sentence"] = np.unique(kept["sentence"], return_inverse=True)
            contexts = contexts[used]
        return replace(
            self,
            vectors=self.vectors[mentions],
            mentions=kept,
            document_first=np.array([0, len(kept)]),
            documents=self.documents[:1],
            contexts=contexts,
            int8=None if self.int8 is None else self.int8[mentions],
            counted=None if self.counted is None else self.counted[mentions],
        )

    def scores(self, queries: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Cosine between queries and every mention.

        Args:
            queries: shape (dimensions,) or (queries, dimensions); of any length but zero.

        Returns:
            float32 in [-1, 1] of shape (mentions,) or (queries, mentions), minus infinity for
            mentions that don't count; within 0.001 of the cosine in exact arithmetic.

        Raises:
            QueryError: the shape does not fit, or a query is zero or not finite.
        """
        units = self._unit_rows(queries)
        products = self._products(units)
        scores = np.empty((len(units), len(self.vectors)), np.float32)
        for first in range(0, len(self.vectors), _BLOCK_ROWS):
            rows = slice(first, min(first + _BLOCK_ROWS, len(self.vectors)))
            np.clip(products.of(rows), -1.0, 1.0, out=scores[:, rows])
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
        scores = self.of_mentions(self.mentions_of(documents)).scores(query)
        counts = self.document_first[documents + 1] - self.document_first[documents]
        ends = np.cumsum(counts)
        pairs = zip((ends - counts).tolist(), ends.tolist(), strict=True)
        return [scores[first:last] for first, last in pairs]

    def mentions_of(self, documents: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of all mentions of some documents, one document's after the other's."""
        firsts = self.document_first[documents]
        counts = self.document_first[documents + 1] - firsts
        ends = np.cumsum(counts)
        rows = np.repeat(firsts - ends + counts, counts) + np.arange(counts.sum())
        return np.asarray(rows, np.int64)

    def best(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score of each document's best mention.

        Args:
            scores: what :meth:`scores` gave, shape (mentions,) or (queries, mentions).

        Returns:
            shape (documents,) or (queries, documents); minus infinity where a document has no
            mention that counts.
        """
        every = slice(0, len(self.documents))
        best = self._nothing(scores.shape[:-1])
        self._keep_best(scores, every, best)
        return best

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
        units = self._unit_rows(queries)
        products = self._products(units)
        best = self._nothing((len(units),))

        def score(part: slice) -> None:
            rows = slice(*self.document_first[[part.start, part.stop]].tolist())
            if rows.start == rows.stop:
                return
            scores = products.of(rows)
            if self.counted is not None:
                scores[:, ~self.counted[rows]] = -np.inf
            self._keep_best(scores, part, best)

        threads = threads_for(len(self.vectors))
        if threads < 2:
            for part in self._parts():
                score(part)
        else:
            with ThreadPoolExecutor(threads) as pool:
                # Consumed, so that an error is raised here.
                list(pool.map(score, self._parts()))
        np.clip(best, -1.0, 1.0, out=best, where=np.isfinite(best))
        return best if queries.ndim == 2 else best[0]

    def _products(self, units: NDArray[np.float64]) -> DotProducts | JoinedProducts:
        scanned = self.vectors if self.int8 is None else self.int8
        if self.contexts is None:
            return DotProducts(units, scanned)
        return JoinedProducts(units, scanned, self.mentions["sentence"], self.contexts)

    def _nothing(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        return np.full((*shape, len(self.documents)), -np.inf, np.float32)

    def _parts(self) -> Iterator[slice]:
        """Rows of documents that hold about a block of mentions together, at least a document."""
        first = 0
        while first < len(self.documents):
            end = int(self.document_first[first]) + _BLOCK_ROWS
            last = int(np.searchsorted(self.document_first, end, side="right")) - 1
            last = min(max(last, first + 1), len(self.documents))
            yield slice(first, last)
            first = last

    def _keep_best(self, scores: NDArray[Any], part: slice, best: NDArray[np.float32]) -> None:
        """Put the best of each document's scores into ``best``, for some documents in a row."""
        firsts = self.document_first[part.start : part.stop + 1] - self.document_first[part.start]
        occupied = firsts[:-1] < firsts[1:]
        if occupied.any():
            # reduceat would give an empty document its neighbour's score; between the starts of
            # two occupied documents there are only the mentions of the first.
            reduced = np.maximum.reduceat(scores, firsts[:-1][occupied], axis=-1)
            best[..., part][..., occupied] = reduced

    def _unit_rows(self, queries: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
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
        return np.asarray(rows / lengths, np.float64)


def document_key(identifier: str) -> int:
    """Return 64 bits that stand for a document's id; two ids may, very rarely, share them."""
    return int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "little")
