"""Which goes with which, as a sparse matrix of yes and no."""

import numpy as np
from numpy.typing import NDArray


class Relation:
    """A sparse boolean matrix by rows, such as mentions × types.

    Args:
        rows, columns: (pairs,) int64: ``columns[i]`` goes with ``rows[i]``; a pair may be repeated.
        size: number of rows.
    """

    def __init__(self, rows: NDArray[np.int64], columns: NDArray[np.int64], size: int) -> None:
        width = int(columns.max(initial=0)) + 1
        pairs = np.unique(rows * width + columns)
        self._columns = pairs % width
        self._sizes = np.bincount(pairs // width, minlength=size)
        self._starts = np.cumsum(self._sizes) - self._sizes

    def of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What goes with each of some rows.

        Args:
            rows: (n,) int64; a row may be asked for again.

        Returns:
            Positions in ``rows`` and columns, both (found,) int64: ``columns[i]`` goes with
            ``rows[positions[i]]``. Positions ascend, and columns within a position.
        """
        sizes = self._sizes[rows]
        positions = np.repeat(np.arange(len(rows)), sizes)
        inside = np.arange(len(positions)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return positions, self._columns[self._starts[rows][positions] + inside]
