"""The forward pass: the one loop in which a backbone reads windows, for all who want its states."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from ner_retriever.backbone.batching import W, batches, one_ahead
from ner_retriever.backbone.model import Backbone


def read_windows(
    backbone: Backbone, buffers: Iterable[Sequence[W]]
) -> Iterator[tuple[list[W], Tensor]]:
    """Read windows, buffer after buffer, in batches of similar length.

    Args:
        buffers: windows that are sorted by length together; each is made when it is needed.

    Yields:
        Some windows and their states at the site, (batch, tokens, hidden), still where the model
        is; on a GPU the next batch is under way by then.

    Raises:
        ModelError: a window is longer than the model's positions go, or memory runs out.
    """
    return one_ahead(_read(backbone, buffers))


def _read(backbone: Backbone, buffers: Iterable[Sequence[W]]) -> Iterator[tuple[list[W], Tensor]]:
    for windows in buffers:
        for batch in batches(windows, backbone.batch_tokens):
            with torch.inference_mode():
                states = backbone.states([item.window for item in batch])
            yield batch, states
