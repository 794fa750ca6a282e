"""Arrays in files of their own, raw and little-endian."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def map_array(file: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Map a file into memory as an array.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not as long as the array.
    """
    expected = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    if file.stat().st_size != expected:
        raise ValueError(f"{file} is not {expected} bytes long")
    if not expected:
        # An empty file cannot be mapped.
        return np.empty(shape, dtype)
    # A plain array of the same memory: numpy's own class for maps takes ten times as long to slice.
    return np.asarray(np.memmap(file, dtype, mode="r", shape=shape))
