"""What a scan reads at a time: documents whose vectors follow one another in one file."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.index.dot_products import Queries, Vectors

MENTION = np.dtype(
    [
        ("start", "<i4"),
        ("end", "<i4"),
        ("detection_score", "<f4"),
        ("name_score", "<f4"),
        ("sentence", "<i4"),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some documents in a row, deleted ones included.

    Attributes:
        vectors: of their mentions, (mentions, dimensions).
        mentions: records of ``MENTION``, (mentions,); a ``sentence`` less ``first_sentence`` is its
            row in ``contexts``.
        document_first: int64 of shape (documents + 1,); the mentions of document ``i`` are those
            from ``document_first[i]`` up to ``document_first[i + 1]``.
        contexts: the vectors of the sentences that hold mentions, (sentences, context dimensions);
            ``None`` where they have none.
        first_sentence: number of the first sentence.
        sentences: how many sentences hold mentions.
    """

    vectors: Vectors
    mentions: NDArray[np.void]
    document_first: NDArray[np.int64]
    contexts: Vectors | None = None
    first_sentence: int = 0
    sentences: int = 0

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return len(self.document_first) - 1

    def products(self, own: Queries, around: Queries, rows: slice) -> NDArray[Any]:
        """Products of queries with some mentions, their sentences' added.

        Args:
            own, around: the queries' numbers for a mention and for its sentence.

        Returns:
            (queries, rows) of float32 or float64.
        """
        products = own.dot(self.vectors[rows])
        if self.contexts is None or not products.shape[1]:
            return products
        sentences = self.mentions["sentence"][rows] - self.first_sentence
        # Those of neighbouring documents, so that few lie between that hold none of the rows.
        first = int(sentences.min())
        beside = around.dot(self.contexts[first : int(sentences.max()) + 1])
        return np.asarray(products + np.take(beside, sentences - first, axis=1))
