"""A view's vectors once more as int8: ``vectors.i8``, and ``int8.json`` with their scale.

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

INT8_FILES = _VECTORS, _SCALE = "vectors.i8", "int8.json"
_BLOCK_ROWS = 65_536


def write_int8(view: Path, vectors: NDArray[np.float16]) -> None:
    """Write vectors as int8, with memory that does not grow with them.

    Raises:
        OSError: the folder cannot be written.
    """
    blocks = [slice(first, first + _BLOCK_ROWS) for first in range(0, len(vectors), _BLOCK_ROWS)]
    greatest = max((float(np.abs(vectors[rows]).max()) for rows in blocks), default=0.0)
    scale = Int8Vectors.scale_of(greatest)
    (view / _SCALE).unlink(missing_ok=True)
    # Under another name first, because another process may have the old file mapped.
    partial = view / f"{_VECTORS}.partial"
    with partial.open("wb") as file:
        for rows in blocks:
            file.write(Int8Vectors.quantise(vectors[rows], scale).tobytes())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(view / _VECTORS)
    write_whole(view / _SCALE, json.dumps({"scale": scale}))


def read_int8(view: Path, shape: tuple[int, int]) -> Int8Vectors:
    """Map what :func:`write_int8` wrote.

    Raises:
        OSError: it is not there.
        ValueError, KeyError, TypeError: it is not whole.
    """
    scale = json.loads((view / _SCALE).read_text(encoding="utf-8"))["scale"]
    if not (isinstance(scale, float) and math.isfinite(scale) and scale > 0):
        raise ValueError(f"{view / _SCALE} holds no scale")
    return Int8Vectors(map_array(view / _VECTORS, np.dtype(np.int8), shape), scale)
