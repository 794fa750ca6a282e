"""Where the points of a map and their names are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from ner_retriever.search.feedback import Feedback
from ner_retriever.search.mention_map import Point
from ner_retriever.web.pages.rows import verdict_on

_WIDTH, _HEIGHT, _EDGE = 415.0, 210.0, 436.0
_RADIUS = 5.0
_LETTER, _LINE = 6.2, 13.0
_LONGEST_LABEL = 28
_MOST_LABELS = 40
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dot:
    """A point, in the drawing's units.

    Attributes:
        point: the mention.
        x, y: the place.
        verdict: ``yes``, ``no``, or empty.
        label: its name, where there is room for it.
        middle: the middle of the name.
    """

    point: Point
    x: float
    y: float
    verdict: str
    label: str
    middle: float


def dots_of(points: Sequence[Point], feedback: Feedback) -> list[Dot]:
    """Place points, and names beside the best of them that cover no other name.

    Args:
        points: best first.
        feedback: the judgements to show.
    """
    places = [(round(point.x * _WIDTH, 1), round(-point.y * _HEIGHT, 1)) for point in points]
    taken = [(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS) for x, y in places]
    dots: list[Dot] = []
    labels = 0
    for point, (x, y) in zip(points, places, strict=True):
        half = len(point.text) * _LETTER / 2
        middle = min(max(x, half - _EDGE), _EDGE - half)
        box = (middle - half, y - _LINE - _RADIUS, middle + half, y - _RADIUS)
        fits = len(point.text) <= _LONGEST_LABEL and labels < _MOST_LABELS
        label = point.text if fits and not any(_overlap(box, other) for other in taken) else ""
        if label:
            taken.append(box)
            labels += 1
        verdict = verdict_on(point.id, feedback)
        dots.append(Dot(point=point, x=x, y=y, verdict=verdict, label=label, middle=middle))
    return dots


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
