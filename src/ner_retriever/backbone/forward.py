"""The truncated forward pass: what goes in, and what is taken out.

The pass ends at the module that a site taps (`engine`), and the site's projection is applied to the
wanted tokens alone. The result equals a hook on the full model (tests/test_forward.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ner_retriever.backbone.families import Tap
from ner_retriever.config import Pooling


@dataclass(frozen=True, slots=True)
class Window:
    """What a backbone reads at once.

    Attributes:
        ids: token ids with special tokens and prefix, (tokens,) int64.
        ranges: the tokens [first, last) of each mention, (mentions, 2) int64.
    """

    ids: NDArray[np.int64]
    ranges: NDArray[np.int64]


class _Stop(Exception):
    """Ends a forward pass once what was wanted is there."""


def padded(windows: list[Window], *, pad_id: int, device: torch.device) -> dict[str, Tensor]:
    """Return a batch as a model takes it: ids, padded on the right, and the mask of what is real.

    Args:
        windows: each with at least one token.
        pad_id: fills the padding; it is masked, so any valid id does.

    Returns:
        Two (batch, tokens) int64 tensors on the device, by the names of a model's arguments.
    """
    lengths = torch.tensor([len(window.ids) for window in windows])
    longest = int(lengths.max())
    ids = torch.full((len(windows), longest), pad_id, dtype=torch.long)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = torch.from_numpy(window.ids)
    mask = (torch.arange(longest) < lengths[:, None]).long()
    if device.type == "cuda":
        # Only from pinned memory is a transfer one that need not be waited for.
        ids, mask = ids.pin_memory(), mask.pin_memory()
    return {
        "input_ids": ids.to(device, non_blocking=True),
        "attention_mask": mask.to(device, non_blocking=True),
    }


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
        inputs: as :func:`padded` gives them.

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


def pool(states: Tensor, windows: list[Window], pooling: Pooling) -> Tensor:
    """Pool each mention's tokens, (batch, tokens, hidden) to (mentions, hidden).

    A projection is affine, so pooling before it gives what pooling after it would, for fewer rows.
    """
    rows = np.repeat(np.arange(len(windows)), [len(window.ranges) for window in windows])
    ranges = np.concatenate([window.ranges for window in windows])
    first, last = ranges[:, 0], ranges[:, 1]
    if pooling == "first":
        return states[rows, first]
    if pooling == "last":
        return states[rows, last - 1]
    sizes = last - first
    starts = np.cumsum(sizes) - sizes
    columns = np.arange(sizes.sum()) + np.repeat(first - starts, sizes)
    tokens = states[np.repeat(rows, sizes), columns]
    owners = torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)).to(states.device)
    sums = states.new_zeros(len(sizes), states.shape[-1]).index_add_(0, owners, tokens)
    return sums / torch.from_numpy(sizes).to(sums)[:, None]
