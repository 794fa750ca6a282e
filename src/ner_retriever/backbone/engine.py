"""What runs a backbone's blocks: torch, or ONNX Runtime (`onnx_engine`).

An engine gives the states at a site's module; pooling, projection and heads are torch's either way.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from ner_retriever.backbone.families import Tap
from ner_retriever.backbone.forward import tapped_states, watch


class Engine(Protocol):
    """Runs the blocks up to a site."""

    @property
    def name(self) -> str:
        """What ``--engine`` calls it."""
        ...

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Run one batch.

        Args:
            input_ids: (batch, tokens) int64, padded on the right.
            attention_mask: (batch, tokens) int64, 1 where a token is real.

        Returns:
            What the tapped module is given or gives, (batch, tokens, hidden), in the model's dtype.

        Raises:
            RuntimeError, IndexError: the batch is too long for the model or for the memory.
        """
        ...


@dataclass(frozen=True, slots=True)
class TorchEngine:
    """Runs the model itself, and stops at the tapped module."""

    model: nn.Module
    tap: Tap
    name: str = "torch"

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Run one batch, see :meth:`Engine.states`; what is trained of the model gets gradients."""
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        return tapped_states(self.model, self.tap, inputs)


class Truncated(nn.Module):
    """A model that returns the states at a site: what is exported, in which nothing may be raised.

    Blocks behind the site run in vain; an exporter leaves them out.
    """

    def __init__(self, model: nn.Module, tap: Tap) -> None:
        super().__init__()
        self.model = model
        self._tap = tap

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        """Run one batch, see :meth:`Engine.states`."""
        captured: list[Tensor] = []
        handle = watch(self._tap, captured.append)
        try:
            self.model(input_ids=input_ids, attention_mask=attention_mask)
        finally:
            handle.remove()
        return captured[0]
