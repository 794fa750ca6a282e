"""What fills a head's bank: type names that were trained on, and mentions to centre on."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.split import Split
from ner_retriever.training.vectors import Vectors

_FEWEST_MENTIONS = 5
_CENTRED_ON = 1024


@dataclass(frozen=True, slots=True)
class Bank:
    """Which types and mentions.

    Attributes:
        types: (bank,) int64.
        mentions: (n,) int64.
    """

    types: NDArray[np.int64]
    mentions: NDArray[np.int64]

    @torch.no_grad()
    def fill(
        self, head: ProjectionHead, vectors: Vectors, context: ProjectionHead | None = None
    ) -> None:
        """Fill the banks of heads as they are now; heads without one stay as they are."""
        if len(self.types):
            names, mentions = vectors.queries(self.types), vectors.mentions(self.mentions)
            head.fill_bank(names.site, mentions.site)
            if context:
                context.fill_bank(names.context, mentions.context)


def choose_bank(annotations: Annotations, parts: Split, size: int, seed: int) -> Bank:
    """Draw training types and mentions; types of few mentions are left out, as they are odd.

    Args:
        size: how many types at most; fewer where fewer have mentions enough.
    """
    counts = np.bincount(annotations.types, minlength=len(annotations.names))
    types = np.flatnonzero(parts.training_types & (counts >= _FEWEST_MENTIONS))
    mentions = np.flatnonzero(parts.training_mentions)
    generator = np.random.default_rng(seed)
    return Bank(
        types=generator.choice(types, min(size, len(types)), replace=False),
        mentions=generator.choice(mentions, min(_CENTRED_ON, len(mentions)), replace=False),
    )
