"""One vector a text, by a sentence embedding model: cosine with the vector of the type's name.

Pooling and instructions are those that a model's authors document: the mean for all-MiniLM-L6-v2
and all-mpnet-base-v2, the last token for e5-mistral-7b-instruct, latent attention for NV-Embed-v2.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document
from ner_retriever.evaluation.systems import Progress, Settings, System
from ner_retriever.text.windows import passages

# The model cards' own instructions for retrieval, by the last part of the id; texts get none.
INSTRUCTIONS = {
    "e5-mistral-7b-instruct": (
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
        "Query: "
    ),
    "NV-Embed-v2": (
        "Instruct: Given a question, retrieve passages that answer the question\nQuery: "
    ),
}


# Within the 256 tokens that the baselines' models read.
_WINDOW_CHARACTERS = 800


class TextEncoder(Protocol):
    """What makes vectors of texts and queries, comparable by cosine.

    Attributes:
        longest: where texts are cut, in tokens.
        fingerprint: names the weights; ``None`` where only the model's name is known.
    """

    @property
    def longest(self) -> int | None: ...

    @property
    def fingerprint(self) -> str | None: ...

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of one batch of texts, (n, width) float32."""
        ...

    def query(self, query: str, *, instruction: str | None) -> NDArray[np.float32]:
        """The unit vector of a query with its instruction before it, (width,) float32."""
        ...


class Dense(System):
    """A sentence embedding model.

    Vectors are rounded to float16, as ours are when stored, before they are compared. Texts beyond
    the model's own limit are cut there, or read in windows of whole sentences: a text is then as
    good as its best window.

    Args:
        model: all-MiniLM-L6-v2, all-mpnet-base-v2, an id on the hub, or a folder; one whose last
            part is NV-Embed-v2 is read by `nv_embed`.
        name: how it is called in results; by default ``dense:`` and the last part of the model.
        instruction: put before every query; by default the model card's where `INSTRUCTIONS` has
            it, otherwise what the model's own files prescribe for queries.
        batch_size: texts at a time.
        windows: read each text in windows.
        device: a torch device; by default a GPU where there is one.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        UnsupportedModel: the files are not those of the model.
        WeightsNotFound: the model cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        *,
        name: str | None = None,
        instruction: str | None = None,
        batch_size: int = 32,
        windows: bool = False,
        device: str | None = None,
    ) -> None:
        self._encoder = _load(model, device=device)
        kind = "dense-windows" if windows else "dense"
        self.name = f"{kind}:{Path(model).name}" if name is None else name
        self._windows = windows
        self._source = model
        self._instruction = (
            INSTRUCTIONS.get(Path(model).name) if instruction is None else instruction
        )
        self._batch_size = batch_size
        self._vectors: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)
        self._firsts: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    @property
    def settings(self) -> Settings:
        """The model, how queries are introduced, and where its texts are cut."""
        return {
            "model": self._source,
            "fingerprint": self._encoder.fingerprint,
            "instruction": self._instruction,
            "dimensions": self._vectors.shape[1],
            "longest text in tokens": self._encoder.longest,
        }

    @property
    def bytes_a_text(self) -> float:
        """Its float16 vectors: one, or one a window."""
        return float(np.dtype(np.float16).itemsize * self._vectors.size / len(self._firsts))

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Embed every text."""
        parts = [self._parts(document.text) for document in documents]
        self._firsts = np.cumsum([0, *map(len, parts[:-1])], dtype=np.int64)
        texts = [part for of_text in parts for part in of_text]
        # Sorted by length, so that a batch holds little padding.
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        batches = []
        for first in range(0, len(order), self._batch_size):
            batch = [texts[row] for row in order[first : first + self._batch_size]]
            batches.append(self._encoder.texts(batch).astype(np.float16).astype(np.float32))
            if progress:
                done = min(first + self._batch_size, len(order))
                progress(done * len(documents) // len(order))
        sorted_vectors = np.concatenate(batches)
        self._vectors = np.empty_like(sorted_vectors)
        self._vectors[order] = sorted_vectors

    def rank(self, query: str) -> NDArray[np.float32]:
        """The cosine of each text's best vector with the query's: (n_texts,) float32."""
        vector = self._encoder.query(query, instruction=self._instruction)
        scores: NDArray[np.float32] = np.maximum.reduceat(self._vectors @ vector, self._firsts)
        return scores

    def _parts(self, text: str) -> list[str]:
        if not self._windows:
            return [text]
        return [text[start:end] for start, end in passages(text, _WINDOW_CHARACTERS)] or [text]


def _load(model: str, *, device: str | None) -> TextEncoder:
    # Only now: what these import takes seconds to load.
    if Path(model).name == "NV-Embed-v2":
        from ner_retriever.evaluation.systems.nv_embed import NvEmbed

        return NvEmbed(model, device=device)
    from ner_retriever.evaluation.systems.sentence_encoder import SentenceEncoder

    return SentenceEncoder(model, device=device)
