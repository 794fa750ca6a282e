"""What a training step is: a batch, and a loss of its vectors.

A batch hangs on the seed and its number alone, so that a run goes on where it stopped.
"""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ner_retriever.errors import ConfigError
from ner_retriever.head.network import Head
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.config import SoftmaxConfig, TripletConfig
from ner_retriever.training.exclusion import Exclusions
from ner_retriever.training.losses import softmax_loss, triplet_loss
from ner_retriever.training.mining import NearNegatives
from ner_retriever.training.relation import Relation
from ner_retriever.training.split import Split
from ner_retriever.training.triplets import Epoch, TripletSampler, anchor_vectors
from ner_retriever.training.vectors import Vectors


class Objective(Protocol):
    """What is made small.

    Attributes:
        types: numbers of the types that it trains on, (types,) int64.
        parameters: what it learns itself.
    """

    types: NDArray[np.int64]
    parameters: nn.ParameterList

    @property
    def exclusions(self) -> Exclusions | None:
        """What became of the candidates for hard negatives, where any were mined."""

    def loss(self, step: int, head: Head, vectors: Vectors) -> Tensor:
        """Return a step's loss, a scalar; steps are counted from 0."""


class SoftmaxObjective:
    """Some types, some mentions of each, and which goes with which.

    Args:
        sizes: numbers of leading dimensions that the loss is taken over, in the mean.
        rarest: types with fewer mentions are left out.
        negatives: finds hard negatives of the types that are drawn.
    """

    def __init__(
        self,
        annotations: Annotations,
        parts: Split,
        config: SoftmaxConfig,
        *,
        sizes: tuple[int, ...],
        rarest: int,
        seed: int,
        negatives: NearNegatives | None = None,
    ) -> None:
        usable = parts.training_types[annotations.types]
        usable &= parts.training_mentions[annotations.owners]
        owners, types = annotations.owners[usable], annotations.types[usable]
        counts = np.bincount(types, minlength=len(annotations.names))
        self.types = np.flatnonzero(counts >= rarest)
        if len(self.types) < 2:
            raise ConfigError(
                f"only {len(self.types)} types have {rarest} mentions or more; "
                "train on more data or lower rarest"
            )
        weights = counts[self.types].astype(float) ** (1 - config.flatness)
        self._weights = weights / weights.sum()
        self._counts = counts
        self._mentions_of = Relation(types, owners, len(counts))
        self._types_of = Relation(owners, types, annotations.count)
        self._texts = annotations.texts
        self._mentions_in = Relation(self._texts[owners], owners, int(self._texts[-1]) + 1)
        self._config = config
        self._sizes = sizes
        self._seed = seed
        self._negatives = negatives
        temperature = torch.tensor(float(np.log(config.temperature)))
        self.parameters = nn.ParameterList([nn.Parameter(temperature)])

    @property
    def exclusions(self) -> Exclusions | None:
        """What became of the candidates for hard negatives, where any were mined."""
        return self._negatives.exclusions if self._negatives else None

    def loss(self, step: int, head: Head, vectors: Vectors) -> Tensor:
        """Return a step's loss, a scalar."""
        rows, types, positive = self.draw(step)
        mentions = head.mentions(vectors.mentions(rows))
        queries = head.queries(vectors.queries(types))
        temperature = self.parameters[0].exp()
        losses = [
            softmax_loss(_first(mentions, size), _first(queries, size), positive, temperature)
            for size in self._sizes
        ]
        return torch.stack(losses).mean()

    def draw(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Tensor]:
        """Return mentions (m,), types (t,), and whether a mention has a type, (m, t) bool."""
        generator = np.random.default_rng([self._seed, step])
        wanted = min(self._config.types_a_batch, len(self.types))
        types = generator.choice(self.types, wanted, replace=False, p=self._weights)
        mentions = np.unique(self._some(generator, types))
        if self._config.whole_texts:
            mentions = self._mentions_in.of(np.unique(self._texts[mentions]))[1]
        positive = self._positive(mentions, types)
        chosen = positive.any(dim=1)
        mentions, positive = mentions[chosen.numpy()], positive[chosen]
        if self._negatives:
            found = self._negatives.of(types, step)
            found = generator.permuted(found, axis=1)[:, : self._config.hard_negatives]
            added = np.setdiff1d(found[found >= 0], mentions)
            mentions = np.concatenate([mentions, added])
            positive = torch.cat([positive, self._positive(added, types)])
        return mentions, types, positive

    def _positive(self, mentions: NDArray[np.int64], types: NDArray[np.int64]) -> Tensor:
        column = np.full(len(self._counts), -1)
        column[types] = np.arange(len(types))
        positions, of_mention = self._types_of.of(mentions)
        inside = column[of_mention] >= 0
        positive = torch.zeros(len(mentions), len(types), dtype=torch.bool)
        positive[positions[inside], column[of_mention[inside]]] = True
        return positive

    def _some(self, generator: np.random.Generator, types: NDArray[np.int64]) -> NDArray[np.int64]:
        """Draw mentions of each type, with replacement."""
        _, owners = self._mentions_of.of(types)
        counts = self._counts[types]
        offsets = generator.random((len(types), self._config.mentions_a_type)) * counts[:, None]
        first = np.cumsum(counts) - counts
        drawn: NDArray[np.int64] = owners[(first[:, None] + offsets.astype(np.int64)).ravel()]
        return drawn


class TripletObjective:
    """The paper's triplets, epoch by epoch (section 3.3).

    Attributes:
        steps: of all epochs.
    """

    def __init__(
        self, annotations: Annotations, sampler: TripletSampler, config: TripletConfig
    ) -> None:
        self._names = len(annotations.names)
        self._sampler = sampler
        self._margin = config.margin
        self._epoch: tuple[int, Epoch] = (0, sampler.epoch(0))
        self._batches = len(self._epoch[1].batches)
        self.types = sampler.types
        self.steps = config.epochs * self._batches
        self.parameters = nn.ParameterList()

    @property
    def exclusions(self) -> Exclusions | None:
        """What became of the candidates that BM25 named in the present epoch."""
        return self._epoch[1].exclusions

    def loss(self, step: int, head: Head, vectors: Vectors) -> Tensor:
        """Return a step's loss, a scalar; an epoch that has fewer batches begins again."""
        number, place = divmod(step, self._batches)
        if number != self._epoch[0]:
            self._epoch = (number, self._sampler.epoch(number))
        batches = self._epoch[1].batches
        batch = batches[place % len(batches)]
        return triplet_loss(
            anchor_vectors(head, vectors, self._names, batch.anchors),
            head.mentions(vectors.mentions(batch.positives)),
            head.mentions(vectors.mentions(batch.negatives)),
            torch.from_numpy(batch.wrong),
            margin=self._margin,
        )


def _first(vectors: Tensor, size: int) -> Tensor:
    return functional.normalize(vectors[:, :size], dim=-1)
