"""A backbone that torch runs; one that can be trained, too."""

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from ner_retriever.backbone.families import Tap, blocks_of, tap
from ner_retriever.backbone.forward import pool_tensor
from ner_retriever.backbone.model import Backbone, Projection, readable
from ner_retriever.backbone.tokenizer import TextTokenizer
from ner_retriever.backbone.torch_engine import TorchEngine
from ner_retriever.backbone.windows import Window, padded
from ner_retriever.config import Site
from ner_retriever.errors import UnsupportedModel


class TorchBackbone(Backbone):
    """A model that torch runs, cut off after a site.

    Attributes:
        model: the blocks up to the site's.
    """

    def __init__(self, model: nn.Module, tokenizer: TextTokenizer, site: Site) -> None:
        """Take a model that is loaded already; blocks after the site are dropped.

        Raises:
            UnsupportedModel: the model has no such site.
        """
        self._tap = tap(model, site)
        _, blocks = blocks_of(model)
        del blocks[site.block + 1 :]
        self.model = model.eval().requires_grad_(False)
        self._torch_engine = TorchEngine(self.model, self._tap)
        super().__init__(tokenizer, self._torch_engine, site, _projection(self._tap))

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._torch_engine.device

    def tensors(self, windows: list[Window]) -> Tensor:
        """Run one batch; what is trained of the model gets gradients.

        Returns:
            What the site's module is given or gives, for every token: (batch, tokens, hidden), in
            the model's dtype and on its device.

        Raises:
            ModelError: a window is longer than the model's positions go, or memory runs out.
        """
        with readable(windows):
            return self._torch_engine.tensors(*padded(windows))

    def project_tensor(self, states: Tensor, windows: list[Window]) -> Tensor:
        """Take the site's vectors out of a batch's states as :meth:`project` does, in torch."""
        return self._tap.project(pool_tensor(states, windows, self.site.pooling))


def as_torch(backbone: Backbone) -> TorchBackbone:
    """Return a backbone that torch runs as what it is.

    Raises:
        TypeError: something else runs it.
    """
    if not isinstance(backbone, TorchBackbone):
        raise TypeError(f"torch is needed, and {backbone.engine.name} runs the backbone")
    return backbone


@torch.no_grad()
def _projection(tap: Tap) -> Projection | None:
    """Return a site's projection as a matrix: it is affine, so what it makes of unit vectors."""
    if tap.layer is None:
        return None
    whole = replace(tap, layer=copy.deepcopy(tap.layer).float().cpu())
    weight = whole.layer.weight if whole.layer else None
    if not isinstance(weight, Tensor):
        raise UnsupportedModel(f"{type(tap.layer).__name__} is no layer with a matrix")
    # GPT-2 keeps its matrices transposed, in modules of transformers' own.
    width = weight.shape[1] if isinstance(whole.layer, nn.Linear) else weight.shape[0]
    bias = whole.project(torch.zeros(1, width))
    return Projection((whole.project(torch.eye(width)) - bias).numpy(), bias[0].numpy())
