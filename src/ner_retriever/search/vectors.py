"""The vector that is searched with: of a description and of examples, and moved by Rocchio."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def core_vector(
    described: NDArray[np.float32], examples: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the description's vector, the mean of the examples', or half of each.

    Args:
        described: unit vector of the description, if there is one: (1 or 0, dimensions).
        examples: unit vectors, (examples, dimensions); at least one of the two is not empty.

    Returns:
        A unit vector, (dimensions,).
    """
    means = [unit(rows.mean(axis=0)) for rows in (described, examples) if len(rows)]
    return unit(np.sum(means, axis=0))


def rocchio(
    query: NDArray[np.float32], accepted: NDArray[np.float32], rejected: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the query moved towards accepted mentions and away from rejected ones (Rocchio).

    Args:
        query: unit vector, (dimensions,).
        accepted, rejected: unit vectors, (n, dimensions).

    Returns:
        A unit vector, (dimensions,); the query itself where nothing is judged.
    """
    moved = query + accepted.sum(axis=0) / max(len(accepted), 1)
    moved = moved - 0.25 * rejected.sum(axis=0) / max(len(rejected), 1)
    return unit(moved)


def unit(vector: NDArray[Any]) -> NDArray[np.float32]:
    """Return the vector at length 1; zero stays zero."""
    length = np.linalg.norm(vector)
    return np.asarray(vector / length if length > 0 else vector, np.float32)
