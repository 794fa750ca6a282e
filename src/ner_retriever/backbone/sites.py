"""A whole model, read at every site in one forward pass: what the representation probe compares."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import get_args

import numpy as np
import torch
from torch import Tensor, nn

from ner_retriever.backbone.engine import Array, Pending
from ner_retriever.backbone.families import Tap, blocks_of, tap
from ner_retriever.backbone.forward import pool_tensor, watch
from ner_retriever.backbone.tokenizer import TextTokenizer
from ner_retriever.backbone.torch_backbone import TorchBackbone
from ner_retriever.backbone.torch_loading import load_model
from ner_retriever.backbone.weights import Weights
from ner_retriever.backbone.windows import Window
from ner_retriever.config import Component, Pooling, Site


class EverySite(TorchBackbone):
    """A backbone whose vectors are those of all sites, side by side in the order of ``sites``."""

    def __init__(self, model: nn.Module, tokenizer: TextTokenizer) -> None:
        """Take a model that is loaded already; all of its blocks are kept.

        Raises:
            UnsupportedModel: it is built like none that is known.
        """
        _, blocks = blocks_of(model)
        top = Site(component="hidden", block=len(blocks) - 1, pooling="last")
        super().__init__(model, tokenizer, top)
        self.sites = tuple(
            Site(component=component, block=block, pooling=pooling)
            for block in range(len(blocks))
            for component in get_args(Component)
            for pooling in get_args(Pooling)
        )
        self._taps: dict[Site, Tap] = {site: tap(model, site) for site in self.sites}

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Width of each site; the first time, this costs the reading of one token."""
        window = Window(ids=np.zeros(1, np.int64), ranges=np.array([[0, 1]]))
        return tuple(vectors.shape[1] for vectors in self._each_site([window]))

    def project(self, states: Array, windows: list[Window]) -> Array:  # noqa: ARG002
        """Return what was taken at all sites, (mentions, widths together)."""
        return states

    def _begin(self, windows: list[Window]) -> Pending:
        rows: Array = torch.cat(self._each_site(windows), dim=1).float().cpu().numpy()
        return lambda: rows

    @torch.inference_mode()
    def _each_site(self, windows: list[Window]) -> list[Tensor]:
        """Return (mentions, width) for each site; mentions in the order of the windows."""
        pooled: dict[Site, Tensor] = {}

        def keep(site: Site) -> Callable[[Tensor], None]:
            def pool_now(states: Tensor) -> None:
                pooled[site] = pool_tensor(states, windows, site.pooling)

            return pool_now

        with ExitStack() as hooks:
            for site, its_tap in self._taps.items():
                hooks.callback(watch(its_tap, keep(site)).remove)
            self.tensors(windows)
        # Not before the hooks are gone: a projection may be a module that is watched itself.
        return [self._taps[site].project(pooled[site]) for site in self.sites]


def load_every_site(weights: Weights, *, device: str | None = None) -> EverySite:
    """Load a whole model: float32 on a CPU, bfloat16 on a GPU.

    Raises:
        UnsupportedModel: the files are not a whole model of a known family.
    """
    return EverySite(*load_model(weights, device=device))
