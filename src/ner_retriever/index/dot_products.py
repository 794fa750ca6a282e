"""Dot products of queries with stored vectors, in float16 or in int8, by numkong's kernels."""

from dataclasses import dataclass
from typing import Any

import numkong
import numpy as np
from numpy.typing import NDArray

_LEVELS = 127
# From here on it is quicker to pack the queries and multiply matrices than to go through them.
_PACKED_QUERIES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Int8Vectors:
    """Vectors in half the bytes of float16, with one scale for all.

    Attributes:
        numbers: int8 of shape (n, dimensions).
        scale: a number times this is the vector's.
    """

    numbers: NDArray[np.int8]
    scale: float

    def __getitem__(self, rows: NDArray[np.integer[Any]]) -> "Int8Vectors":
        return Int8Vectors(self.numbers[rows], self.scale)

    @classmethod
    def scale_of(cls, greatest: float) -> float:
        """The scale for vectors whose numbers go up to ``greatest``."""
        return greatest / _LEVELS if greatest > 0 else 1.0

    @staticmethod
    def quantise(vectors: NDArray[Any], scale: float | NDArray[Any]) -> NDArray[np.int8]:
        """Round vectors to whole multiples of a scale."""
        return np.rint(vectors.astype(np.float32) / scale).astype(np.int8)


class DotProducts:
    """Queries, ready to be multiplied with one block of some vectors after the other.

    Args:
        queries: float64 of shape (queries, dimensions).
        vectors: (n, dimensions), float16 or int8.
    """

    def __init__(
        self, queries: NDArray[np.float64], vectors: NDArray[np.float16] | Int8Vectors
    ) -> None:
        self._factors: NDArray[np.float64] | None = None
        if not isinstance(vectors, Int8Vectors):
            self._vectors: NDArray[Any] = vectors
            self._rows: NDArray[Any] = np.ascontiguousarray(queries, dtype=np.float16)
            self._packed = (
                numkong.dots_pack(self._rows) if len(queries) >= _PACKED_QUERIES else None
            )
        else:
            self._vectors = vectors.numbers
            greatest = np.abs(queries).max(axis=1, keepdims=True)
            own = np.where(greatest > 0, greatest, 1.0) / _LEVELS
            self._packed = numkong.dots_pack(Int8Vectors.quantise(queries, own))
            self._factors = own * vectors.scale

    def of(self, rows: slice) -> NDArray[Any]:
        """Return (queries, rows) products of float32 or float64."""
        vectors = self._vectors[rows]
        if self._packed is None:
            return np.asarray(numkong.cdist(self._rows, vectors, metric="dot"))
        products = np.asarray(numkong.dots_packed(vectors, self._packed)).T
        return products if self._factors is None else products * self._factors
