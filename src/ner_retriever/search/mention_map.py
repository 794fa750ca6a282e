"""An answer's mentions in the plane: the first two principal components of their vectors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import QueryError
from ner_retriever.search.results import Results


@dataclass(frozen=True, slots=True)
class Point:
    """A mention and its place on the map.

    Attributes:
        id: the document's id.
        start, end, text, score: the mention's.
        x, y: in [-1, 1].
    """

    id: str
    start: int
    end: int
    text: str
    score: float
    x: float
    y: float


def mention_map(results: Results, *, limit: int = 1000) -> list[Point]:
    """Place the best mention of each returned document, best document first.

    The same answer always gives the same map.

    Args:
        limit: most documents to place, from the top.

    Raises:
        QueryError: a limit below 1.
    """
    if limit < 1:
        raise QueryError(f"a map needs a limit of 1 or more, not {limit}")
    shown = results[:limit]
    rows = shown.best_mentions
    places = principal_components(results.scan.joined(rows))
    starts, ends = results.scan.column("start"), results.scan.column("end")
    points = []
    for hit, row, (x, y) in zip(shown, rows.tolist(), places.tolist(), strict=True):
        start, end = int(starts[row]), int(ends[row])
        points.append(Point(hit.id, start, end, hit.text[start:end], hit.score, x, y))
    return points


def principal_components(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Project vectors on their first two principal components.

    Args:
        vectors: (n, dimensions).

    Returns:
        (n, 2), the larger component first, scaled by one factor into [-1, 1]. Of the two
        directions that a component may have, that in which the farthest point is positive.
    """
    if not len(vectors):
        return np.empty((0, 2), np.float32)
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    places = centred @ directions[:, :-3:-1]
    farthest = places[np.argmax(np.abs(places), axis=0), [0, 1]]
    places *= np.where(farthest < 0, -1.0, 1.0)
    return np.asarray(places / max(float(np.abs(places).max()), 1e-9), np.float32)
