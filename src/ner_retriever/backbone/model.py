"""A backbone: a tokenizer, what runs the blocks up to a site, and the site's own projection."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.engine import Engine, Pending
from ner_retriever.backbone.tokenizer import TextTokenizer, Tokens
from ner_retriever.backbone.windows import Window, padded, pool
from ner_retriever.config import Site
from ner_retriever.errors import ModelError, first_line

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Projection:
    """A site's own linear layer.

    Attributes:
        weight: (hidden, width).
        bias: (width,).
    """

    weight: Array
    bias: Array

    def __call__(self, rows: Array) -> Array:
        """Turn the states that are wanted, (rows, hidden), into the site's, (rows, width)."""
        return np.asarray(rows @ self.weight + self.bias, np.float32)


class Backbone:
    """A frozen language model, cut off after a site.

    Args:
        projection: ``None`` where the states themselves are the site's.

    Attributes:
        engine: runs the blocks.
        site: where vectors are taken.
        before, after: special tokens that the tokenizer puts around a text, (n,) int64.
    """

    def __init__(
        self, tokenizer: TextTokenizer, engine: Engine, site: Site, projection: Projection | None
    ) -> None:
        self.engine = engine
        self.site = site
        self._tokenizer = tokenizer
        self._projection = projection
        self.before, self.after = tokenizer.before, tokenizer.after

    @property
    def batch_tokens(self) -> int:
        """Tokens a batch, padding included, that suit what runs it."""
        return self.engine.batch_tokens

    @property
    def buffer_texts(self) -> int:
        """Texts that are tokenised, and sorted by length, at once."""
        return self.engine.buffer_texts

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize texts, without special tokens and without ever cutting one off."""
        return self._tokenizer.tokenize(texts)

    def begin(self, windows: list[Window]) -> Pending:
        """Begin to run one batch.

        Returns:
            What waits for it, and gives what the site's module is given or gives, for every token,
            (batch, tokens, hidden) float32, padding included; it may raise what this does.

        Raises:
            ModelError: a window is longer than the model's positions go, or memory runs out.
        """
        with readable(windows):
            pending = self._begin(windows)

        def wait() -> Array:
            with readable(windows):
                return pending()

        return wait

    def project(self, states: Array, windows: list[Window]) -> Array:
        """Take the site's vectors out of a batch's states: (mentions, width)."""
        rows = pool(states, windows, self.site.pooling)
        return self._projection(rows) if self._projection else rows

    def vectors(self, windows: list[Window]) -> Array:
        """Run one batch; return (mentions, width), mentions in the order of the windows.

        Raises:
            ModelError: a window is longer than the model's positions go, or memory runs out.
        """
        return self.project(self.begin(windows)(), windows)

    def _begin(self, windows: list[Window]) -> Pending:
        return self.engine.begin(*padded(windows))


@contextmanager
def readable(windows: list[Window]) -> Iterator[None]:
    """Say in one line that a batch is too long for the model or for the memory.

    Raises:
        ModelError: it is.
    """
    try:
        yield
    except (IndexError, RuntimeError) as error:
        longest = max(len(window.ids) for window in windows)
        raise ModelError(
            f"the model cannot read {len(windows)} windows of up to {longest} tokens "
            f"({first_line(error)}); lower the preset's max_tokens, or free memory"
        ) from error
