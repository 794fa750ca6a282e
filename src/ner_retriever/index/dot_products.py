"""Dot products of queries with stored vectors, in float16 or in int8, by numkong's kernels."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numkong
import numpy as np
from numpy.typing import NDArray

_LEVELS = 127
# A query's remainder after rounding is at most half a level, and is rounded once more.
_FINER = 2 * _LEVELS
# From here on it is quicker to pack the queries and multiply matrices than to go through them.
_PACKED_QUERIES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Int8Vectors:
    """Vectors in half the bytes of float16.

    Attributes:
        numbers: int8 of shape (n, dimensions).
        scales: float32 of shape (n,); a number times its vector's scale is the vector's.
    """

    numbers: NDArray[np.int8]
    scales: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def nbytes(self) -> int:
        """The bytes of all numbers and scales."""
        return self.numbers.nbytes + self.scales.nbytes

    def __getitem__(self, rows: slice | NDArray[np.integer[Any]]) -> "Int8Vectors":
        return Int8Vectors(self.numbers[rows], self.scales[rows])


Vectors = NDArray[np.float16] | Int8Vectors


def quantised(vectors: NDArray[Any]) -> Int8Vectors:
    """Round vectors to whole multiples of a scale each, so that the greatest number is 127.

    Args:
        vectors: (n, dimensions).
    """
    wide = vectors.astype(np.float32)
    greatest = np.abs(wide).max(axis=1, initial=0.0)
    scales = np.asarray(np.where(greatest > 0, greatest, 1.0) / _LEVELS, np.float32)
    return Int8Vectors(np.rint(wide / scales[:, None]).astype(np.int8), scales)


def plain(vectors: Vectors) -> NDArray[np.float32]:
    """What stored vectors stand for, (n, dimensions)."""
    if isinstance(vectors, Int8Vectors):
        return vectors.numbers.astype(np.float32) * vectors.scales[:, None]
    return np.asarray(vectors, np.float32)


def joined(parts: list[Vectors]) -> Vectors:
    """Several arrays of vectors as one; at least one, all of one kind."""
    small = [part for part in parts if isinstance(part, Int8Vectors)]
    if small:
        numbers = np.concatenate([part.numbers for part in small])
        return Int8Vectors(numbers, np.concatenate([part.scales for part in small]))
    return np.concatenate([part for part in parts if not isinstance(part, Int8Vectors)])


class Queries:
    """Queries, ready to be multiplied with one block of vectors after the other.

    Products with int8 are those of the vectors as they are stored: a query is rounded twice, the
    second time what the first left, so that less than a thousandth of a level is lost.

    Args:
        queries: float64 of shape (queries, dimensions).
    """

    def __init__(self, queries: NDArray[np.float64]) -> None:
        self._queries = queries

    def dot(self, vectors: Vectors) -> NDArray[Any]:
        """Return (queries, n) products of float32 or float64."""
        if isinstance(vectors, Int8Vectors):
            packed, factors = self._rounded
            products = np.asarray(numkong.dots_packed(vectors.numbers, packed)).T
            count = len(self._queries)
            exact = products[:count] * factors + products[count:] * (factors / _FINER)
            return np.asarray(exact * vectors.scales)
        if self._packed is None:
            return np.asarray(numkong.cdist(self._halves, vectors, metric="dot"))
        return np.asarray(numkong.dots_packed(vectors, self._packed)).T

    @cached_property
    def _halves(self) -> NDArray[np.float16]:
        return np.ascontiguousarray(self._queries, dtype=np.float16)

    @cached_property
    def _packed(self) -> Any:
        return numkong.dots_pack(self._halves) if len(self._queries) >= _PACKED_QUERIES else None

    @cached_property
    def _rounded(self) -> tuple[Any, NDArray[np.float32]]:
        greatest = np.abs(self._queries).max(axis=1, keepdims=True)
        scales = np.where(greatest > 0, greatest, 1.0) / _LEVELS
        levels = self._queries / scales
        coarse = np.rint(levels)
        fine = np.rint((levels - coarse) * _FINER)
        rows = np.concatenate([coarse, fine]).astype(np.int8)
        return numkong.dots_pack(rows), scales.astype(np.float32)
