"""Dot products of queries with mentions' vectors, in float16 or in int8, by numkong's kernels."""

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
        numbers: int8 of shape (mentions, dimensions).
        scale: a number times this is the vector's.
    """

    numbers: NDArray[np.int8]
    scale: float

    @classmethod
    def scale_of(cls, greatest: float) -> float:
        """The scale for vectors whose numbers go up to ``greatest``."""
        return greatest / _LEVELS if greatest > 0 else 1.0

    @staticmethod
    def quantise(vectors: NDArray[Any], scale: float | NDArray[Any]) -> NDArray[np.int8]:
        """Round vectors to whole multiples of a scale."""
        return np.rint(vectors.astype(np.float32) / scale).astype(np.int8)


class DotProducts:
    """Queries, ready to be multiplied with one block of vectors after the other.

    Args:
        queries: unit vectors, float64 of shape (queries, dimensions).
        scale: of the vectors that they will meet, if those are int8; ``None`` for float16.
    """

    def __init__(self, queries: NDArray[np.float64], *, scale: float | None) -> None:
        self._factors: NDArray[np.float64] | None = None
        if scale is None:
            self._rows: NDArray[Any] = np.ascontiguousarray(queries, dtype=np.float16)
            self._packed = (
                numkong.dots_pack(self._rows) if len(queries) >= _PACKED_QUERIES else None
            )
        else:
            own = np.abs(queries).max(axis=1, keepdims=True) / _LEVELS
            self._packed = numkong.dots_pack(Int8Vectors.quantise(queries, own))
            self._factors = own * scale

    def __call__(self, vectors: NDArray[Any]) -> NDArray[Any]:
        """Return (queries, vectors) products of float32 or float64."""
        if self._packed is None:
            return np.asarray(numkong.cdist(self._rows, vectors, metric="dot"))
        products = np.asarray(numkong.dots_packed(vectors, self._packed)).T
        return products if self._factors is None else products * self._factors
