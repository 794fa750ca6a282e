"""Heads as training begins with them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner_retriever.errors import ConfigError
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.config import TrainingConfig
from ner_retriever.training.split import Split
from ner_retriever.training.vectors import Vectors

_CENTRED_ON = 4096


@torch.no_grad()
def new_heads(
    vectors: Vectors, parts: Split, config: TrainingConfig, *, bank: int
) -> tuple[ProjectionHead, ProjectionHead | None]:
    """Centre and scale on the training data, so that the layers see numbers around 1.

    Args:
        bank: type names in the heads' banks.

    Returns:
        The type head, and a context head where the configuration has one.

    Raises:
        ConfigError: a context head is wanted of vectors that hold no contexts.
    """
    generator = np.random.default_rng(config.seed)
    mentions = vectors.mentions(_some(parts.training_mentions, generator))
    queries = vectors.queries(_some(parts.training_types, generator))
    torch.manual_seed(config.seed)
    head = ProjectionHead(
        mentions.site.shape[1],
        config.hidden,
        config.dimensions,
        dropout=config.dropout,
        bank=bank,
        detection=config.detection if bank else 0.0,
        skip=config.skip,
    ).to(vectors.device)
    _centre(head, mentions.site, queries.site)
    if not config.context:
        return head, None
    hidden = mentions.context.shape[1]
    if not hidden:
        raise ConfigError("a context head needs an adapter, with which the backbone is read anew")
    context = ProjectionHead(
        hidden,
        config.context.hidden,
        config.context.dimensions,
        dropout=config.dropout,
        bank=bank,
        skip=config.skip,
    ).to(vectors.device)
    _centre(context, mentions.context, queries.context)
    return head, context


def _some(usable: NDArray[np.bool_], generator: np.random.Generator) -> NDArray[np.int64]:
    rows = np.flatnonzero(usable)
    return generator.choice(rows, min(len(rows), _CENTRED_ON), replace=False)


def _centre(head: ProjectionHead, mentions: Tensor, queries: Tensor) -> None:
    head.mention_mean.copy_(mentions.mean(dim=0))
    head.query_mean.copy_(queries.mean(dim=0))
    centred = mentions - head.mention_mean
    head.scale.copy_(1 / centred.std())
    if head.skip is not None:
        _, _, right = torch.linalg.svd(centred * head.scale, full_matrices=False)
        kept = right[: head.dimensions]
        head.skip.weight.zero_()
        # The last number gives way to what a mention is to types in general.
        head.skip.weight[: len(kept)].copy_(kept)
