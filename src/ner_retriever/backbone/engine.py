"""What runs a backbone's blocks: ONNX Runtime (`onnx_engine`) or torch (`torch_engine`)."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Array = NDArray[np.float32]
# Waits for a batch that was begun, and gives its states.
Pending = Callable[[], Array]


class Engine(Protocol):
    """Runs the blocks up to a site."""

    @property
    def name(self) -> str:
        """What ``--engine`` calls it."""
        ...

    @property
    def precision(self) -> str:
        """The numbers that it multiplies."""
        ...

    @property
    def batch_tokens(self) -> int:
        """Tokens a batch, padding included, that suit it."""
        ...

    @property
    def buffer_texts(self) -> int:
        """Texts that are tokenised, and sorted by length, at once."""
        ...

    def begin(self, input_ids: Ids, attention_mask: Ids) -> Pending:
        """Begin to run one batch.

        Args:
            input_ids: (batch, tokens) int64, padded on the right.
            attention_mask: (batch, tokens) int64, 1 where a token is real.

        Returns:
            What waits for it, and gives what the tapped module is given or gives, (batch, tokens,
            hidden) float32; it may raise what this does.

        Raises:
            RuntimeError, IndexError: the batch is too long for the model or for the memory.
        """
        ...
