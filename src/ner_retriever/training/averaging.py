"""A running mean of a model's weights, which generalises better than the last ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The exponential moving average of a model's floating-point state.

    Early on the decay is less, (1 + n) / (10 + n) in step n, so that the first weights are soon
    forgotten.

    Args:
        model: as it learns.
        decay: of the mean; 0 for none.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model = model
        self._decay = decay
        self._mean: dict[str, Tensor] = {}
        self.restore(None)

    @property
    def state(self) -> dict[str, Tensor] | None:
        """The mean, by the names of the model's state; ``None`` where none is kept."""
        return self._mean if self._decay else None

    def restore(self, state: dict[str, Tensor] | None) -> None:
        """Go on from a mean that was kept, or begin anew at the model."""
        if self._decay:
            mean = self._model.state_dict() if state is None else state
            self._mean = {name: weights.clone() for name, weights in mean.items()}

    @torch.no_grad()
    def add(self, step: int) -> None:
        """Take in the model's weights after a step; steps are counted from 0."""
        if not self._decay:
            return
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, weights in self._model.state_dict().items():
            self._mean[name].lerp_(weights, 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the mean in the model's place for a while."""
        if not self._decay:
            yield
            return
        own = {name: weights.clone() for name, weights in self._model.state_dict().items()}
        self._model.load_state_dict(self._mean)
        try:
            yield
            # What was derived meanwhile, as the heads' banks are, belongs to the mean.
            self._mean = {
                name: weights.clone() for name, weights in self._model.state_dict().items()
            }
        finally:
            self._model.load_state_dict(own)
