"""R-Precision of held-out types, to choose by while training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ner_retriever.head.network import Head
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.metric import mean_r_precision
from ner_retriever.training.sizes import Size, measure_sizes
from ner_retriever.training.split import Split
from ner_retriever.training.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Validation:
    """Held-out types asked of held-out texts.

    Attributes:
        mentions: (mentions, dimensions) float32, rows of length 1.
        queries: (types, dimensions) float32, rows of length 1.
        texts: (mentions,) int64, the text that a mention stands in.
        relevant: for each type, the positions of the mentions that have it.
    """

    mentions: NDArray[np.float32]
    queries: NDArray[np.float32]
    texts: NDArray[np.int64]
    relevant: Sequence[NDArray[np.int64]]

    def r_precision(self) -> float:
        """The mean over the types; a text's score is its best mention's, as in search."""
        return mean_r_precision(
            self.mentions, self.queries, texts=self.texts, relevant=self.relevant
        )

    def sizes(self, dimensions: Sequence[int]) -> list[Size]:
        """R-Precision with fewer and smaller numbers."""
        return measure_sizes(
            self.mentions,
            self.queries,
            texts=self.texts,
            relevant=self.relevant,
            dimensions=dimensions,
        )


@torch.no_grad()
def validate(head: Head, vectors: Vectors, annotations: Annotations, split: Split) -> Validation:
    """Embed what is held out with the head as it is now."""
    rows = split.validation_mentions
    head.eval()
    return Validation(
        mentions=head.mentions(vectors.mentions(rows)).numpy(),
        queries=head.queries(vectors.queries(split.validation_types)).numpy(),
        texts=annotations.texts[rows],
        relevant=[
            np.flatnonzero(np.isin(rows, annotations.owners[annotations.types == number]))
            for number in split.validation_types
        ],
    )
