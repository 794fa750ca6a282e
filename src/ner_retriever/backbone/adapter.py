"""Low-rank updates of a backbone's weights, in PEFT's file format (Hu et al. 2021).

A matrix W becomes W + B A, with A of shape (rank, in) and B of shape (out, rank). Merged once when
a model is loaded, an adapter costs nothing afterwards. Scales other than 1 are folded into B when
an adapter is written.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ner_retriever.backbone.adapter_names import DOWN, PREFIX, UP
from ner_retriever.errors import WeightsCorrupted, first_line

_LARGEST = 1 << 30


@torch.no_grad()
def merge_adapter(model: nn.Module, file: Path) -> None:
    """Add an adapter's updates to a model's weights, in place.

    Args:
        model: the base model, perhaps cut off after a block.
        file: safetensors with ``base_model.model.<module>.lora_A.weight`` and ``….lora_B.weight``.

    Raises:
        WeightsCorrupted: the file cannot be read, or doesn't fit the model.
    """
    for name, (down, up) in _read(file).items():
        module = _module(model, name, file)
        update = up.float() @ down.float()
        # GPT-2 keeps its matrices transposed, in modules of transformers' own.
        update = update if isinstance(module, nn.Linear) else update.T
        weight = module.weight
        if not isinstance(weight, Tensor) or weight.shape != update.shape:
            raise WeightsCorrupted(
                f"{file}: the update of {name} is of shape {tuple(update.shape)}, which does not "
                "fit; the adapter belongs to another backbone"
            )
        weight.copy_(weight.float() + update.to(weight.device))


def _read(file: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """Return A and B by the name of their module."""
    remedy = "copy the head anew, or train it again"
    try:
        if file.stat().st_size > _LARGEST:
            raise WeightsCorrupted(f"{file} is over {_LARGEST >> 30} GiB, too large for an adapter")
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise WeightsCorrupted(f"{file} cannot be read: {first_line(error)}; {remedy}") from error
    names = {name.removesuffix(DOWN).removesuffix(UP) for name in tensors}
    pairs = {}
    for name in sorted(names):
        down, up = tensors.get(name + DOWN), tensors.get(name + UP)
        if not name.startswith(PREFIX) or down is None or up is None:
            raise WeightsCorrupted(f"{file} holds {name!r}, which is no low-rank update; {remedy}")
        if down.dim() != 2 or up.dim() != 2 or down.shape[0] != up.shape[1]:
            raise WeightsCorrupted(f"{file}: the two matrices of {name} don't fit; {remedy}")
        pairs[name.removeprefix(PREFIX)] = (down, up)
    return pairs


def _module(model: nn.Module, name: str, file: Path) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError:
        raise WeightsCorrupted(
            f"{file} has an update of {name}, which {type(model).__name__} lacks; "
            "the adapter belongs to another backbone"
        ) from None
