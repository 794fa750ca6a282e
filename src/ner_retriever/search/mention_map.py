"""An answer's mentions in the plane: the first two principal components of their vectors."""

from dataclasses import dataclass

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
    """Place the best mention of each returned document.

    The same answer always gives the same map.

    Args:
        limit: most documents to place, from the top.
    """
    raise NotImplementedError
