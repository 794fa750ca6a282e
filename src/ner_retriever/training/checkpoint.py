"""A run's state on disk, so that a run that was stopped goes on: a safetensors file, no pickle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ner_retriever.errors import ConfigError, ModelError, WeightsCorrupted, first_line

_MODEL, _BEST, _AVERAGE, _OPTIMIZER = "model.", "best.", "average.", "optimizer."


@dataclass(slots=True)
class Progress:
    """Where a run stands.

    Attributes:
        step: steps that are done.
        log: a record a validation.
        best: the best model's weights.
        average: the running mean of the weights, where one is kept.
        best_value: its R-Precision of held-out types.
        since_best: validations since.
    """

    step: int
    log: list[dict[str, Any]]
    best: dict[str, Tensor] | None = None
    average: dict[str, Tensor] | None = None
    best_value: float = -1.0
    since_best: int = 0


class Checkpoint:
    """A file that holds the newest state of a run.

    Args:
        file: replaced as a whole with each state.
        run: fingerprint of data, backbone and configuration; a state of another run is refused.
    """

    def __init__(self, file: Path, run: str) -> None:
        self._file = file
        self._run = run

    def write(self, progress: Progress, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Write a state; what was there stays until the new one is whole.

        Raises:
            ModelError: the file cannot be written.
        """
        tensors = {_MODEL + name: weights for name, weights in model.state_dict().items()}
        tensors |= {_BEST + name: weights for name, weights in (progress.best or {}).items()}
        average = (progress.average or {}).items()
        tensors |= {_AVERAGE + name: weights for name, weights in average}
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= {f"{_OPTIMIZER}{number}.{name}": value for name, value in state.items()}
        described = {
            "run": self._run,
            "step": progress.step,
            "log": progress.log,
            "best_value": progress.best_value,
            "since_best": progress.since_best,
        }
        partial = self._file.with_suffix(".partial")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            copies = {name: tensor.detach().clone() for name, tensor in tensors.items()}
            save_file(copies, partial, metadata={"progress": json.dumps(described)})
            partial.replace(self._file)
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"cannot write {self._file} ({first_line(error)}); free disk space, or choose "
                "another folder"
            ) from error

    def read(self) -> tuple[Progress, dict[str, Tensor]] | None:
        """Return the state on disk and its tensors; ``None`` where there is none.

        Raises:
            ConfigError: it is of another run.
            WeightsCorrupted: it cannot be read.
        """
        if not self._file.exists():
            return None
        remedy = f"delete {self._file} to begin anew"
        try:
            with safe_open(self._file, "pt") as stored:
                described = json.loads(stored.metadata()["progress"])
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
            run = described.pop("run")
            best, average = (_part(tensors, kind) or None for kind in (_BEST, _AVERAGE))
            progress = Progress(**described, best=best, average=average)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise WeightsCorrupted(
                f"{self._file} cannot be read: {first_line(error)}; {remedy}"
            ) from error
        if run != self._run:
            raise ConfigError(
                f"{self._file} is of a run on other data, another backbone or with other "
                f"settings; {remedy}, or train into another folder"
            )
        return progress, tensors


def restore(
    tensors: Mapping[str, Tensor], model: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Put a state's tensors back, in place."""
    model.load_state_dict(_part(tensors, _MODEL))
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in _part(tensors, _OPTIMIZER).items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
