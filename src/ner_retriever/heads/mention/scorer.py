"""A mention head at work, in numpy; equals :class:`.network.MentionHead`, which is trained.

The words of all windows stand one behind the other, with rows of zeros between windows that keep
the convolutions of one from the words of another. So nothing is computed for padding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ner_retriever.heads.mention.record import (
    BOUNDARY,
    CONVOLUTIONS,
    EDGES,
    KERNEL,
    WEIGHTS_NAME,
    MentionHeadRecord,
    read_mention_record,
)
from ner_retriever.heads.mention.words import SHAPES, Words
from ner_retriever.heads.weights import Shapes, read_weights
from ner_retriever.numerics import gelu, layer_norm

Array = NDArray[np.float32]

_GAP = KERNEL // 2
_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Row:
    """Windows' words in one row, with gaps between windows.

    Attributes:
        places: where each word stands in the row, (words,) int64.
        length: of the row.
        real: 1 where a word stands and 0 in gaps, (length, 1) float32.
        blocks: numbers the blocks of all windows, (length,) int64; gaps have none, which is -1.
    """

    places: NDArray[np.int64]
    length: int
    real: Array
    blocks: NDArray[np.int64]


class MentionScorer:
    """Scores short runs of words.

    Args:
        weights: by their names in a mention head's file.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._weights = weights
        self._longest = len(weights["length"])
        # The words that a convolution sees side by side make one product.
        self._kernels = [
            np.ascontiguousarray(
                weights[f"blocks.{block}.convolution.weight"].transpose(2, 1, 0)
            ).reshape(-1, len(weights[f"blocks.{block}.norm.bias"]))
            for block in range(CONVOLUTIONS)
        ]

    def score(self, states: Array, windows: Sequence[Words]) -> tuple[Array, Array | None]:
        """Score the runs of words of some windows.

        Args:
            states: mean states of the words of all windows, one after the other, (words, width)
                float32, at least one.
            windows: those words, for each window.

        Returns:
            Log-odds, (words, longest): entry (i, n) is of the run of n + 1 words that begins with
            word i; minus infinity where it would end past its window or its block. And the log-odds
            that the run is a name and no ordinary noun, of the same shape; ``None`` from a head
            that doesn't tell.
        """
        row = _in_a_row(windows)
        found = self._states(states, windows, row)
        begins, ends, inside = self._linear("alone", found).T
        first, last = self._linear("first", found), self._linear("last", found)
        sums = self._sums(inside, row)
        tells = "kind.weight" in self._weights
        name_sums = self._sums(self._linear("kind", found)[:, 0], row) if tells else None
        odds = np.full((len(row.places), self._longest), -np.inf, np.float32)
        names = np.zeros_like(odds) if tells else None
        for length in range(self._longest):
            starts = row.places[row.places + length < row.length]
            starts = starts[row.blocks[starts] == row.blocks[starts + length]]
            words = np.searchsorted(row.places, starts)
            closing = starts + length
            pairs = np.einsum("nd,nd->n", first[starts], last[closing]) / BOUNDARY**0.5
            odds[words, length] = (
                pairs
                + begins[starts]
                + ends[closing]
                + (sums[closing + 1] - sums[starts]) / (length + 1)
                + self._weights["length"][length]
            )
            if names is not None and name_sums is not None:
                names[words, length] = (name_sums[closing + 1] - name_sums[starts]) / (length + 1)
        return odds, names

    def _states(self, states: Array, windows: Sequence[Words], row: Row) -> Array:
        """Return the state of each place of the row, (length, hidden)."""
        given = self._weights
        normed = layer_norm(states, given["norm.weight"], given["norm.bias"], _EPSILON)
        shapes = np.concatenate([words.shapes for words in windows])
        inner = self._linear("inner", normed) + given["shape.weight"][shapes]
        if "border.weight" in given:
            inner += given["border.weight"][_edges(row)[row.places]]
        found = np.zeros((row.length, inner.shape[1]), np.float32)
        found[row.places] = inner
        for block, kernel in enumerate(self._kernels):
            name = f"blocks.{block}"
            scaled = layer_norm(
                found, given[f"{name}.norm.weight"], given[f"{name}.norm.bias"], _EPSILON
            )
            around = np.pad(scaled * row.real, ((_GAP, _GAP), (0, 0)))
            seen = sliding_window_view(around, KERNEL, axis=0).transpose(0, 2, 1)
            mixed = seen.reshape(row.length, -1) @ kernel + given[f"{name}.convolution.bias"]
            found += gelu(mixed)
        return found

    def _linear(self, name: str, rows: Array) -> Array:
        product: Array = rows @ self._weights[f"{name}.weight"].T
        return product + self._weights[f"{name}.bias"]

    @staticmethod
    def _sums(numbers: Array, row: Row) -> NDArray[np.float64]:
        """Return sums up to each place, (length + 1,): exact enough for differences of them."""
        return np.concatenate([[0.0], np.cumsum(numbers * row.real[:, 0], dtype=np.float64)])


