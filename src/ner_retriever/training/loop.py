"""Training: a head on extracted vectors, or a head together with an adapter of the backbone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ner_retriever.config import fingerprint
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.adapter import Adapter
from ner_retriever.training.ahead import prepared
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.averaging import Average
from ner_retriever.training.bank import Bank, choose_bank
from ner_retriever.training.checkpoint import Checkpoint, Progress, restore
from ner_retriever.training.config import SoftmaxConfig, TrainingConfig
from ner_retriever.training.context import ContextObjective, sentences_of
from ner_retriever.training.exclusion import Exclusions, Rules
from ner_retriever.training.mining import NearNegatives
from ner_retriever.training.negatives import Miner
from ner_retriever.training.new_heads import new_heads
from ner_retriever.training.objectives import (
    Objective,
    SoftmaxObjective,
    TripletObjective,
)
from ner_retriever.training.split import Split, split
from ner_retriever.training.triplets import TripletSampler
from ner_retriever.training.typed_mentions import TypedText
from ner_retriever.training.validation import Asked, Validation, asked_of_source, validate
from ner_retriever.training.vectors import Vectors

_RISE = 0.05
_CHOSEN_BY = "validation_r_precision"

Report = Callable[[dict[str, Any]], None]
Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained head and how it came about.

    Attributes:
        context: the context head, where one was trained.
        adapter: the backbone's low-rank updates, by name; ``None`` where it stays as it is.
        types: names of the types that it was trained on.
        log: one record a validation: step, loss since the last, and, with held-out types, their
            R-Precision.
        validation: what was held out, embedded with the result; ``None`` where nothing was.
        exclusions: what became of the candidates for hard negatives, where any were mined.
    """

    head: ProjectionHead
    context: ProjectionHead | None
    adapter: dict[str, Tensor] | None
    types: tuple[str, ...]
    log: list[dict[str, Any]] = field(default_factory=list)
    validation: Validation | None = None
    exclusions: Exclusions | None = None


def train(
    annotations: Annotations,
    texts: Sequence[TypedText],
    vectors: Vectors,
    config: TrainingConfig,
    *,
    adapter: Adapter | None = None,
    checkpoint: Path | None = None,
    report: Report | None = None,
    progress: Advance | None = None,
) -> Trained:
    """Train a head; same data, vectors, config and threads, same head.

    Args:
        annotations: of the texts.
        vectors: of their mentions and types.
        adapter: of the backbone that the vectors come from; trained with the head.
        checkpoint: file where the run's state is kept; a run that was stopped goes on from there.
        report: called with each record of the log as it is made.
        progress: called after each step with (steps done, steps in all).

    Raises:
        ConfigError: the data don't allow what the config asks for, or the file holds the state of
            another run.
        MissingExtra: an optional dependency that the config needs is not installed.
    """
    parts = split(
        annotations,
        held_out=config.held_out,
        seed=config.seed,
        sources=config.validation_sources,
        held_out_sources=config.held_out_sources,
    )
    bank = choose_bank(annotations, parts, config.bank, config.seed)
    head, context = new_heads(vectors, parts, config, bank=len(bank.types))
    objective = _objective(annotations, texts, vectors, config, parts, head, context)
    run = _Run(annotations, vectors, config, parts, head, context, bank, objective, adapter)
    steps = objective.steps if isinstance(objective, TripletObjective) else config.steps
    log = run.fit(steps, checkpoint, report, progress)
    bank.fill(head, vectors, context)
    found = run.validation
    if config.held_out and not found:
        # The best model is from before this run was resumed.
        asked = Asked(parts.validation_types, parts.validation_mentions)
        found = validate(head, context, vectors, annotations, asked)
    return Trained(
        head=head.cpu().eval().requires_grad_(False),
        context=context.cpu().eval().requires_grad_(False) if context else None,
        adapter=adapter.tensors() if adapter else None,
        types=tuple(annotations.names[number] for number in objective.types),
        log=log,
        validation=found,
        exclusions=objective.exclusions,
    )


