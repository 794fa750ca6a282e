"""A backbone's low-rank adapter while it is trained: PEFT's layers, put into the loaded blocks."""

import torch
from torch import Tensor, nn

from ner_retriever.backbone.adapter_file import PREFIX
from ner_retriever.backbone.families import blocks_of
from ner_retriever.backbone.torch_backbone import TorchBackbone
from ner_retriever.errors import ConfigError, MissingExtra


class Adapter(nn.Module):
    """Trainable low-rank updates of every matrix in the blocks below a backbone's site.

    The site's own projection stays as it is: the head's first layer follows it and can take any
    linear map over. B begins at zero, so that training begins at the model as it was published.

    Args:
        backbone: gets the layers put in; it must not serve as anything else afterwards.
        rank: of the updates.
        seed: of A.

    Raises:
        MissingExtra: PEFT is not installed.
        ConfigError: there is no block below the site.
    """

    def __init__(self, backbone: TorchBackbone, *, rank: int, seed: int) -> None:
        super().__init__()
        try:
            from peft import LoraConfig, inject_adapter_in_model
        except ImportError as error:
            raise MissingExtra("Training an adapter", "torch") from error
        _, blocks = blocks_of(backbone.model)
        below = 1 if backbone.site.component == "hidden" else 0
        last = backbone.site.block + below
        if not last:
            raise ConfigError("an adapter trains blocks below the site, and block 0 has none")
        names = {module: name for name, module in backbone.model.named_modules()}
        targets = [
            names[module]
            for block in blocks[:last]
            for module in block.modules()
            if _is_matrix(module)
        ]
        torch.manual_seed(seed)
        config = LoraConfig(r=rank, lora_alpha=rank, target_modules=targets, bias="none")
        inject_adapter_in_model(config, backbone.model)
        trained = {
            name: weights
            for name, weights in backbone.model.named_parameters()
            if weights.requires_grad
        }
        self._names = list(trained)
        self.updates = nn.ParameterList(trained.values())

    def tensors(self) -> dict[str, Tensor]:
        """Return the updates as float16, by the names that `merge_adapter` reads."""
        return {
            PREFIX + name.replace(".default.", "."): weights.detach().half().contiguous()
            for name, weights in zip(self._names, self.updates, strict=True)
        }


def _is_matrix(module: nn.Module) -> bool:
    """Whether a module is a linear layer; GPT-2 has its own kind, known by its name alone."""
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"
