"""Exact search: the cosine of a query with every mention, and the best mention of each document.

No approximate index: those lose answers without a word, and here every relevant document counts.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numkong
import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import QueryError

MENTION = np.dtype(
    [("start", "<i4"), ("end", "<i4"), ("detection_score", "<f4"), ("sentence", "<i4")]
)
DOCUMENT = np.dtype([("key", "<u8"), ("run", "<i8")])
# Rows scored at a time: bounds the float64 scores that numkong returns.
_BLOCK_ROWS = 262_144


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The mentions of one state of a store, in the store's row order.

    Attributes:
        state: the :attr:`~ner_retriever.index.store.Store.state` they were read from.
        vectors: unit vectors, float16 of shape (mentions, dimensions).
        mentions: records of ``start``, ``end`` (int32, characters), ``detection_score`` (float32)
            and ``sentence`` (int32, of its document, counted from 0), of shape (mentions,).
        document_first: int64 of shape (documents + 1,); the mentions of the document in row ``i``
            are those from ``document_first[i]`` up to ``document_first[i + 1]``.
        documents: records of ``key`` (uint64, :func:`document_key` of the id) and ``run`` (int64,
            the indexing run that wrote it), of shape (documents,).
    """

    state: str
    vectors: NDArray[np.float16]
    mentions: NDArray[np.void]
    document_first: NDArray[np.int64]
    documents: NDArray[np.void]

    @property
    def owners(self) -> NDArray[np.int64]:
        """The row of the document that each mention stands in, int64 of shape (mentions,)."""
        return np.repeat(np.arange(len(self.documents)), np.diff(self.document_first))

    def scores(self, queries: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Cosine between queries and every mention.

        Args:
            queries: shape (dimensions,) or (queries, dimensions); of any length but zero.

        Returns:
            float32 in [-1, 1] of shape (mentions,) or (queries, mentions); within 0.001 of the
            cosine in exact arithmetic.

        Raises:
            QueryError: the shape does not fit, or a query is zero or not finite.
        """
        units = self._unit_rows(queries)
        scores = np.empty((len(units), len(self.vectors)), np.float32)
        for first in range(0, len(self.vectors), _BLOCK_ROWS):
            block = self.vectors[first : first + _BLOCK_ROWS]
            products = np.asarray(numkong.cdist(units, block, metric="dot"))
            np.clip(products, -1.0, 1.0, out=scores[:, first : first + len(block)])
        return scores if queries.ndim == 2 else scores[0]

    def best(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score of each document's best mention.

        Args:
            scores: what :meth:`scores` gave, shape (mentions,) or (queries, mentions).

        Returns:
            shape (documents,) or (queries, documents); minus infinity where a document has no
            mention.
        """
        firsts = self.document_first[:-1]
        occupied = firsts < self.document_first[1:]
        best = np.full((*scores.shape[:-1], len(firsts)), -np.inf, np.float32)
        if occupied.any():
            # reduceat would give an empty document its neighbour's score; between the starts of
            # two occupied documents there are only the mentions of the first.
            best[..., occupied] = np.maximum.reduceat(scores, firsts[occupied], axis=-1)
        return best

    def _unit_rows(self, queries: NDArray[np.floating[Any]]) -> NDArray[np.float16]:
        dimensions = self.vectors.shape[1]
        if queries.ndim not in {1, 2} or queries.shape[-1] != dimensions:
            raise QueryError(
                f"a query vector must have {dimensions} numbers, as the index has, not shape "
                f"{queries.shape}; encode queries with the index's own head"
            )
        rows = np.atleast_2d(queries).astype(np.float64)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise QueryError(
                "a query vector is zero or not finite and has no direction; "
                "check the head's weights"
            )
        return np.ascontiguousarray(rows / lengths, dtype=np.float16)


def document_key(identifier: str) -> int:
    """Return 64 bits that stand for a document's id; two ids may, very rarely, share them."""
    return int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "little")
