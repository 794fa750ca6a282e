"""A view's vectors once more as int8: ``NAME.i8``, and ``NAME.i8.json`` with their scale.

The scale comes last, so that where it is, the vectors are whole.
"""

import json
import math
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.index.dot_products import Int8Vectors
from ner_retriever.index.files import map_array
from ner_retriever.index.syncing import write_whole

_BLOCK_ROWS = 65_536


def int8_files(name: str) -> tuple[str, str]:
    """Names of the files of the vectors of some name."""
    return f"{name}.i8", f"{name}.i8.json"


def write_int8(view: Path, name: str, vectors: NDArray[np.float16]) -> None:
    """Write vectors as int8, with memory that does not grow with them.

    Raises:
        OSError: the folder cannot be written.
    """
    numbers, scale_file = int8_files(name)
    blocks = [slice(first, first + _BLOCK_ROWS) for first in range(0, len(vectors), _BLOCK_ROWS)]
    greatest = max((float(np.abs(vectors[rows]).max()) for rows in blocks), default=0.0)
    scale = Int8Vectors.scale_of(greatest)
    (view / scale_file).unlink(missing_ok=True)
    # Under another name first, because another process may have the old file mapped.
    partial = view / f"{numbers}.partial"
    with partial.open("wb") as file:
        for rows in blocks:
            file.write(Int8Vectors.quantise(vectors[rows], scale).tobytes())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(view / numbers)
    write_whole(view / scale_file, json.dumps({"scale": scale}))


def read_int8(view: Path, name: str, shape: tuple[int, int]) -> Int8Vectors:
    """Map what :func:`write_int8` wrote.

    Raises:
        OSError: it is not there.
        ValueError, KeyError, TypeError: it is not whole.
    """
    numbers, scale_file = int8_files(name)
    scale = json.loads((view / scale_file).read_text(encoding="utf-8"))["scale"]
    if not (isinstance(scale, float) and math.isfinite(scale) and scale > 0):
        raise ValueError(f"{view / scale_file} holds no scale")
    return Int8Vectors(map_array(view / numbers, np.dtype(np.int8), shape), scale)