class _Run:
    """A model in training: head, what the objective learns, adapter.

    Attributes:
        validation: of the best model, where it was found in this run.
    """

    def __init__(
        self,
        annotations: Annotations,
        vectors: Vectors,
        config: TrainingConfig,
        parts: Split,
        head: ProjectionHead,
        context: ProjectionHead | None,
        bank: Bank,
        objective: Objective[Any],
        adapter: Adapter | None,
    ) -> None:
        self.validation: Validation | None = None
        self._annotations, self._vectors, self._parts = annotations, vectors, parts
        self._config, self._head, self._objective = config, head, objective
        self._context, self._bank = context, bank
        self._asked = {
            f"{source}_r_precision": asked_of_source(annotations, source)
            for source in config.held_out_sources
        }
        if config.held_out:
            types = Asked(parts.validation_types, parts.validation_mentions)
            self._asked[_CHOSEN_BY] = types
        trained = [head, *([context] if context else []), objective.parameters]
        quick = nn.ModuleList(trained)
        self._rates: list[tuple[nn.Module, float]] = [(quick, config.learning_rate)]
        if adapter and config.adapter:
            self._rates.append((adapter, config.adapter.learning_rate))
        self._model = nn.ModuleList([module for module, _ in self._rates])
        self._optimizer = torch.optim.AdamW(
            [{"params": list(module.parameters())} for module in self._model],
            weight_decay=config.weight_decay,
        )
        self._average = Average(self._model, config.average)

    def fit(
        self,
        steps: int,
        checkpoint: Path | None,
        report: Report | None,
        advance: Advance | None,
    ) -> list[dict[str, Any]]:
        """Train to the end, from where a stopped run left it, keep the best, return the log."""
        config = self._config
        progress = Progress(step=0, log=[])
        stored = Checkpoint(checkpoint, self._fingerprint()) if checkpoint else None
        if stored and (found := stored.read()):
            progress, tensors = found
            restore(tensors, self._model, self._optimizer)
            self._average.restore(progress.average)
        losses: list[float] = []
        batches = prepared(self._objective, self._vectors, range(progress.step, steps))
        while progress.step < steps and not 0 < config.patience <= progress.since_best:
            losses.append(self._step(progress.step, steps, next(batches)))
            progress.step += 1
            if advance:
                advance(progress.step, steps)
            if progress.step % config.evaluate_every == 0 or progress.step == steps:
                with self._average.in_place():
                    self._look(progress, float(np.mean(losses)))
                losses.clear()
                progress.average = self._average.state
                if stored:
                    stored.write(progress, self._model, self._optimizer)
                if report:
                    report(progress.log[-1])
        best = self._average.state if progress.best is None else progress.best
        if best:
            self._model.load_state_dict(best)
        return progress.log

    def _step(self, step: int, steps: int, batch: Any) -> float:
        """Take a step, at rates that rise in a line and fall to 0 on a cosine."""
        factor = min(1.0, (step + 1) / (_RISE * steps)) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for group, (_, rate) in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        # Dropout hangs on the step alone, so that a resumed run drops what it would have.
        torch.manual_seed((self._config.seed << 32) + step)
        self._head.train()
        if self._context:
            self._context.train()
        loss = self._objective.loss(batch, self._head, self._vectors)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        self._optimizer.step()
        self._average.add(step)
        return loss.item()

    def _look(self, progress: Progress, loss: float) -> None:
        """Log how training stands, and remember the model where it is the best so far."""
        record: dict[str, Any] = {"step": progress.step, "loss": loss}
        if self._asked:
            self._bank.fill(self._head, self._vectors, self._context)
        weight = self._config.context.weight if self._config.context else 0.0
        for name, asked in self._asked.items():
            found = validate(self._head, self._context, self._vectors, self._annotations, asked)
            value = record[name] = found.r_precision(weight)
            if weight:
                record[f"{name}_without_context"] = found.r_precision()
            if name != _CHOSEN_BY:
                continue
            progress.since_best += 1
            if value > progress.best_value:
                progress.best_value, progress.since_best, self.validation = value, 0, found
                state = self._model.state_dict()
                progress.best = {name: weights.clone() for name, weights in state.items()}
        progress.log.append(record)

    def _fingerprint(self) -> str:
        """Name the run: data, config, and where training begins, which hangs on the backbone."""
        start = [float(weights.double().sum()) for weights in self._model.state_dict().values()]
        record = {"config": self._config.to_record(), "start": start}
        return fingerprint({**record, "texts": self._annotations.fingerprint})


def _objective(
    annotations: Annotations,
    texts: Sequence[TypedText],
    vectors: Vectors,
    config: TrainingConfig,
    parts: Split,
    head: ProjectionHead,
    context: ProjectionHead | None,
) -> Objective[Any]:
    def miner(rules: Rules) -> Miner:
        return Miner(annotations, texts, rules, usable=parts.training_mentions)

    loss = config.loss
    if not isinstance(loss, SoftmaxConfig):
        rules = Rules(annotations, texts)
        sampler = TripletSampler(
            annotations, parts, loss, rules=rules, miner=miner(rules), seed=config.seed
        )
        return TripletObjective(annotations, sampler, loss)
    near = None
    if loss.hard_negatives:
        found = miner(Rules(annotations, texts))
        near = NearNegatives(head, vectors, annotations, found, every=config.evaluate_every)
    contrast = None
    if context and config.context:
        contrast = ContextObjective(
            context,
            sentences_of(texts),
            annotations.names,
            config.context,
            device=vectors.device,
            seed=config.seed,
        )
    return SoftmaxObjective(
        annotations,
        parts,
        loss,
        sizes=(*config.nested, config.dimensions),
        rarest=config.rarest,
        seed=config.seed,
        negatives=near,
        context=contrast,
    )
