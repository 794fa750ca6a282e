"""The truncated forward pass in torch: the pass ends at the module that a site taps.

The site's projection is applied to the wanted tokens alone. The result equals a hook on the full
model (tests/test_forward.py).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ner_retriever.backbone.families import Tap
from ner_retriever.backbone.windows import Window, pick
from ner_retriever.config import Pooling


class _Stop(Exception):
    """Ends a forward pass once what was wanted is there."""


def watch(tap: Tap, seen: Callable[[Tensor], None]) -> RemovableHandle:
    """Have ``seen`` called in each pass with what the tapped module is given or gives.

    Args:
        seen: is called with (batch, tokens, hidden).
    """

    def enter(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        seen(args[0] if args else kwargs["hidden_states"])

    def leave(_module: nn.Module, _args: Any, output: Any) -> None:
        seen(output[0] if isinstance(output, tuple) else output)

    if tap.before:
        return tap.module.register_forward_pre_hook(enter, with_kwargs=True)
    return tap.module.register_forward_hook(leave)


def tapped_states(model: nn.Module, tap: Tap, inputs: Mapping[str, Tensor]) -> Tensor:
    """Run one batch up to a site; return what its module is given or gives.

    Args:
        inputs: ``input_ids`` and ``attention_mask``, (batch, tokens) int64, on the model's device.

    Returns:
        (batch, tokens, hidden), padding included, in the model's dtype and on its device.
    """
    captured: list[Tensor] = []

    def stop(states: Tensor) -> None:
        captured.append(states)
        raise _Stop

    handle = watch(tap, stop)
    try:
        model(**inputs)
    except _Stop:
        return captured[0]
    finally:
        handle.remove()
    raise RuntimeError(f"the forward pass never reached {type(tap.module).__name__}")


def pool_tensor(states: Tensor, windows: list[Window], pooling: Pooling) -> Tensor:
    """Pool each mention's tokens as :func:`~ner_retriever.backbone.windows.pool`, in torch."""
    picked = pick(windows, pooling)
    tokens = states[picked.rows, picked.columns]
    owners = np.repeat(np.arange(len(picked.sizes)), picked.sizes)
    sums = states.new_zeros(len(picked.sizes), states.shape[-1])
    sums = sums.index_add_(0, torch.from_numpy(owners).to(states.device), tokens)
    return sums / torch.from_numpy(picked.sizes).to(sums)[:, None]
