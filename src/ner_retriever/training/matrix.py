"""A matrix on disk that is filled chunk by chunk, and goes on where it stopped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def fill_matrix(
    file: Path,
    dtype: DTypeLike,
    shape: tuple[int, int],
    write: Callable[[NDArray[Any], range], None],
    *,
    items: int,
    chunk: int,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[Any]:
    """Fill a matrix, or what is missing of it; ``done.json`` beside it counts the items done.

    Args:
        write: puts the rows of some items into the matrix, which it is given.
        items: that the matrix is made of.
        chunk: items written at a time; what is cut off half way is written again.
        progress: called with (items done, items in all).

    Returns:
        The whole matrix, memory-mapped, to be read.
    """
    counter = file.with_name("done.json")
    done = json.loads(counter.read_text()) if counter.exists() else 0
    rows = np.memmap(file, dtype, "r+" if done else "w+", shape=shape)
    while done < items:
        part = range(done, min(done + chunk, items))
        write(rows, part)
        rows.flush()
        done = part.stop
        partial = counter.with_suffix(".partial")
        partial.write_text(json.dumps(done))
        partial.replace(counter)
        if progress:
            progress(done, items)
    return np.memmap(file, dtype, "r", shape=shape)
