"""Logistic regression by Newton's method with conjugate gradients, fitted after each judgement.

No matrix of second derivatives is made: products with it are all that a step needs.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

_MOST_STEPS = 25
_MOST_PRODUCTS = 100
_LEAST_RESIDUAL = 1e-5
# The step that is this small is still taken, and squares the error.
_LEAST_DECREMENT = 1e-5


def fit_logistic(
    vectors: NDArray[np.float32], positive: NDArray[np.bool_], *, inverse_penalty: float
) -> NDArray[np.float32]:
    """Return the direction in which positives lie, by L2-penalised logistic regression.

    Minimises ``|w|²/2 + C Σ log(1 + exp(-y (w·x + b)))``, as scikit-learn's ``LogisticRegression``
    does; the intercept ``b`` is not penalised, and is not returned, since it moves no ranking.

    Args:
        vectors: (n, dimensions), with positives and negatives among them.
        positive: (n,).
        inverse_penalty: C; the larger, the closer to the data.

    Returns:
        The weights ``w``, (dimensions,).
    """
    rows = np.column_stack([vectors, np.ones(len(vectors))]).astype(np.float64)
    sign = np.where(positive, 1.0, -1.0)
    penalty = np.ones(rows.shape[1])
    penalty[-1] = 0.0

    def loss(weights: NDArray[np.float64]) -> float:
        misfit = np.logaddexp(0.0, -sign * (rows @ weights)).sum()
        return float(0.5 * penalty @ weights**2 + inverse_penalty * misfit)

    weights = np.zeros(rows.shape[1])
    now = loss(weights)
    for _ in range(_MOST_STEPS):
        probability = 1 / (1 + np.exp(np.clip(-rows @ weights, -500.0, 500.0)))
        gradient = penalty * weights + inverse_penalty * rows.T @ (probability - positive)
        curvature = inverse_penalty * probability * (1 - probability)
        step = _solve(partial(_product, rows, curvature, penalty), gradient)
        decrement = float(gradient @ step)
        size = 1.0
        while (then := loss(weights - size * step)) > now - 0.25 * size * decrement:
            size /= 2
            if size < 1e-4:
                return np.asarray(weights[:-1], np.float32)
        weights, now = weights - size * step, then
        if decrement < _LEAST_DECREMENT * max(now, 1.0):
            break
    return np.asarray(weights[:-1], np.float32)


def _product(
    rows: NDArray[np.float64],
    curvature: NDArray[np.float64],
    penalty: NDArray[np.float64],
    vector: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Product of the loss's second derivatives with a vector."""
    product = penalty * vector + rows.T @ (curvature * (rows @ vector))
    return np.asarray(product, np.float64)


def _solve(
    product: Callable[[NDArray[np.float64]], NDArray[np.float64]], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the vector whose product is the one wanted, by conjugate gradients."""
    solution = np.zeros_like(wanted)
    residual, direction = wanted.copy(), wanted.copy()
    square = first = float(residual @ residual)
    for _ in range(_MOST_PRODUCTS):
        if square <= _LEAST_RESIDUAL**2 * first:
            break
        image = product(direction)
        size = square / float(direction @ image)
        solution += size * direction
        residual -= size * image
        before, square = square, float(residual @ residual)
        direction = residual + square / before * direction
    return solution
