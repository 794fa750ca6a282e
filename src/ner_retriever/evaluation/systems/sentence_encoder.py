"""Sentence embedding models whose own files prescribe the pooling, by sentence-transformers.

all-MiniLM-L6-v2 and all-mpnet-base-v2 are read from the cache of backbones, without their pooling
files, and pooled as their cards say: by the mean. Program code that a model brings is not run.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.hugging_face import quiet_transformers
from ner_retriever.backbone.known import KNOWN
from ner_retriever.backbone.weights import Weights, find_weights
from ner_retriever.config import offline
from ner_retriever.errors import MissingExtra, WeightsNotFound, first_line

# Their cards take the vector of the end token, which not every version of their tokenizer adds.
_READ_AT_THE_END = frozenset({"e5-mistral-7b-instruct"})


class SentenceEncoder:
    """A model that sentence-transformers can load.

    Args:
        model: all-MiniLM-L6-v2, all-mpnet-base-v2, an id on the hub, or a folder.
        device: a torch device; by default sentence-transformers chooses.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        WeightsNotFound: the model cannot be loaded.
    """

    def __init__(self, model: str, *, device: str | None = None) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtra("Sentence embeddings", "evaluation") from error
        weights = find_weights(model) if model in KNOWN else None
        try:
            with quiet_transformers():
                self._model: Any = SentenceTransformer(
                    None if weights else model,
                    modules=_mean_pooled(weights) if weights else None,
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
        self.fingerprint = weights.fingerprint if weights else None
        ended = Path(model).name in _READ_AT_THE_END
        self._end = _missing_end(self._model.tokenizer) if ended else ""

    @property
    def longest(self) -> int | None:
        """Where texts are cut, in tokens."""
        longest: int | None = self._model.max_seq_length
        return longest

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts, (n, width) float32; the batch is theirs."""
        vectors: NDArray[np.float32] = self._model.encode_document(
            [f"{text}{self._end}" for text in texts],
            batch_size=len(texts),
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return vectors.astype(np.float32)

    def query(self, query: str, *, instruction: str | None) -> NDArray[np.float32]:
        """The unit vector of a query, (width,) float32.

        Args:
            instruction: ``None`` for what the model's own files prescribe for queries.
        """
        vector: NDArray[np.float32] = self._model.encode_query(
            f"{query}{self._end}",
            prompt=instruction,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return vector.astype(np.float32)


def _missing_end(tokenizer: Any) -> str:
    """The end token, where the tokenizer does not add it by itself."""
    adds = tokenizer("a")["input_ids"][-1] == tokenizer.eos_token_id
    return "" if adds else str(tokenizer.eos_token)


def _mean_pooled(weights: Weights) -> list[Any]:
    """A known encoder with mean pooling, as a list of sentence-transformers' modules."""
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer.load(str(weights.folder))
    return [transformer, Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")]
