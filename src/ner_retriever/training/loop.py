"""Training: first a head on extracted activations, then, where wanted, an adapter with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ner_retriever.config import fingerprint
from ner_retriever.encode import Extractor
from ner_retriever.head.network import Head
from ner_retriever.training.activations import Activations
from ner_retriever.training.adapter import Adapter
from ner_retriever.training.checkpoint import Checkpoint, Progress, restore
from ner_retriever.training.config import AdapterConfig, SoftmaxConfig, TrainingConfig
from ner_retriever.training.exclusion import Exclusions, Rules
from ner_retriever.training.mining import NearNegatives
from ner_retriever.training.negatives import Miner
from ner_retriever.training.objectives import Objective, SoftmaxObjective, TripletObjective
from ner_retriever.training.split import Split, split
from ner_retriever.training.triplets import TripletSampler
from ner_retriever.training.typed_mentions import TypedText
from ner_retriever.training.validation import Validation, validate
from ner_retriever.training.vectors import FrozenVectors, LiveVectors, Vectors

_RISE = 0.05

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained head and how it came about.

    Attributes:
        adapter: the backbone's low-rank updates, by name; ``None`` where it stays as it is.
        types: names of the types that it was trained on.
        log: one record a validation: stage, step, loss since the last, and, with held-out types,
            their R-Precision.
        validation: what was held out, embedded with the result; ``None`` where nothing was.
        exclusions: what became of the candidates for hard negatives, where any were mined.
    """

    head: Head
    adapter: dict[str, Tensor] | None
    types: tuple[str, ...]
    log: list[dict[str, Any]] = field(default_factory=list)
    validation: Validation | None = None
    exclusions: Exclusions | None = None


@dataclass(frozen=True, slots=True)
class _Stage:
    """A part of a run: what is trained, on which vectors, how long and how fast."""

    name: str
    model: nn.Module
    objective: Objective
    vectors: Vectors
    steps: int
    rates: list[tuple[nn.Module, float]]
    rise: float = 0.0


def train(
    activations: Activations,
    texts: Sequence[TypedText],
    config: TrainingConfig,
    *,
    extractor: Extractor | None = None,
    checkpoints: Path | None = None,
    report: Report | None = None,
) -> Trained:
    """Train a head; same activations, config and threads, same head.

    Args:
        texts: what the activations were extracted from.
        extractor: of the backbone that gets an adapter; needed where the config asks for one. It
            is changed and must not serve as anything else afterwards.
        checkpoints: folder where states are kept; a run that was stopped goes on from there.
        report: called with each record of the log as it is made.

    Raises:
        ConfigError: the data don't allow what the config asks for, or the folder holds states of
            another run.
        MissingExtra: an optional dependency that the config needs is not installed.
    """
    torch.manual_seed(config.seed)
    parts = split(
        activations,
        held_out=config.held_out,
        seed=config.seed,
        sources=config.validation_sources,
        held_out_sources=config.held_out_sources,
    )
    run = _Run(activations, texts, config, parts, checkpoints, report)
    head = _new_head(activations, parts, config)
    vectors: Vectors = FrozenVectors(activations)
    stage = run.head_stage(head, vectors)
    run.fit(stage, head)
    adapter = None
    if config.adapter:
        if extractor is None:
            raise ValueError("an adapter needs the extractor of the backbone")
        adapter = Adapter(extractor.backbone, rank=config.adapter.rank, seed=config.seed)
        names = activations.names
        vectors = LiveVectors(extractor, texts, names, bfloat16=config.adapter.bfloat16)
        stage = run.adapter_stage(head, vectors, adapter, config.adapter)
        run.fit(stage, head)
    return Trained(
        head=head.eval().requires_grad_(False),
        adapter=adapter.tensors() if adapter else None,
        types=tuple(activations.names[number] for number in stage.objective.types),
        log=run.log,
        validation=validate(head, vectors, activations, parts) if config.held_out else None,
        exclusions=stage.objective.exclusions,
    )


