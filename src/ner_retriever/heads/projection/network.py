"""The projection: two linear layers, compared by cosine (paper, section 3.3).

Some mentions lie near to every type name and would come up for any query. Where a head has a bank
of type names, what a mention is to types in general is taken off: its score for a query is
cos(mention, query) − b, with b = τ log mean exp(cos(mention, t) / τ) over the types t of the bank.
It is the inverted softmax of Smith et al. 2017 as a difference of logarithms, also known as
querybank normalisation (Bogolin et al. 2022). −b is stored as a vector's first number, in place of
its last, so that search stays a cosine.

How sure a detector was of a mention goes the same way: −b + w ln p, with p the detection score, so
that of two mentions that fit a type alike the surer one comes first.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner_retriever.heads.projection.record import BANK_WEIGHT, LEAST_SCORE, TEMPERATURE


class ProjectionHead(nn.Module):
    """A small MLP that maps a site's vectors into the type-aware space.

    Mentions and queries share the layers. Each is first centred on the mean of its own kind: in a
    language model's space all types lie on one side, all mentions on another, and the offset
    between the two says nothing (``mention_mean``, ``query_mean``; zero for a head that was trained
    without).

    Args:
        width: of the site's vectors.
        hidden: width of the layer between.
        dimensions: of the output.
        dropout: after the activation, while training.
        bank: type names in the bank, which is not used while training; 0 for none.
        detection: weight w of the logarithm of a mention's detection score; needs a bank.
        skip: whether a linear path runs beside the layers.
    """

    mention_mean: Tensor
    query_mean: Tensor
    scale: Tensor
    bank: Tensor
    bank_mean: Tensor

    def __init__(
        self,
        width: int,
        hidden: int,
        dimensions: int,
        *,
        dropout: float = 0.1,
        bank: int = 0,
        detection: float = 0.0,
        skip: bool = False,
    ) -> None:
        super().__init__()
        self.detection = detection
        self.register_buffer("mention_mean", torch.zeros(width))
        self.register_buffer("query_mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(()))
        self.first = nn.Linear(width, hidden)
        self.dropout = nn.Dropout(dropout)
        self.second = nn.Linear(hidden, dimensions)
        self.skip = nn.Linear(width, dimensions, bias=False) if skip else None
        self.register_buffer("bank", torch.zeros(bank, dimensions), persistent=bank > 0)
        self.register_buffer("bank_mean", torch.zeros(()), persistent=bank > 0)

    @property
    def width(self) -> int:
        """Width of the vectors that the head takes."""
        return self.first.in_features

    @property
    def dimensions(self) -> int:
        """Width of the vectors that the head gives."""
        return self.second.out_features

    def mentions(self, vectors: Tensor, scores: Tensor | None = None) -> Tensor:
        """Project mentions, (n, width) to (n, dimensions), rows of length 1.

        Args:
            scores: the mentions' detection scores, (n,) in [0, 1]; all 1 by default.
        """
        units = self._project((vectors - self.mention_mean) * self.scale)
        if not self._banked:
            return units
        first = self.bank_mean - self._general(units)
        if scores is not None:
            first = first + self.detection * torch.log(scores.clamp(min=LEAST_SCORE))
        return _with_first(first / BANK_WEIGHT, units)

    def queries(self, vectors: Tensor) -> Tensor:
        """Project queries, (n, width) to (n, dimensions), rows of length 1."""
        units = self._project((vectors - self.query_mean) * self.scale)
        if not self._banked:
            return units
        return _with_first(units.new_full((len(units),), BANK_WEIGHT), units)

    @torch.no_grad()
    def fill_bank(self, queries: Tensor, mentions: Tensor) -> None:
        """Fill the bank.

        Args:
            queries: the site's vectors of as many type names as the bank holds, (bank, width).
            mentions: those of some mentions, (n, width), on whose mean b is centred.
        """
        training = self.training
        self.train(False)
        self.bank.copy_(self._project((queries - self.query_mean) * self.scale))
        units = self._project((mentions - self.mention_mean) * self.scale)
        self.bank_mean.copy_(self._general(units).mean())
        self.train(training)

    @property
    def _banked(self) -> bool:
        return len(self.bank) > 0 and not self.training

    def _general(self, units: Tensor) -> Tensor:
        """What mentions are to types in general, b: (n, dimensions) to (n,)."""
        logits = units @ self.bank.T / TEMPERATURE
        return TEMPERATURE * (torch.logsumexp(logits, dim=1) - math.log(len(self.bank)))

    def _project(self, vectors: Tensor) -> Tensor:
        hidden = self.dropout(functional.silu(self.first(vectors)))
        projected = self.second(hidden)
        if self.skip is not None:
            projected = projected + self.skip(vectors)
        return functional.normalize(projected, dim=-1)


def _with_first(first: Tensor, units: Tensor) -> Tensor:
    return functional.normalize(torch.cat([first[:, None], units[:, :-1]], dim=1), dim=-1)
