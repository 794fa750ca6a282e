"""BM25 over texts, through bm25s: the measure of shared words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import MissingExtra

_K1 = 1.5
_B = 0.75


class LexicalIndex:
    """Lucene's BM25 (k1 1.5, b 0.75), lower case, English stop words, Snowball stemming.

    Args:
        what: what it is needed for, for the message.
        extra: the extra of this package that brings it along.

    Raises:
        MissingExtra: bm25s or PyStemmer is not installed.
    """

    def __init__(self, *, what: str, extra: str) -> None:
        try:
            import bm25s
            import Stemmer
        except ImportError as error:
            raise MissingExtra(what, extra) from error
        self._bm25s = bm25s
        self._stemmer = Stemmer.Stemmer("english")
        self._model: Any = None
        self._size = 0

    @property
    def settings(self) -> dict[str, str | float]:
        """The variant, its constants, and how texts become terms."""
        return {
            "variant": "lucene",
            "k1": _K1,
            "b": _B,
            "stemmer": "snowball english",
            "stop words": "en",
        }

    @property
    def nbytes(self) -> int:
        """The inverted index: scores, text numbers, list borders and the terms themselves."""
        arrays = sum(
            array.nbytes for array in self._model.scores.values() if isinstance(array, np.ndarray)
        )
        return int(arrays) + sum(len(term.encode()) for term in self._model.vocab_dict)

    def index(self, texts: Sequence[str]) -> None:
        """Tokenise the texts and weigh every term in every text."""
        self._size = len(texts)
        self._model = self._bm25s.BM25(method="lucene", k1=_K1, b=_B)
        self._model.index(self._terms(texts), show_progress=False)

    def scores(self, query: str) -> NDArray[np.float32]:
        """The BM25 score of each text: (n_texts,) float32, −inf where no term is shared."""
        (terms,) = self._terms([query])
        known = [term for term in terms if term in self._model.vocab_dict]
        if not known:
            return np.full(self._size, -np.inf, dtype=np.float32)
        scores: NDArray[np.float32] = self._model.get_scores(known).astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores

    def _terms(self, texts: Sequence[str]) -> list[list[str]]:
        terms: list[list[str]] = self._bm25s.tokenize(
            list(texts),
            stopwords="en",
            stemmer=self._stemmer,
            return_ids=False,
            show_progress=False,
        )
        return terms
