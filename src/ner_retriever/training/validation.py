"""R-Precision from plain scores, to choose by while training."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ner_retriever.head.network import Head
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.metric import r_precision
from ner_retriever.training.split import Split
from ner_retriever.training.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Validation:
    """Held-out types asked of held-out texts.

    Attributes:
        mentions: (mentions, dimensions) float32, rows of length 1.
        queries: (types, dimensions) float32, rows of length 1.
        starts: (texts,) int64, the first mention of each text.
        relevant: for each type, the numbers of the texts that mention it.
    """

    mentions: NDArray[np.float32]
    queries: NDArray[np.float32]
    starts: NDArray[np.int64]
    relevant: list[NDArray[np.int64]]

    def r_precision(self) -> float:
        """The mean over the types; a text's score is its best mention's, as in search."""
        scores = self.queries @ self.mentions.T
        values = [
            r_precision(np.maximum.reduceat(row, self.starts), relevant)
            for row, relevant in zip(scores, self.relevant, strict=True)
        ]
        return float(np.mean(values))


@torch.no_grad()
def validate(head: Head, vectors: Vectors, annotations: Annotations, split: Split) -> Validation:
    """Embed what is held out with the head as it is now."""
    rows = split.validation_mentions
    head.eval()
    text = annotations.texts[rows]
    starts = np.flatnonzero(np.r_[True, text[1:] != text[:-1]])
    return Validation(
        mentions=head.mentions(vectors.mentions(rows)).numpy(),
        queries=head.queries(vectors.queries(split.validation_types)).numpy(),
        starts=starts,
        relevant=list(_relevant(annotations, split, rows, starts)),
    )


def _relevant(
    annotations: Annotations,
    split: Split,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> Iterator[NDArray[np.int64]]:
    for number in split.validation_types:
        is_one = np.isin(rows, annotations.owners[annotations.types == number])
        yield np.flatnonzero(np.maximum.reduceat(is_one, starts))
