"""How vectors stand in the store: as bytes that a scan reads where they are.

A document's vectors are one *blob* of Lance: bytes apart from the other columns of a data file, of
which a reader learns the position. Rows are padded to the 64 bytes that Lance aligns blobs to, so
the rows of one document follow those of the one before without a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ner_retriever.index.dot_products import Int8Vectors, Vectors, quantised

Numbers = Literal["int8", "float16"]
_ALIGNMENT = 64
_BLOB = {"lance-encoding:blob": "true"}


@dataclass(frozen=True, slots=True)
class VectorLayout:
    """The layout of one column of vectors.

    Attributes:
        numbers: what a vector's numbers are kept as.
        dimensions: how many there are.
    """

    numbers: Numbers
    dimensions: int

    @classmethod
    def of(cls, field: pa.Field) -> Self:
        """Read the layout from a column of the store.

        Raises:
            ValueError, KeyError: it holds no vectors.
        """
        metadata = field.metadata or {}
        numbers = metadata[b"numbers"].decode()
        if numbers not in {"int8", "float16"}:
            raise ValueError(f"vectors of {numbers}")
        return cls(numbers, int(metadata[b"dimensions"]))

    def field(self, name: str) -> pa.Field:
        """The column of the store."""
        metadata = _BLOB | {"numbers": self.numbers, "dimensions": str(self.dimensions)}
        return pa.field(name, pa.large_binary(), nullable=False, metadata=metadata)

    @property
    def row_bytes(self) -> int:
        """The bytes that a vector takes."""
        own = self.dimensions * self._dtype.itemsize
        return -(-own // _ALIGNMENT) * _ALIGNMENT

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype("<i1" if self.numbers == "int8" else "<f2")

    def encode(
        self, parts: Sequence[NDArray[np.float16]]
    ) -> tuple[list[bytes], NDArray[np.float32]]:
        """Return the blob of each document, and the scale of each vector (1 in float16).

        Args:
            parts: each document's vectors, (n, dimensions).
        """
        vectors = np.concatenate([part.reshape(-1, self.dimensions) for part in parts])
        padded = np.zeros((len(vectors), self.row_bytes // self._dtype.itemsize), self._dtype)
        scales = np.ones(len(vectors), np.float32)
        if self.numbers == "int8":
            small = quantised(vectors)
            vectors, scales = small.numbers, small.scales
        padded[:, : self.dimensions] = vectors
        ends = np.cumsum([len(part) for part in parts])
        return [rows.tobytes() for rows in np.split(padded, ends[:-1])], scales

    def mapped(
        self, content: NDArray[np.uint8], first: int, count: int, scales: NDArray[np.float32]
    ) -> Vectors:
        """The vectors at a position of a file, without a copy.

        Args:
            content: the file, (bytes,).
            first: position of the first vector.
            count: how many follow one another.
            scales: theirs, (count,).

        Raises:
            ValueError: the file is not long enough.
        """
        size = count * self.row_bytes
        if first < 0 or first + size > len(content) or len(scales) != count:
            raise ValueError("vectors are cut off")
        rows = content[first : first + size].view(self._dtype)
        rows = rows.reshape(count, self.row_bytes // self._dtype.itemsize)
        numbers = rows[:, : self.dimensions]
        return Int8Vectors(numbers, scales) if self.numbers == "int8" else numbers
