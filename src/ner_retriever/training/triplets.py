"""Batches of triplets for the triplet loss (paper, section 3.3)."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner_retriever.errors import ConfigError
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.config import TripletConfig
from ner_retriever.training.exclusion import Exclusions, Rules, Verdict
from ner_retriever.training.negatives import Miner
from ner_retriever.training.split import Split
from ner_retriever.training.vectors import Vectors

_DRAWS = 32


@dataclass(frozen=True, slots=True)
class Triplets:
    """A batch.

    Attributes:
        anchors: (n,) int64; type names first, then mentions: ``len(names) + m`` is mention ``m``.
        positives: (n,) int64, mentions that share a type with the anchor.
        negatives: (n,) int64, mentions that are wrong for it.
        wrong: (n, n) bool, whether ``negatives[j]`` is wrong for ``anchors[i]``.
    """

    anchors: NDArray[np.int64]
    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]
    wrong: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Epoch:
    """All batches of an epoch.

    Attributes:
        batches: of the configured size; the last one may be smaller.
        exclusions: what became of the candidates that BM25 named; ``None`` where it wasn't asked.
    """

    batches: list[Triplets]
    exclusions: Exclusions | None


class TripletSampler:
    """Draws the triplets of an epoch.

    Every type gives at most ``mentions_a_type`` mentions as positives. The anchor of each is, by
    the toss of a coin, the type's name or another of its mentions (the name where there is none).
    The negative is a mention drawn at random, or, for a share, one of those that BM25 finds for
    the anchor. A type that nearly every mention has finds no negative and drops out.

    Args:
        annotations: the training data.
        parts: which types and mentions are for training.
        config: sizes and shares.
        rules, miner: made of the same data; the miner's candidates are the training mentions.
        seed: of every draw.

    Raises:
        ConfigError: fewer than two types have a mention to train on.
    """

    def __init__(
        self,
        annotations: Annotations,
        parts: Split,
        config: TripletConfig,
        *,
        rules: Rules,
        miner: Miner,
        seed: int,
    ) -> None:
        usable = parts.training_types[annotations.types]
        usable &= parts.training_mentions[annotations.owners]
        order = np.argsort(annotations.types[usable], kind="stable")
        self._owners = annotations.owners[usable][order]
        self._types = annotations.types[usable][order]
        self._counts = np.bincount(self._types, minlength=len(annotations.names))
        self._first = np.cumsum(self._counts) - self._counts
        self.types = np.flatnonzero(self._counts)
        if len(self.types) < 2:
            raise ConfigError(
                f"triplets need two types with mentions, not {len(self.types)}; train on more data"
            )
        self._candidates = np.unique(self._owners)
        self._names = len(annotations.names)
        self._config = config
        self._rules = rules
        self._miner = miner
        self._seed = seed

    def epoch(self, number: int) -> Epoch:
        """Draw an epoch; the same number and seed give the same one, whatever was drawn before."""
        generator = np.random.default_rng([self._seed, number])
        rows = self._positive_rows(generator)
        anchors = self._anchors(rows, generator)
        negatives = self._random_negatives(anchors, generator)
        exclusions = None
        hard = np.flatnonzero(generator.random(len(anchors)) < self._config.hard_share)
        if len(hard):
            asked, which = np.unique(anchors[hard], return_inverse=True)
            found = self._miner.by_bm25(asked)
            exclusions = found.exclusions
            mined = _one_of_each(found.mentions[which], generator)
            negatives[hard] = np.where(mined >= 0, mined, negatives[hard])
        chosen = generator.permutation(np.flatnonzero(negatives >= 0))
        batches = [
            self._batch(anchors[part], self._owners[rows[part]], negatives[part])
            for start in range(0, len(chosen), self._config.batch)
            for part in [chosen[start : start + self._config.batch]]
        ]
        return Epoch(batches, exclusions)

    def _positive_rows(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """Rows of (owner, type), at most so many a type, drawn without replacement."""
        shuffled = np.lexsort((generator.random(len(self._types)), self._types))
        rank = np.arange(len(self._types)) - self._first[self._types]
        return shuffled[rank < self._config.mentions_a_type]

    def _anchors(
        self, rows: NDArray[np.int64], generator: np.random.Generator
    ) -> NDArray[np.int64]:
        types = self._types[rows]
        counts, first = self._counts[types], self._first[types]
        step = 1 + generator.integers(np.maximum(counts - 1, 1))
        others = self._owners[first + (rows - first + step) % counts]
        by_name = (generator.random(len(rows)) < 0.5) | (counts == 1)
        return np.where(by_name, types, self._names + others)

    def _random_negatives(
        self, anchors: NDArray[np.int64], generator: np.random.Generator
    ) -> NDArray[np.int64]:
        """A wrong mention for each anchor; −1 where none of the draws is wrong."""
        drawn = generator.choice(self._candidates, (len(anchors), _DRAWS))
        wrong = self._rules.judge(anchors, drawn) == Verdict.WRONG
        negatives = drawn[np.arange(len(anchors)), wrong.argmax(axis=1)]
        return np.where(wrong.any(axis=1), negatives, -1)

    def _batch(
        self,
        anchors: NDArray[np.int64],
        positives: NDArray[np.int64],
        negatives: NDArray[np.int64],
    ) -> Triplets:
        pairs = np.broadcast_to(negatives, (len(anchors), len(negatives)))
        wrong = self._rules.judge(anchors, pairs) == Verdict.WRONG
        return Triplets(anchors, positives, negatives, wrong)


def anchor_vectors(
    head: ProjectionHead, vectors: Vectors, names: int, anchors: NDArray[np.int64]
) -> Tensor:
    """Project anchors, names as queries and mentions as mentions: (n, dimensions), of length 1.

    Args:
        names: how many type names there are.
    """
    is_name = anchors < names
    of_names = head.queries(vectors.queries(anchors[is_name]).site)
    of_mentions = head.mentions(vectors.mentions(anchors[~is_name] - names).site)
    # The order in which the two were put together, undone.
    back = np.argsort(np.argsort(~is_name, kind="stable"), kind="stable")
    return torch.cat([of_names, of_mentions])[torch.from_numpy(back).to(vectors.device)]


def _one_of_each(mentions: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """One entry of each row before its padding of −1; −1 for an empty row."""
    found = (mentions >= 0).sum(axis=1)
    picked = (generator.random(len(mentions)) * found).astype(np.int64)
    one: NDArray[np.int64] = mentions[np.arange(len(mentions)), picked]
    return one
