"""What a training step is: a batch, and a loss of its vectors.

A batch hangs on the seed and its number alone, so that a run goes on where it stopped.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ner_retriever.errors import ConfigError
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.config import SoftmaxConfig, TripletConfig
from ner_retriever.training.context import ContextObjective
from ner_retriever.training.exclusion import Exclusions
from ner_retriever.training.hierarchy import estimate_hierarchy
from ner_retriever.training.losses import softmax_loss, triplet_loss
from ner_retriever.training.mining import NearNegatives
from ner_retriever.training.relation import Relation
from ner_retriever.training.relatives import Relatives, Siblings
from ner_retriever.training.split import Split
from ner_retriever.training.triplets import Epoch, Triplets, TripletSampler, anchor_vectors
from ner_retriever.training.vectors import Reading, Vectors

B = TypeVar("B")


class Objective(Protocol[B]):
    """What is made small.

    Attributes:
        types: numbers of the types that it trains on, (types,) int64.
        parameters: what it learns itself.
        follows_head: whether a batch hangs on what the head has learnt so far.
    """

    types: NDArray[np.int64]
    parameters: nn.ParameterList
    follows_head: bool

    @property
    def exclusions(self) -> Exclusions | None:
        """What became of the candidates for hard negatives, where any were mined."""

    def prepare(self, step: int, vectors: Vectors) -> B:
        """Return a step's batch; steps are counted from 0.

        Unless it follows the head, a batch may be prepared in another thread, ahead of its step.
        """

    def loss(self, batch: B, head: ProjectionHead, vectors: Vectors) -> Tensor:
        """Return a batch's loss, a scalar."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some mentions, some types, and which goes with which.

    Attributes:
        mentions, types: (m,) and (t,) int64.
        positive: (m, t) bool.
        spared: pairs that are neither positive nor negative, (m, t) bool, where any are.
        read_mentions, read_types: read them.
    """

    mentions: NDArray[np.int64]
    types: NDArray[np.int64]
    positive: Tensor
    spared: Tensor | None
    read_mentions: Reading
    read_types: Reading


class SoftmaxObjective:
    """Some types, some mentions of each, and which goes with which.

    Args:
        sizes: numbers of leading dimensions that the loss is taken over, in the mean.
        rarest: types with fewer mentions are left out.
        negatives: finds hard negatives of the types that are drawn.
        context: the loss of a context head, which is added.
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
        context: ContextObjective | None = None,
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
        self.follows_head = negatives is not None
        self._context = context
        self._relatives: Relatives | None = None
        self._siblings: Siblings | None = None
        if config.spare_relatives or config.siblings:
            sizes_of = {"mentions": annotations.count, "count": len(counts)}
            hierarchy = estimate_hierarchy(annotations.owners, annotations.types, **sizes_of)
            if config.spare_relatives:
                self._relatives = Relatives(owners, types, **sizes_of, hierarchy=hierarchy)
            if config.siblings:
                self._siblings = Siblings(self.types, counts, hierarchy)
        temperature = torch.tensor(float(np.log(config.temperature)))
        self.parameters = nn.ParameterList([nn.Parameter(temperature)])
        if context:
            self.parameters.extend(context.parameters)

    @property
    def exclusions(self) -> Exclusions | None:
        """What became of the candidates for hard negatives, where any were mined."""
        return self._negatives.exclusions if self._negatives else None

    def prepare(self, step: int, vectors: Vectors) -> Batch:
        """Draw a step's batch."""
        mentions, types, positive = self.draw(step)
        spared = self._spared(mentions, types, positive)
        return Batch(mentions, types, positive, spared, *vectors.prepare(mentions, types))

    def loss(self, batch: Batch, head: ProjectionHead, vectors: Vectors) -> Tensor:
        """Return a batch's loss, a scalar."""
        read, asked = batch.read_mentions(), batch.read_types()
        positive = batch.positive.to(vectors.device)
        spared = batch.spared.to(vectors.device) if batch.spared is not None else None
        mentions, queries = head.mentions(read.site), head.queries(asked.site)
        temperature = self.parameters[0].exp()
        losses = [
            softmax_loss(
                _first(mentions, size), _first(queries, size), positive, temperature, spared
            )
            for size in self._sizes
        ]
        loss = torch.stack(losses).mean()
        if self._context:
            states = read.context, asked.context
            loss = loss + self._context.loss(batch.mentions, batch.types, positive, spared, states)
        return loss

    def draw(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Tensor]:
        """Return mentions (m,), types (t,), and whether a mention has a type, (m, t) bool."""
        generator = np.random.default_rng([self._seed, step])
        wanted = min(self._config.types_a_batch, len(self.types))
        if self._siblings:
            near = round(self._config.siblings * wanted)
            types = generator.choice(self.types, wanted - near, replace=False, p=self._weights)
            types = np.concatenate([types, self._siblings.draw(generator, types, near)])
        else:
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

    def _spared(
        self, mentions: NDArray[np.int64], types: NDArray[np.int64], positive: Tensor
    ) -> Tensor | None:
        """Pairs that are neither positive nor negative, (m, t) bool."""
        if not self._relatives:
            return None
        return torch.from_numpy(self._relatives.spared(mentions, types)) & ~positive

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
        self.follows_head = False
        self.parameters = nn.ParameterList()

    @property
    def exclusions(self) -> Exclusions | None:
        """What became of the candidates that BM25 named in the present epoch."""
        return self._epoch[1].exclusions

    def prepare(self, step: int, vectors: Vectors) -> Triplets:  # noqa: ARG002
        """Return a step's triplets; an epoch that has fewer batches begins again."""
        number, place = divmod(step, self._batches)
        if number != self._epoch[0]:
            self._epoch = (number, self._sampler.epoch(number))
        batches = self._epoch[1].batches
        return batches[place % len(batches)]

    def loss(self, batch: Triplets, head: ProjectionHead, vectors: Vectors) -> Tensor:
        """Return a batch's loss, a scalar."""
        return triplet_loss(
            anchor_vectors(head, vectors, self._names, batch.anchors),
            head.mentions(vectors.mentions(batch.positives).site),
            head.mentions(vectors.mentions(batch.negatives).site),
            torch.from_numpy(batch.wrong).to(vectors.device),
            margin=self._margin,
        )


def _first(vectors: Tensor, size: int) -> Tensor:
    return functional.normalize(vectors[:, :size], dim=-1)
