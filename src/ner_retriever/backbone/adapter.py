"""An adapter's updates merged into a model that torch runs: once, so that they cost nothing."""

from pathlib import Path

import torch
from torch import Tensor, nn

from ner_retriever.backbone.adapter_file import read_adapter
from ner_retriever.errors import WeightsCorrupted


@torch.no_grad()
def merge_adapter(model: nn.Module, file: Path) -> None:
    """Add an adapter's updates to a model's weights, in place.

    Args:
        model: the base model, perhaps cut off after a block.
        file: as :func:`~ner_retriever.backbone.adapter_file.read_adapter` takes it.

    Raises:
        WeightsCorrupted: the file cannot be read, or doesn't fit the model.
    """
    for name, (down, up) in read_adapter(file).items():
        module = _module(model, name, file)
        update = torch.from_numpy(up) @ torch.from_numpy(down)
        # GPT-2 keeps its matrices transposed, in modules of transformers' own.
        update = update if isinstance(module, nn.Linear) else update.T
        weight = module.weight
        if not isinstance(weight, Tensor) or weight.shape != update.shape:
            raise WeightsCorrupted(
                f"{file}: the update of {name} is of shape {tuple(update.shape)}, which does not "
                "fit; the adapter belongs to another backbone"
            )
        weight.copy_(weight.float() + update.to(weight.device))


def _module(model: nn.Module, name: str, file: Path) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError:
        raise WeightsCorrupted(
            f"{file} has an update of {name}, which {type(model).__name__} lacks; "
            "the adapter belongs to another backbone"
        ) from None
