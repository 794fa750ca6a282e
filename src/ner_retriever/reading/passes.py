"""The forward pass: the one loop in which a backbone reads windows, for all who want its states."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.batching import W, batches, one_ahead
from ner_retriever.backbone.engine import Pending
from ner_retriever.backbone.model import Backbone


def read_windows(
    backbone: Backbone, buffers: Iterable[Sequence[W]]
) -> Iterator[tuple[list[W], NDArray[np.float32]]]:
    """Read windows, buffer after buffer, in batches of similar length.

    Args:
        buffers: windows that are sorted by length together; each is made when it is needed.

    Yields:
        Some windows and their states at the site, (batch, tokens, hidden) float32; on a GPU the
        next batch is under way by then.

    Raises:
        ModelError: a window is longer than the model's positions go, or memory runs out.
    """
    for batch, wait in one_ahead(_begun(backbone, buffers)):
        yield batch, wait()


def _begun(backbone: Backbone, buffers: Iterable[Sequence[W]]) -> Iterator[tuple[list[W], Pending]]:
    for windows in buffers:
        for batch in batches(windows, backbone.batch_tokens):
            yield batch, backbone.begin([item.window for item in batch])
