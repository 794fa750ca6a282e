"""BM25 over whole texts: the query is the type's readable name."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document
from ner_retriever.errors import MissingExtra
from ner_retriever.evaluation.systems import Progress, Settings, System

_K1 = 1.5
_B = 0.75


class BM25(System):
    """Lucene's BM25 (k1 1.5, b 0.75), lower case, English stop words, Snowball stemming.

    A text that shares no term with the query is not retrieved.

    Raises:
        MissingExtra: bm25s or PyStemmer is not installed.
    """

    name = "bm25"

    def __init__(self) -> None:
        try:
            import bm25s
            import Stemmer
        except ImportError as error:
            raise MissingExtra("BM25", "evaluation") from error
        self._bm25s = bm25s
        self._stemmer = Stemmer.Stemmer("english")
        self._model: Any = None
        self._size = 0

    @property
    def settings(self) -> Settings:
        """The variant, its constants, and how texts become terms."""
        return {
            "variant": "lucene",
            "k1": _K1,
            "b": _B,
            "stemmer": "snowball english",
            "stop words": "en",
        }

    @property
    def bytes_a_text(self) -> float:
        """The inverted index: scores, text numbers, list borders and the terms themselves."""
        arrays = sum(
            array.nbytes for array in self._model.scores.values() if isinstance(array, np.ndarray)
        )
        terms = sum(len(term.encode()) for term in self._model.vocab_dict)
        return float(arrays + terms) / self._size

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Tokenise the texts and weigh every term in every text."""
        self._size = len(documents)
        self._model = self._bm25s.BM25(method="lucene", k1=_K1, b=_B)
        self._model.index(
            self._tokens([document.text for document in documents]), show_progress=False
        )
        if progress:
            progress(len(documents))

    def rank(self, query: str) -> NDArray[np.float32]:
        """The BM25 score of each text: (n_texts,) float32, −inf where no term is shared."""
        (terms,) = self._tokens([query])
        known = [term for term in terms if term in self._model.vocab_dict]
        if not known:
            return np.full(self._size, -np.inf, dtype=np.float32)
        scores: NDArray[np.float32] = self._model.get_scores(known).astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores

    def _tokens(self, texts: list[str]) -> list[list[str]]:
        tokens: list[list[str]] = self._bm25s.tokenize(
            texts, stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False
        )
        return tokens