def load_mention_scorer(folder: Path) -> tuple[MentionScorer, MentionHeadRecord]:
    """Read a mention head, its weights checked against their hash.

    Raises:
        WeightsCorrupted: a file is damaged, or doesn't fit the other.
    """
    record = read_mention_record(folder)
    return MentionScorer(
        read_weights(folder / WEIGHTS_NAME, record.sha256, _shapes(record))
    ), record


def _in_a_row(windows: Sequence[Words]) -> Row:
    counts = np.array([len(words.tokens) for words in windows])
    numbers = np.repeat(np.arange(len(windows)), counts)
    places = np.arange(counts.sum()) + numbers * _GAP
    length = int(places[-1]) + 1
    real = np.zeros((length, 1), np.float32)
    real[places] = 1
    blocks = np.full(length, -1, np.int64)
    # Blocks ascend within a window, so that a window's begin one past the last of the one before.
    own = np.array([words.blocks[-1] + 1 if len(words.blocks) else 0 for words in windows])
    before = np.cumsum(own) - own
    blocks[places] = np.concatenate([words.blocks for words in windows]) + before[numbers]
    return Row(places, length, real, blocks)


def _edges(row: Row) -> NDArray[np.int64]:
    """Tell of each place whether it is the first (1) or last (2) of its block: (length,)."""
    within = row.blocks[:-1] == row.blocks[1:]
    first, last = ~np.pad(within, (1, 0)), ~np.pad(within, (0, 1))
    return np.asarray(first + 2 * last, np.int64)


def _shapes(record: MentionHeadRecord) -> Shapes:
    width, hidden = record.width, record.hidden
    shapes: dict[str, tuple[int, ...]] = {
        "norm.weight": (width,),
        "norm.bias": (width,),
        "inner.weight": (hidden, width),
        "inner.bias": (hidden,),
        "shape.weight": (len(SHAPES), hidden),
        "first.weight": (BOUNDARY, hidden),
        "first.bias": (BOUNDARY,),
        "last.weight": (BOUNDARY, hidden),
        "last.bias": (BOUNDARY,),
        "alone.weight": (3, hidden),
        "alone.bias": (3,),
        "length": (record.longest,),
    }
    for block in range(CONVOLUTIONS):
        shapes[f"blocks.{block}.norm.weight"] = (hidden,)
        shapes[f"blocks.{block}.norm.bias"] = (hidden,)
        shapes[f"blocks.{block}.convolution.weight"] = (hidden, hidden, KERNEL)
        shapes[f"blocks.{block}.convolution.bias"] = (hidden,)
    if record.borders:
        shapes["border.weight"] = (EDGES, hidden)
    if record.kinds:
        shapes |= {"kind.weight": (1, hidden), "kind.bias": (1,)}
    return shapes
