"""A projection head at work, in numpy; equals :class:`.network.ProjectionHead`, which is trained.

The module `network` says what a head does and why.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner_retriever.hashing import check_sha256
from ner_retriever.heads.projection.record import (
    ADAPTER_NAME,
    BANK_WEIGHT,
    LEAST_SCORE,
    TEMPERATURE,
    WEIGHTS_NAME,
    HeadRecord,
    context_folder,
    read_record,
)
from ner_retriever.heads.weights import REMEDY, Shapes, read_weights
from ner_retriever.numerics import silu, unit_rows

Array = NDArray[np.float32]


class Projector:
    """Maps a site's vectors into the type-aware space.

    Args:
        weights: by their names in a head's file.
        detection: weight of the logarithm of a mention's detection score.
    """

    def __init__(self, weights: Mapping[str, Array], *, detection: float = 0.0) -> None:
        self._weights = weights
        self._detection = detection

    @property
    def dimensions(self) -> int:
        """Width of the vectors that the head gives."""
        return len(self._weights["second.bias"])

    def mentions(self, vectors: Array, scores: Array | None = None) -> Array:
        """Project mentions, (n, width) to (n, dimensions), rows of length 1.

        Args:
            scores: the mentions' detection scores, (n,) in [0, 1]; all 1 by default.
        """
        units = self._project(vectors, "mention_mean")
        if "bank" not in self._weights:
            return units
        first = self._weights["bank_mean"] - self._general(units)
        if scores is not None:
            first = first + self._detection * np.log(np.maximum(scores, np.float32(LEAST_SCORE)))
        return _with_first(np.asarray(first / BANK_WEIGHT, np.float32), units)

    def queries(self, vectors: Array) -> Array:
        """Project queries, (n, width) to (n, dimensions), rows of length 1."""
        units = self._project(vectors, "query_mean")
        if "bank" not in self._weights:
            return units
        return _with_first(np.full(len(units), BANK_WEIGHT, np.float32), units)

    def _general(self, units: Array) -> Array:
        """What mentions are to types in general, b: (n, dimensions) to (n,)."""
        bank = self._weights["bank"]
        logits = units @ bank.T / np.float32(TEMPERATURE)
        most = logits.max(axis=1, keepdims=True)
        summed = most[:, 0] + np.log(np.exp(logits - most).sum(axis=1))
        return np.asarray(TEMPERATURE * (summed - math.log(len(bank))), np.float32)

    def _project(self, vectors: Array, mean: str) -> Array:
        given = self._weights
        centred = np.asarray((vectors - given[mean]) * given["scale"], np.float32)
        hidden: Array = centred @ given["first.weight"].T + given["first.bias"]
        projected = silu(hidden) @ given["second.weight"].T + given["second.bias"]
        if "skip.weight" in given:
            projected = projected + centred @ given["skip.weight"].T
        return unit_rows(projected)


def load_projector(folder: Path) -> tuple[Projector, HeadRecord]:
    """Read a head, its weights and its adapter's checked against their hashes.

    Raises:
        WeightsCorrupted: a file is damaged, or doesn't fit the other.
    """
    record = read_record(folder)
    weights = read_weights(folder / WEIGHTS_NAME, record.sha256, _shapes(record))
    if record.adapter:
        check_sha256(folder / ADAPTER_NAME, record.adapter, remedy=REMEDY)
    return Projector(weights, detection=record.detection), record


def load_context_projector(folder: Path, record: HeadRecord) -> Projector | None:
    """Read the context head that was trained with a head; ``None`` where it has none.

    Raises:
        WeightsCorrupted: it is damaged, or another one.
    """
    found = context_folder(folder, record)
    return load_projector(found)[0] if found else None


def _shapes(record: HeadRecord) -> Shapes:
    width, hidden, dimensions = record.width, record.hidden, record.dimensions
    return {
        "mention_mean": (width,),
        "query_mean": (width,),
        "scale": (),
        "first.weight": (hidden, width),
        "first.bias": (hidden,),
        "second.weight": (dimensions, hidden),
        "second.bias": (dimensions,),
        **({"skip.weight": (dimensions, width)} if record.skip else {}),
        **({"bank": (record.bank, dimensions), "bank_mean": ()} if record.bank else {}),
    }


def _with_first(first: Array, units: Array) -> Array:
    return unit_rows(np.concatenate([first[:, None], units[:, :-1]], axis=1))
