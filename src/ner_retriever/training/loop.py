"""Training a head on extracted activations."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError
from ner_retriever.head.network import Head
from ner_retriever.training.activations import Activations
from ner_retriever.training.losses import softmax_loss
from ner_retriever.training.split import Split, split
from ner_retriever.training.validation import validate


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig(Settings):
    """How a head is trained.

    Attributes:
        hidden, dimensions, dropout: of the head.
        steps: batches in all.
        types_a_batch: types drawn for a batch, each at most once.
        mentions_a_type: mentions drawn for each of them.
        flatness: a type is drawn with probability ∝ count^(1 − flatness).
        rarest: types with fewer mentions are left out.
        learning_rate, weight_decay: AdamW's; the rate falls to 0 on a cosine.
        temperature: where the learned temperature begins.
        held_out: types kept for validation; 0 trains on all.
        validation_sources: validate on texts of these sources; all, where none is named.
        evaluate_every: steps between validations.
        seed: of every draw.
    """

    hidden: int = 512
    dimensions: int = 256
    dropout: float = 0.1
    steps: int = 1500
    types_a_batch: int = 256
    mentions_a_type: int = 4
    flatness: float = 0.5
    rarest: int = 2
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    temperature: float = 0.05
    held_out: int = 0
    validation_sources: tuple[str, ...] = ()
    evaluate_every: int = 250
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("hidden", "dimensions", "steps", "mentions_a_type", "evaluate_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.types_a_batch < 2:
            raise ConfigError(f"types_a_batch must be at least 2, not {self.types_a_batch}")
        if self.held_out < 0:
            raise ConfigError(f"held_out must not be negative, not {self.held_out}")
        if self.temperature <= 0 or self.learning_rate <= 0:
            raise ConfigError("temperature and learning_rate must be greater than 0")


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained head and how it came about.

    Attributes:
        types: names of the types that it was trained on.
        log: one record a validation: step, loss since the last, and, with held-out types, their
            R-Precision.
    """

    head: Head
    types: tuple[str, ...]
    log: list[dict[str, float]] = field(default_factory=list)


def train(
    activations: Activations,
    config: TrainingConfig,
    *,
    report: Callable[[dict[str, float]], None] | None = None,
) -> Trained:
    """Train a head; same activations, config and threads, same head.

    Args:
        report: called with each record of the log as it is made.
    """
    torch.manual_seed(config.seed)
    parts = split(
        activations,
        held_out=config.held_out,
        seed=config.seed,
        sources=config.validation_sources,
    )
    sampler = _Sampler(activations, parts, config)
    head = _new_head(activations, parts, config)
    log_temperature = torch.tensor(np.log(config.temperature)).float().requires_grad_()
    optimizer = torch.optim.AdamW(
        [*head.parameters(), log_temperature],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    log: list[dict[str, float]] = []
    losses: list[float] = []
    for step in range(1, config.steps + 1):
        head.train()
        mentions, types, positive = sampler.draw()
        loss = softmax_loss(
            head.mentions(torch.from_numpy(activations.mentions[mentions])),
            head.queries(torch.from_numpy(activations.queries[types])),
            positive,
            log_temperature.exp(),
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % config.evaluate_every == 0 or step == config.steps:
            log.append(
                {
                    "step": step,
                    "loss": float(np.mean(losses)),
                    **(
                        {"validation_r_precision": validate(head, activations, parts)}
                        if config.held_out
                        else {}
                    ),
                }
            )
            losses.clear()
            if report:
                report(log[-1])
    names = tuple(activations.names[number] for number in sampler.types)
    return Trained(head.eval().requires_grad_(False), names, log)


def _new_head(activations: Activations, parts: Split, config: TrainingConfig) -> Head:
    """Centre and scale on the training data, so that the layers see numbers around 1."""
    width = activations.mentions.shape[1]
    head = Head(width, config.hidden, config.dimensions, dropout=config.dropout)
    mentions = torch.from_numpy(activations.mentions[parts.training_mentions])
    queries = torch.from_numpy(activations.queries[parts.training_types])
    head.mention_mean.copy_(mentions.mean(dim=0))
    head.query_mean.copy_(queries.mean(dim=0))
    head.scale.copy_(1 / (mentions - head.mention_mean).std())
    return head


class _Sampler:
    """Draws batches: some types, some mentions of each, and which goes with which."""

    def __init__(self, activations: Activations, parts: Split, config: TrainingConfig) -> None:
        usable = parts.training_types[activations.types]
        usable &= parts.training_mentions[activations.owners]
        order = np.argsort(activations.types[usable], kind="stable")
        self._owners = activations.owners[usable][order]
        types = activations.types[usable][order]
        counts = np.bincount(types, minlength=len(activations.names))
        self._first = np.cumsum(counts) - counts
        self._counts = counts
        self.types = np.flatnonzero(counts >= config.rarest)
        if len(self.types) < 2:
            raise ConfigError(
                f"only {len(self.types)} types have {config.rarest} mentions or more; "
                "train on more data or lower rarest"
            )
        weights = counts[self.types].astype(float) ** (1 - config.flatness)
        self._weights = weights / weights.sum()
        self._generator = np.random.default_rng(config.seed)
        self._config = config
        by_mention = np.argsort(self._owners, kind="stable")
        self._types_of = types[by_mention]
        sizes = np.bincount(self._owners, minlength=len(activations.mentions))
        self._sizes, self._start = sizes, np.cumsum(sizes) - sizes

    def draw(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Tensor]:
        """Return mentions (m,), types (t,), and whether a mention has a type, (m, t)."""
        types = self._generator.choice(
            self.types,
            min(self._config.types_a_batch, len(self.types)),
            replace=False,
            p=self._weights,
        )
        offsets = self._generator.random((len(types), self._config.mentions_a_type))
        rows = self._first[types, None] + (offsets * self._counts[types, None]).astype(np.int64)
        mentions = np.unique(self._owners[rows])
        column = np.full(len(self._counts), -1)
        column[types] = np.arange(len(types))
        sizes = self._sizes[mentions]
        row = np.repeat(np.arange(len(mentions)), sizes)
        inside = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        columns = column[self._types_of[np.repeat(self._start[mentions], sizes) + inside]]
        positive = torch.zeros(len(mentions), len(types), dtype=torch.bool)
        positive[row[columns >= 0], columns[columns >= 0]] = True
        return mentions, types, positive
