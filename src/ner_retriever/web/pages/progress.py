"""How far a review has come: found, read, what may be left, and the curve of yes-es."""

from dataclasses import dataclass

import numpy as np

from ner_retriever.documents import Hit
from ner_retriever.search.stopping import Coverage
from ner_retriever.web.pages.asked import Asked
from ner_retriever.web.service import Service

WIDTH, HEIGHT = 300.0, 60.0
# More could not be told apart in the drawing.
_MOST_POINTS = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A review's progress, measured for drawing.

    Attributes:
        coverage: found, read, left.
        drawn: the document that the random check draws next, if one goes on.
        curve: yes-es over documents read, the points of an SVG polyline.
    """

    coverage: Coverage
    drawn: Hit | None
    curve: str


def progress_of(service: Service, asked: Asked) -> Progress | None:
    """Return the progress of what is asked; ``None`` where nothing has been kept yet."""
    if asked.saved is None:
        return None
    coverage, drawn = service.coverage(asked.saved, duplicates=asked.duplicates)
    verdicts = [judgement.relevant for judgement in asked.feedback.current.values()]
    return Progress(coverage=coverage, drawn=drawn, curve=curve(verdicts))


def curve(verdicts: list[bool]) -> str:
    """Return the points of a polyline: right for each document read, up for each yes."""
    found = np.concatenate([[0], np.cumsum(verdicts)])
    shown = np.unique(np.linspace(0, len(verdicts), _MOST_POINTS).round().astype(int))
    x = shown * (WIDTH / max(len(verdicts), 1))
    y = HEIGHT - found[shown] * (HEIGHT / max(int(found[-1]), 1))
    return " ".join(f"{across:.1f},{down:.1f}" for across, down in zip(x, y, strict=True))
