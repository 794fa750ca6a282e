"""The histogram of scores with the cut-off in it, measured for drawing."""

import math
from dataclasses import dataclass

from ner_retriever.search.cutoff import Cutoff
from ner_retriever.web.questions import Answer

WIDTH, HEIGHT = 300.0, 100.0
_BINS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Documents of about one score.

    Attributes:
        x, width, height: in the drawing's units; heights grow with the logarithm.
        above: whether they stand at or above the cut-off.
        title: what a pointer shows.
    """

    x: float
    width: float
    height: float
    above: bool
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A histogram and the cut-off in it.

    Attributes:
        bars: from the lowest score to the highest.
        low, high: the scores at the edges.
        cut: where the cut-off stands, in the drawing's units.
        cutoff: the cut-off and what is known of it.
        automatic: whether it is the automatic one.
        fitted: whether the estimates were fitted for the index's models.
        documents: how many there are in all.
    """

    bars: tuple[Bar, ...]
    low: float
    high: float
    cut: float
    cutoff: Cutoff
    automatic: bool
    fitted: bool
    documents: int

    @property
    def below(self) -> int:
        """How many documents stand below the cut-off."""
        return self.documents - self.cutoff.documents


def chart_of(answer: Answer, cutoff: float | str) -> Chart:
    """Measure the histogram of an answer's scores.

    Args:
        cutoff: a cosine, or ``auto``.
    """
    trust = answer.results.trust
    known = trust.automatic if isinstance(cutoff, str) else trust.at(cutoff)
    histogram = trust.histogram(_BINS)
    low, high = histogram.edges[0], histogram.edges[-1]
    scale = WIDTH / ((high - low) or 1.0)
    tallest = math.log1p(max(histogram.counts, default=0)) or 1.0
    bars = tuple(
        Bar(
            x=round((left - low) * scale, 2),
            width=round(max((right - left) * scale - 0.6, 0.1), 2),
            height=round(HEIGHT * math.log1p(count) / tallest, 2),
            above=(left + right) / 2 >= known.score,
            title=f"{left:.2f} to {right:.2f}: {count:,} documents",
        )
        for left, right, count in zip(
            histogram.edges[:-1], histogram.edges[1:], histogram.counts, strict=True
        )
    )
    return Chart(
        bars=bars,
        low=low,
        high=high,
        cut=round(min(max((known.score - low) * scale, 0.0), WIDTH), 2),
        cutoff=known,
        automatic=isinstance(cutoff, str),
        fitted=trust.fitted,
        documents=sum(histogram.counts),
    )
