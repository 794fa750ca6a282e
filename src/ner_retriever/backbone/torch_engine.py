"""Torch as what runs a backbone's blocks: of every family, and on a GPU."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ner_retriever.backbone import threads
from ner_retriever.backbone.engine import Array, Ids, Pending
from ner_retriever.backbone.families import Tap
from ner_retriever.backbone.forward import tapped_states


@dataclass(frozen=True, slots=True)
class TorchEngine:
    """Runs the model itself, and stops at the tapped module."""

    model: nn.Module
    tap: Tap
    name: str = "torch"

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.tap.module.parameters()).device

    @property
    def precision(self) -> str:
        """The numbers that it multiplies."""
        return str(next(self.tap.module.parameters()).dtype).removeprefix("torch.")

    @property
    def batch_tokens(self) -> int:
        """Tokens a batch, padding included."""
        return threads.batch_tokens() if self.device.type == "cpu" else 16_384

    @property
    def buffer_texts(self) -> int:
        """Texts that are sorted by length at once.

        On a GPU so few that the next ones are tokenised while these are read.
        """
        return 2048 if self.device.type == "cpu" else 64

    @torch.inference_mode()
    def begin(self, input_ids: Ids, attention_mask: Ids) -> Pending:
        """Begin to run one batch, see :meth:`~ner_retriever.backbone.engine.Engine.begin`."""
        states = self.tensors(input_ids, attention_mask)
        if states.device.type != "cuda":
            found: Array = states.float().cpu().numpy()
            return lambda: found
        # Copied as soon as it is there, while the batch that is begun next is run.
        copied = torch.empty(states.shape, dtype=states.dtype, pin_memory=True)
        copied.copy_(states, non_blocking=True)
        done = torch.cuda.Event()  # type: ignore[no-untyped-call]
        done.record()

        def wait() -> Array:
            done.synchronize()
            floats: Array = copied.float().numpy()
            return floats

        return wait

    def tensors(self, input_ids: Ids, attention_mask: Ids) -> Tensor:
        """Run one batch; what is trained of the model gets gradients.

        Returns:
            (batch, tokens, hidden), in the model's dtype and on its device.
        """
        inputs: dict[str, Any] = {"input_ids": input_ids, "attention_mask": attention_mask}
        sent = {name: self._sent(torch.from_numpy(given)) for name, given in inputs.items()}
        return tapped_states(self.model, self.tap, sent)

    def _sent(self, given: Tensor) -> Tensor:
        # Only from pinned memory is a transfer one that need not be waited for.
        given = given.pin_memory() if self.device.type == "cuda" else given
        return given.to(self.device, non_blocking=True)
