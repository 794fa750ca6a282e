"""A whole model, read at every site in one forward pass: what the representation probe compares."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor, nn

from ner_retriever.backbone.families import Tap, blocks_of, tap
from ner_retriever.backbone.forward import Window, padded, pool, watch
from ner_retriever.backbone.loading import load_model
from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.weights import Weights
from ner_retriever.config import Component, Pooling, Site


class EverySite(Backbone):
    """A backbone whose vectors are those of all sites, side by side in the order of ``sites``."""

    def __init__(self, model: nn.Module, tokenizer: Any) -> None:
        """Take a model that is loaded already; all of its blocks are kept.

        Raises:
            UnsupportedModel: it is built like none that is known, or the tokenizer gives no
                offsets.
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
        window = Window(ids=np.array([self._pad_id]), ranges=np.array([[0, 1]]))
        with torch.inference_mode():
            return tuple(vectors.shape[1] for vectors in self._each_site([window]))

    def project(self, states: Tensor, windows: list[Window]) -> Tensor:  # noqa: ARG002
        """Return what :meth:`states` took at all sites, (mentions, widths together)."""
        return states

    def _states(self, windows: list[Window]) -> Tensor:
        return torch.cat(self._each_site(windows), dim=1)

    def _each_site(self, windows: list[Window]) -> list[Tensor]:
        """Return (mentions, width) for each site; mentions in the order of the windows."""
        pooled: dict[Site, Tensor] = {}

        def keep(site: Site) -> Callable[[Tensor], None]:
            def pool_now(states: Tensor) -> None:
                pooled[site] = pool(states, windows, site.pooling)

            return pool_now

        with ExitStack() as hooks:
            for site, its_tap in self._taps.items():
                hooks.callback(watch(its_tap, keep(site)).remove)
            self.model(**padded(windows, pad_id=self._pad_id, device=self.device))
        # Not before the hooks are gone: a projection may be a module that is watched itself.
        return [self._taps[site].project(pooled[site]) for site in self.sites]


def load_every_site(weights: Weights, *, device: str | None = None) -> EverySite:
    """Load a whole model: float32 on a CPU, bfloat16 on a GPU.

    Raises:
        UnsupportedModel: the files are not a whole model of a known family.
    """
    return EverySite(*load_model(weights, device=device))
