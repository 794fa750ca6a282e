"""One vector a text, by a sentence embedding model: cosine with the vector of the type's name.

sentence-transformers applies the pooling that a model's own files prescribe, such as the last token
for e5-mistral-7b-instruct. all-MiniLM-L6-v2 and all-mpnet-base-v2 are read from the cache of
backbones, without their pooling files, and pooled as their cards say: by the mean. Models that
bring their own program code are refused; that leaves out nvidia/NV-Embed-v2, whose pooling is such
code: its figure in our tables is the published one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.known import KNOWN
from ner_retriever.backbone.weights import find_weights
from ner_retriever.config import offline
from ner_retriever.documents import Document
from ner_retriever.errors import MissingExtra, UnsupportedModel, WeightsNotFound, first_line
from ner_retriever.evaluation.systems import Progress, Settings, System

# The model cards' own instructions for retrieval, by the last part of the id; texts get none.
INSTRUCTIONS = {
    "e5-mistral-7b-instruct": (
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
        "Query: "
    ),
}


class Dense(System):
    """A sentence embedding model.

    Vectors are rounded to float16, as ours are when stored, before they are compared. Texts beyond
    the model's own limit are cut there by sentence-transformers.

    Args:
        model: all-MiniLM-L6-v2, all-mpnet-base-v2, an id on the hub, or a folder.
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
            with _quiet():
                self._model: Any = SentenceTransformer(
                    None if model in KNOWN else model,
                    modules=_mean_pooled(model) if model in KNOWN else None,
                    device=device,
                    trust_remote_code=False,
                    local_files_only=offline(),
                )
        except (OSError, ValueError) as error:
            reason = first_line(error)
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
    def settings(self) -> Settings:
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

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Embed every text."""
        # Sorted by length, so that a batch holds little padding.
        order = sorted(range(len(documents)), key=lambda row: -len(documents[row].text))
        batches = []
        for first in range(0, len(order), self._batch_size):
            texts = [documents[row].text for row in order[first : first + self._batch_size]]
            vectors = self._model.encode_document(
                texts,
                batch_size=self._batch_size,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            batches.append(vectors.astype(np.float16).astype(np.float32))
            if progress:
                progress(min(first + self._batch_size, len(order)))
        sorted_vectors = np.concatenate(batches)
        self._vectors = np.empty_like(sorted_vectors)
        self._vectors[order] = sorted_vectors

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


def _mean_pooled(model: str) -> list[Any]:
    """A known encoder with mean pooling, as a list of sentence-transformers' modules."""
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer.load(str(find_weights(model).folder))
    return [transformer, Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing bars of its own while it loads."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.enable_progress_bar()
