"""What networks are made of, in numpy, for vectors made where no model library is installed."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# Of the rational approximation of the error function (Abramowitz and Stegun 1964, 7.1.26), which
# is off by 1.5e-7 at most, as float32 is.
_SLOPE = 0.3275911
_FACTORS = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def gelu(values: Array) -> Array:
    """Return x Φ(x), with Φ the normal distribution's."""
    scaled = np.abs(values) * np.float32(1 / math.sqrt(2))
    inverse = 1 / (1 + np.float32(_SLOPE) * scaled)
    series = np.zeros_like(values)
    for factor in _FACTORS:
        series += np.float32(factor)
        series *= inverse
    # 1 - erf of the absolute value; the distribution is symmetric.
    tail = series * np.exp(-(scaled**2)) * np.float32(0.5)
    return np.asarray(values * np.where(values < 0, tail, 1 - tail), np.float32)


def sigmoid(odds: Array) -> Array:
    """Return probabilities from log-odds, which may be infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


def silu(values: Array) -> Array:
    """Return x times its sigmoid."""
    return values * sigmoid(values)


def softmax(logits: Array) -> Array:
    """Return probabilities over the last axis."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float32)


def layer_norm(rows: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    """Centre rows, scale them to variance 1, then apply weight and bias."""
    centred = rows - rows.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    normed: Array = centred / np.sqrt(variance + np.float32(epsilon))
    return normed * weight + bias


def unit_rows(rows: NDArray[Any]) -> Array:
    """Scale rows to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
