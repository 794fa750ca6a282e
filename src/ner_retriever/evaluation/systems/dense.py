"""One vector a text, by a sentence embedding model: cosine with the vector of the type's name.

sentence-transformers applies the pooling and normalisation that a model's own files prescribe: the
mean for all-MiniLM-L6-v2 and all-mpnet-base-v2, the last token for e5-mistral-7b-instruct. Models
that bring their own program code are refused; that leaves out nvidia/NV-Embed-v2, whose pooling is
such code: its figure in our tables is the published one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document
from ner_retriever.errors import MissingExtra, UnsupportedModel, WeightsNotFound

# The model cards' own instructions for retrieval, by the last part of the id; texts get none.
INSTRUCTIONS = {
    "e5-mistral-7b-instruct": (
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
        "Query: "
    ),
}


class Dense:
    """A sentence embedding model.

    Vectors are rounded to float16, as ours are when stored, before they are compared. Texts beyond
    the model's own limit are cut there by sentence-transformers.

    Args:
        model: id on the hub, or a folder.
        name: how it is called in results; by default ``dense:`` and the last part of the model.
        instruction: put before every query; by default the model card's where `INSTRUCTIONS` has
            it, otherwise what the model's own files prescribe for queries.
        batch_size: texts at a time.
        device: a torch device; by default sentence-transformers chooses.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        UnsupportedModel: the model needs program code of its own.
        WeightsNotFound: the model cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        *,
        name: str | None = None,
        instruction: str | None = None,
        batch_size: int = 32,
        device: str | None = None,
    ) -> None:
        if model.rstrip("/").endswith("NV-Embed-v2"):
            raise UnsupportedModel(
                f"{model} pools by program code of its own, which is not run here; "
                "compare with its published figure, or choose a model with standard pooling"
            )
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtra("Sentence embeddings", "evaluation") from error
        try:
            self._model: Any = SentenceTransformer(model, device=device, trust_remote_code=False)
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise WeightsNotFound(
                f"{model} cannot be loaded as a sentence embedding model ({reason}); "
                "pass the folder that holds it, or an id on the hub with network access"
            ) from error
        self.name = f"dense:{Path(model).name}" if name is None else name
        self._source = model
        self._instruction = (
            INSTRUCTIONS.get(Path(model).name) if instruction is None else instruction
        )
        self._batch_size = batch_size
        self._vectors: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)

    @property
    def settings(self) -> Mapping[str, str | int | float | None]:
        """The model, how queries are introduced, and where its texts are cut."""
        return {
            "model": self._source,
            "instruction": self._instruction,
            "dimensions": self._vectors.shape[1],
            "longest text in tokens": self._model.max_seq_length,
        }

    @property
    def bytes_a_text(self) -> float:
        """One float16 vector."""
        return float(np.dtype(np.float16).itemsize * self._vectors.shape[1])

    def index(self, documents: Sequence[Document]) -> None:
        """Embed every text."""
        vectors = self._model.encode_document(
            [document.text for document in documents],
            batch_size=self._batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        self._vectors = vectors.astype(np.float16).astype(np.float32)

    def rank(self, query: str) -> NDArray[np.float32]:
        """The cosine of each text's vector with the query's: (n_texts,) float32."""
        vector = self._model.encode_query(
            query,
            prompt=self._instruction,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        scores: NDArray[np.float32] = self._vectors @ vector.astype(np.float32)
        return scores
