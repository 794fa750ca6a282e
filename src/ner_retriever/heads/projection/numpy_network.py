"""A head in numpy, for queries alone; equals :class:`.network.ProjectionHead`.

Importing torch takes longer than a search.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from ner_retriever.heads.projection.record import BANK_WEIGHT, WEIGHTS_NAME, HeadRecord

Array = NDArray[np.float32]


class NumpyHead:
    """What a head does to queries.

    Args:
        folder: the head's; its files are checked by who asks.
        record: the head's.
    """

    def __init__(self, folder: Path, record: HeadRecord) -> None:
        self._weights = {
            name: tensor.astype(np.float32)
            for name, tensor in load_file(folder / WEIGHTS_NAME).items()
            if name != "bank"
        }
        self._banked = record.bank > 0

    def queries(self, vectors: Array) -> Array:
        """Project queries, (n, width) to (n, dimensions), rows of length 1."""
        given = self._weights
        centred = (vectors - given["query_mean"]) * given["scale"]
        hidden = centred @ given["first.weight"].T + given["first.bias"]
        hidden = hidden / (1 + np.exp(-hidden))
        projected = hidden @ given["second.weight"].T + given["second.bias"]
        if "skip.weight" in given:
            projected = projected + centred @ given["skip.weight"].T
        units = _normalize(projected)
        if not self._banked:
            return units
        first = np.full((len(units), 1), BANK_WEIGHT, np.float32)
        return _normalize(np.concatenate([first, units[:, :-1]], axis=1))


def _normalize(rows: Array) -> Array:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