class _Run:
    """What the stages of a run have in common."""

    def __init__(
        self,
        activations: Activations,
        texts: Sequence[TypedText],
        config: TrainingConfig,
        parts: Split,
        checkpoints: Path | None,
        report: Report | None,
    ) -> None:
        self.log: list[dict[str, Any]] = []
        self._activations, self._texts = activations, texts
        self._config, self._parts = config, parts
        self._report = report
        self._checkpoints = checkpoints
        self._fingerprint = fingerprint(
            {"config": config.to_record(), "activations": activations.fingerprint}
        )

    def head_stage(self, head: Head, vectors: Vectors) -> _Stage:
        """The head alone."""
        config = self._config
        objective = self._objective(head)
        steps = objective.steps if isinstance(objective, TripletObjective) else config.steps
        model = nn.ModuleList([head, objective.parameters])
        return _Stage(
            "head", model, objective, vectors, steps, rates=[(model, config.learning_rate)]
        )

    def adapter_stage(
        self, head: Head, vectors: Vectors, adapter: Adapter, config: AdapterConfig
    ) -> _Stage:
        """The head and the adapter together."""
        objective = self._objective(head, config)
        quick = nn.ModuleList([head, objective.parameters])
        return _Stage(
            "adapter",
            nn.ModuleList([quick, adapter]),
            objective,
            vectors,
            config.steps,
            rates=[(quick, config.head_learning_rate), (adapter, config.learning_rate)],
            rise=_RISE,
        )

    def fit(self, stage: _Stage, head: Head) -> None:
        """Train a stage to its end, from where a stopped run left it; keep the best model."""
        config = self._config
        optimizer = torch.optim.AdamW(
            [{"params": list(module.parameters()), "lr": rate} for module, rate in stage.rates],
            weight_decay=config.weight_decay,
        )
        progress = Progress(stage.name, 0, list(self.log))
        checkpoint = self._checkpoint(stage)
        if checkpoint and (found := checkpoint.read()):
            progress, tensors = found
            restore(tensors, stage.model, optimizer)
        losses: list[float] = []
        while progress.step < stage.steps and not self._stale(progress):
            _set_rates(optimizer, stage, progress.step)
            # Dropout hangs on the step as well, so that a resumed run draws what it would have.
            torch.manual_seed(config.seed * 1_000_003 + progress.step)
            head.train()
            loss = stage.objective.loss(progress.step, head, stage.vectors)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            losses.append(loss.item())
            progress.step += 1
            if progress.step % config.evaluate_every == 0 or progress.step == stage.steps:
                self._look(stage, head, progress, float(np.mean(losses)))
                losses.clear()
                if checkpoint:
                    checkpoint.write(progress, stage.model, optimizer)
        if progress.best is not None:
            stage.model.load_state_dict(progress.best)
        self.log = progress.log

    def _checkpoint(self, stage: _Stage) -> Checkpoint | None:
        if self._checkpoints is None:
            return None
        return Checkpoint(self._checkpoints / f"{stage.name}.safetensors", self._fingerprint)

    def _stale(self, progress: Progress) -> bool:
        return 0 < self._config.patience <= progress.since_best

    def _look(self, stage: _Stage, head: Head, progress: Progress, loss: float) -> None:
        """Log how training stands, and remember the model where it is the best so far."""
        record: dict[str, Any] = {"stage": stage.name, "step": progress.step, "loss": loss}
        if self._config.held_out:
            found = validate(head, stage.vectors, self._activations, self._parts)
            value = found.r_precision()
            record["validation_r_precision"] = value
            progress.since_best += 1
            if value > progress.best_value:
                progress.best_value, progress.since_best = value, 0
                progress.best = {
                    name: weights.detach().clone()
                    for name, weights in stage.model.state_dict().items()
                }
        progress.log.append(record)
        if self._report:
            self._report(record)

    def _objective(self, head: Head, adapter: AdapterConfig | None = None) -> Objective:
        config, activations, parts = self._config, self._activations, self._parts
        if isinstance(config.loss, SoftmaxConfig):
            loss = config.loss
            if adapter:
                loss = replace(
                    loss,
                    types_a_batch=adapter.types_a_batch,
                    mentions_a_type=adapter.mentions_a_type,
                )
            near = None
            if loss.hard_negatives:
                # Mining reads all mentions, so the backbone of an adapter's stage is not asked.
                every = 0 if adapter else config.evaluate_every
                near = NearNegatives(head, activations, self._miner(), every=every)
            return SoftmaxObjective(
                activations,
                parts,
                loss,
                sizes=(*config.nested, config.dimensions),
                rarest=config.rarest,
                seed=config.seed,
                whole_texts=adapter is not None,
                negatives=near,
            )
        sampler = TripletSampler(
            activations,
            parts,
            config.loss,
            rules=Rules(activations, self._texts),
            miner=self._miner(),
            seed=config.seed,
        )
        return TripletObjective(activations, sampler, config.loss)

    def _miner(self) -> Miner:
        return Miner(
            self._activations,
            self._texts,
            Rules(self._activations, self._texts),
            usable=self._parts.training_mentions,
        )


def _set_rates(optimizer: torch.optim.Optimizer, stage: _Stage, step: int) -> None:
    """Let the rates rise in a line and fall to 0 on a cosine."""
    done = step / stage.steps
    risen = min(1.0, (step + 1) / max(1.0, stage.rise * stage.steps))
    for group, (_, rate) in zip(optimizer.param_groups, stage.rates, strict=True):
        group["lr"] = rate * risen * 0.5 * (1 + np.cos(np.pi * done))


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
