"""Windows: what a backbone reads at once, as a batch, and the pooling of what it gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import Pooling

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Window:
    """What a backbone reads at once.

    Attributes:
        ids: token ids with special tokens and prefix, (tokens,) int64.
        ranges: the tokens [first, last) of each mention, (mentions, 2) int64.
    """

    ids: NDArray[np.int64]
    ranges: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Picked:
    """Which tokens of a batch are pooled, and to what.

    Attributes:
        rows, columns: the window and the place in it of each token, (tokens,) int64.
        sizes: how many tokens each mention has, one mention after the other, (mentions,) int64.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    sizes: NDArray[np.int64]


def padded(windows: list[Window]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a batch as a model takes it: ids, padded on the right, and the mask of what is real.

    What is padding is masked, so it is filled with zeros whatever a model's own padding is.

    Args:
        windows: each with at least one token.

    Returns:
        Two (batch, tokens) int64 arrays.
    """
    lengths = np.array([len(window.ids) for window in windows])
    ids = np.zeros((len(windows), lengths.max()), np.int64)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
    return ids, (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)


def pick(windows: list[Window], pooling: Pooling) -> Picked:
    """Return the tokens of the windows' mentions that count."""
    rows = np.repeat(np.arange(len(windows)), [len(window.ranges) for window in windows])
    ranges = np.concatenate([window.ranges for window in windows])
    first, last = ranges[:, 0], ranges[:, 1]
    ones = np.ones(len(ranges), np.int64)
    if pooling == "first":
        return Picked(rows, first, ones)
    if pooling == "last":
        return Picked(rows, last - 1, ones)
    sizes = last - first
    starts = np.cumsum(sizes) - sizes
    columns = np.arange(sizes.sum()) + np.repeat(first - starts, sizes)
    return Picked(np.repeat(rows, sizes), columns, sizes)


def pool(states: Array, windows: list[Window], pooling: Pooling) -> Array:
    """Pool each mention's tokens, (batch, tokens, hidden) to (mentions, hidden).

    A projection is affine, so pooling before it gives what pooling after it would, for fewer rows.
    """
    picked = pick(windows, pooling)
    tokens = states[picked.rows, picked.columns]
    if len(tokens) == len(picked.sizes):
        return tokens
    sums = np.add.reduceat(tokens, np.cumsum(picked.sizes) - picked.sizes, axis=0)
    return np.asarray(sums / picked.sizes[:, None].astype(np.float32), np.float32)
