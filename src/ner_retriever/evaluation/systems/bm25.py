"""BM25 over whole texts: the query is the type's readable name."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document
from ner_retriever.evaluation.systems import Progress, Settings, System
from ner_retriever.text.lexical import LexicalIndex


class BM25(System):
    """The lexical baseline; a text that shares no term with the query is not retrieved.

    Raises:
        MissingExtra: bm25s or PyStemmer is not installed.
    """

    name = "bm25"

    def __init__(self) -> None:
        self._index = LexicalIndex(what="BM25", extra="evaluation")
        self._size = 0

    @property
    def settings(self) -> Settings:
        """The variant, its constants, and how texts become terms."""
        return self._index.settings

    @property
    def bytes_a_text(self) -> float:
        """The inverted index."""
        return self._index.nbytes / self._size

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Tokenise the texts and weigh every term in every text."""
        self._size = len(documents)
        self._index.index([document.text for document in documents])
        if progress:
            progress(len(documents))

    def rank(self, query: str) -> NDArray[np.float32]:
        """The BM25 score of each text: (n_texts,) float32, −inf where no term is shared."""
        return self._index.scores(query)
