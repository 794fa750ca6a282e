"""What a mention's sentence adds to its score: one vector a sentence, for all mentions in it."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ner_retriever.index.dot_products import DotProducts, Int8Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Contexts:
    """The vectors of the sentences that hold mentions, in the order of their documents.

    Attributes:
        vectors: float16 of shape (sentences, context dimensions); behind a mention's own vector,
            its sentence's makes one of length 1.
        int8: the same vectors in fewer bytes, which are scanned in their place if they are given.
    """

    vectors: NDArray[np.float16]
    int8: Int8Vectors | None = None

    def __getitem__(self, sentences: NDArray[np.integer[Any]]) -> Self:
        """Some of the sentences."""
        small = None if self.int8 is None else self.int8[sentences]
        return replace(self, vectors=self.vectors[sentences], int8=small)


class JoinedProducts:
    """Dot products of queries with mentions' vectors and with their sentences', added up.

    Args:
        queries: for a mention and behind it for its sentence, float64 of shape (queries,
            dimensions + context dimensions).
        own: the mentions' vectors.
        sentences: the row of each mention's sentence, int32 of shape (mentions,).
        contexts: the sentences' vectors.
    """

    def __init__(
        self,
        queries: NDArray[np.float64],
        own: NDArray[np.float16] | Int8Vectors,
        sentences: NDArray[np.int32],
        contexts: Contexts,
    ) -> None:
        dimensions = queries.shape[1] - contexts.vectors.shape[1]
        around = contexts.vectors if contexts.int8 is None else contexts.int8
        self._own = DotProducts(queries[:, :dimensions], own)
        self._around = DotProducts(queries[:, dimensions:], around)
        self._sentences = sentences

    def of(self, rows: slice) -> NDArray[Any]:
        """Return (queries, rows) products of float32 or float64."""
        products = self._own.of(rows)
        sentences = self._sentences[rows]
        if len(sentences):
            # Those of neighbouring documents, so that few lie between that hold none of the rows.
            first = int(sentences.min())
            around = self._around.of(slice(first, int(sentences.max()) + 1))
            products += np.take(around, sentences - first, axis=1)
        return products
