"""What a head's vectors are worth when fewer of their numbers, or smaller ones, are kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import ConfigError
from ner_retriever.training.metric import mean_r_precision

_LEVELS = 127


@dataclass(frozen=True, slots=True)
class Size:
    """R-Precision at a size.

    Attributes:
        dimensions: how many of a vector's numbers are kept, from the first.
        kind: what they are kept as: ``float32``, ``float16`` or ``int8``.
        nbytes: bytes a mention.
        r_precision: the mean over the queries.
    """

    dimensions: int
    kind: str
    nbytes: int
    r_precision: float

    def to_record(self) -> dict[str, Any]:
        """Return the size as a mapping that JSON can hold."""
        return asdict(self)


def measure_sizes(
    mentions: NDArray[np.float32],
    queries: NDArray[np.float32],
    *,
    texts: NDArray[np.int64],
    relevant: Sequence[NDArray[np.int64]],
    dimensions: Sequence[int],
) -> list[Size]:
    """Measure R-Precision at each number of dimensions, as float32, float16 and int8.

    The first numbers of a vector are scaled to length 1 again, as nested ("Matryoshka") heads are
    cut (Kusupati et al. 2022). Queries stay float32: they are not stored. An int8 vector has a
    scale of its own, the greatest of its numbers by 127, and no offset.

    Args:
        mentions: (m, width) float32, rows of length 1.
        queries: (q, width) float32, rows of length 1.
        texts, relevant: as `mean_r_precision` takes them.
        dimensions: how many numbers to keep, each from 1 to the width.

    Raises:
        ConfigError: more numbers are to be kept than there are, or none.
        InputError: nothing is relevant for a query.
    """
    width = mentions.shape[1]
    if unfit := [size for size in dimensions if not 0 < size <= width]:
        raise ConfigError(f"vectors of {width} numbers cannot be cut to {unfit[0]}")
    found = []
    for size in dimensions:
        kept, asked = _cut(mentions, size), _cut(queries, size)
        for kind, stored, nbytes in (
            ("float32", kept, 4 * size),
            ("float16", kept.astype(np.float16).astype(np.float32), 2 * size),
            ("int8", _through_int8(kept), size + 4),
        ):
            value = mean_r_precision(stored, asked, texts=texts, relevant=relevant)
            found.append(Size(size, kind, nbytes, value))
    return found


def _cut(vectors: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    kept = vectors[:, :size]
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    unit: NDArray[np.float32] = kept / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit


def _through_int8(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    greatest = np.abs(vectors).max(axis=1, keepdims=True)
    scale = np.maximum(greatest, np.finfo(np.float32).tiny) / _LEVELS
    back: NDArray[np.float32] = np.rint(vectors / scale).astype(np.int8) * scale
    return back
