"""The projection: two linear layers, compared by cosine (paper, section 3.3)."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Head(nn.Module):
    """A small MLP that maps a site's vectors into the type-aware space.

    Mentions and queries share the layers. Each is first centred on the mean of its own kind: in a
    language model's space all types lie on one side, all mentions on another, and the offset
    between the two says nothing (Head.mention_mean, Head.query_mean; zero for a head that was
    trained without).

    Args:
        width: of the site's vectors.
        hidden: width of the layer between.
        dimensions: of the output.
        dropout: after the activation, while training.
    """

    mention_mean: Tensor
    query_mean: Tensor
    scale: Tensor

    def __init__(self, width: int, hidden: int, dimensions: int, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.register_buffer("mention_mean", torch.zeros(width))
        self.register_buffer("query_mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(()))
        self.first = nn.Linear(width, hidden)
        self.dropout = nn.Dropout(dropout)
        self.second = nn.Linear(hidden, dimensions)

    @property
    def width(self) -> int:
        """Width of the vectors that the head takes."""
        return self.first.in_features

    @property
    def dimensions(self) -> int:
        """Width of the vectors that the head gives."""
        return self.second.out_features

    def mentions(self, vectors: Tensor) -> Tensor:
        """Project mentions, (n, width) to (n, dimensions), rows of length 1."""
        return self._project((vectors - self.mention_mean) * self.scale)

    def queries(self, vectors: Tensor) -> Tensor:
        """Project queries, (n, width) to (n, dimensions), rows of length 1."""
        return self._project((vectors - self.query_mean) * self.scale)

    def _project(self, vectors: Tensor) -> Tensor:
        hidden = self.dropout(functional.silu(self.first(vectors)))
        return functional.normalize(self.second(hidden), dim=-1)
