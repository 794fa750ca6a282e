"""How well a mention head finds the mentions of held-out texts, at a given number of finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ner_retriever.training.detection.examples import Range

Finds = Mapping[Range, float]

# Mentions found for each annotated one, at which recall is measured.
BUDGETS = (1.7, 3.3)


@dataclass(frozen=True, slots=True)
class Recall:
    """Recall at the threshold that finds a given number of mentions.

    Attributes:
        exact: share of the annotated mentions found with both borders.
        overlap: share that a find shares a character with.
        threshold: least score of a find.
    """

    exact: float
    overlap: float
    threshold: float


def recall(gold: Sequence[frozenset[Range]], found: Sequence[Finds], budget: float) -> Recall:
    """Measure recall at ``budget`` finds for each annotated mention, over all texts together."""
    wanted = round(budget * sum(map(len, gold)))
    threshold = threshold_for(found, wanted)
    exact = overlap = 0
    for mentions, finds in zip(gold, found, strict=True):
        kept = {place for place, score in finds.items() if score >= threshold}
        exact += len(mentions & kept)
        overlap += sum(
            any(start < other_end and other_start < end for other_start, other_end in kept)
            for start, end in mentions
        )
    total = max(sum(map(len, gold)), 1)
    return Recall(exact / total, overlap / total, threshold)


def threshold_for(found: Sequence[Finds], wanted: int) -> float:
    """Return the threshold that keeps so many finds, 0 where there are no more."""
    scores = np.array([score for finds in found for score in finds.values()])
    if len(scores) <= wanted:
        return 0.0
    return float(np.sort(scores)[-wanted]) if wanted else 1.0
