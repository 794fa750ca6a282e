"""R-Precision of held-out types and sources, to choose by while training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ner_retriever.errors import ConfigError
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.metric import mean_r_precision
from ner_retriever.training.sizes import Size, measure_sizes
from ner_retriever.training.vectors import Vectors

_CHUNK = 4096
_FEWEST_TEXTS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """Types that are asked of mentions.

    Attributes:
        types: (t,) int64.
        mentions: (m,) int64.
    """

    types: NDArray[np.int64]
    mentions: NDArray[np.int64]


def asked_of_source(annotations: Annotations, source: str) -> Asked:
    """Ask all types of a source, of its own mentions; types of fewer than four texts are left out.

    A source that validates should have every mention of its types annotated.

    Raises:
        ConfigError: no type is left.
    """
    mentions = np.flatnonzero(annotations.sources == source)
    inside = np.isin(annotations.owners, mentions)
    pairs = np.unique(
        np.stack([annotations.types[inside], annotations.texts[annotations.owners[inside]]]), axis=1
    )
    types, texts = np.unique(pairs[0], return_counts=True)
    kept = types[texts >= _FEWEST_TEXTS]
    if not len(kept):
        raise ConfigError(
            f"held_out_sources: no type stands in {_FEWEST_TEXTS} texts of the source {source!r}; "
            "name a source of the data, and give more of its texts"
        )
    return Asked(kept, mentions)


@dataclass(frozen=True, slots=True)
class Validation:
    """Types asked of texts that were not trained on.

    Attributes:
        mentions: (mentions, dimensions) float32, rows of length 1.
        queries: (types, dimensions) float32, rows of length 1.
        contexts: of the mentions, and
        context_queries: of the types, float32, rows of length 1; no columns without a context head.
        texts: (mentions,) int64, the text that a mention stands in.
        relevant: for each type, the positions of the mentions that have it.
    """

    mentions: NDArray[np.float32]
    queries: NDArray[np.float32]
    contexts: NDArray[np.float32]
    context_queries: NDArray[np.float32]
    texts: NDArray[np.int64]
    relevant: Sequence[NDArray[np.int64]]

    def r_precision(self, context_weight: float = 0.0) -> float:
        """The mean over the types; a text's score is its best mention's, as in search.

        Args:
            context_weight: of the context's score beside the mention's own.
        """
        return mean_r_precision(
            np.concatenate([self.mentions, context_weight * self.contexts], axis=1),
            np.concatenate([self.queries, self.context_queries], axis=1),
            texts=self.texts,
            relevant=self.relevant,
        )

    def sizes(self, dimensions: Sequence[int]) -> list[Size]:
        """R-Precision with fewer and smaller numbers, without context."""
        return measure_sizes(
            self.mentions,
            self.queries,
            texts=self.texts,
            relevant=self.relevant,
            dimensions=dimensions,
        )


@torch.no_grad()
def validate(
    head: ProjectionHead,
    context: ProjectionHead | None,
    vectors: Vectors,
    annotations: Annotations,
    asked: Asked,
) -> Validation:
    """Embed what is asked with the heads as they are now."""
    head.eval()
    mentions: list[NDArray[np.float32]] = []
    contexts: list[NDArray[np.float32]] = []
    for first in range(0, len(asked.mentions), _CHUNK):
        read = vectors.mentions(asked.mentions[first : first + _CHUNK])
        mentions.append(head.mentions(read.site).cpu().numpy())
        around = context.eval().mentions(read.context) if context else read.context[:, :0]
        contexts.append(around.cpu().numpy())
    names = vectors.queries(asked.types)
    return Validation(
        mentions=np.concatenate(mentions),
        queries=head.queries(names.site).cpu().numpy(),
        contexts=np.concatenate(contexts),
        context_queries=(context.queries(names.context) if context else names.context[:, :0])
        .cpu()
        .numpy(),
        texts=annotations.texts[asked.mentions],
        relevant=_relevant(annotations, asked),
    )


def _relevant(annotations: Annotations, asked: Asked) -> list[NDArray[np.int64]]:
    position = np.full(annotations.count, -1, np.int64)
    position[asked.mentions] = np.arange(len(asked.mentions))
    inside = position[annotations.owners] >= 0
    owners, types = position[annotations.owners[inside]], annotations.types[inside]
    order = np.argsort(types, kind="stable")
    first, last = (np.searchsorted(types[order], asked.types, side) for side in ("left", "right"))
    return [np.sort(owners[order][begin:end]) for begin, end in zip(first, last, strict=True)]
