"""A backbone: tokenizer and the blocks up to a site."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ner_retriever.backbone.engine import Engine, TorchEngine
from ner_retriever.backbone.families import Tap, blocks_of, tap
from ner_retriever.backbone.forward import Window, padded, pool
from ner_retriever.config import Site
from ner_retriever.errors import ModelError, UnsupportedModel, first_line

_UNBOUNDED = 1 << 40


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text's tokens, special tokens apart.

    Attributes:
        ids: (tokens,) int64.
        spans: the characters [start, end) of each token, (tokens, 2) int64.
    """

    ids: NDArray[np.int64]
    spans: NDArray[np.int64]


class Backbone:
    """A frozen language model, cut off after a site.

    Attributes:
        model: the blocks up to the site's; with another engine than torch, their weights before the
            site's block may be left out.
        site: where vectors are taken.
        engine: runs the blocks.
        before, after: special tokens that the tokenizer puts around a text, (n,) int64.
    """

    def __init__(
        self, model: nn.Module, tokenizer: Any, site: Site, *, engine: Engine | None = None
    ) -> None:
        """Take a model that is loaded already; blocks after the site are dropped.

        Args:
            engine: runs the blocks; torch by default.

        Raises:
            UnsupportedModel: the model has no such site, or the tokenizer gives no offsets.
        """
        if not tokenizer.is_fast:
            raise UnsupportedModel(
                f"{type(tokenizer).__name__} gives no character offsets; "
                "a model with a fast tokenizer is needed"
            )
        self.site = site
        self._tap: Tap = tap(model, site)
        _, blocks = blocks_of(model)
        del blocks[site.block + 1 :]
        self.model = model.eval().requires_grad_(False)
        self.engine = engine or TorchEngine(self.model, self._tap)
        self._tokenizer = tokenizer
        self._tokenizer.model_max_length = _UNBOUNDED
        self.before, self.after = self._special_ids()

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self._tap.module.parameters()).device

    @property
    def batch_tokens(self) -> int:
        """Tokens a batch, padding included, that suit the device.

        On a CPU as few as keep its threads busy: the smaller a batch, the less of it is padding.
        """
        return max(512, 256 * torch.get_num_threads()) if self.device.type == "cpu" else 16_384

    @property
    def buffer_texts(self) -> int:
        """Texts that are tokenised, and sorted by length, at once.

        On a GPU so few that the next ones are tokenised while these are read.
        """
        return 2048 if self.device.type == "cpu" else 64

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize texts, without special tokens and without ever cutting one off."""
        if not texts:
            return []
        encoded = self._tokenizer(
            list(texts),
            add_special_tokens=False,
            return_offsets_mapping=True,
            return_attention_mask=False,
            truncation=False,
        )
        return [
            Tokens(
                ids=np.asarray(ids, dtype=np.int64),
                spans=np.asarray(spans, dtype=np.int64).reshape(-1, 2),
            )
            for ids, spans in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
        ]

    def vectors(self, windows: list[Window]) -> NDArray[np.float32]:
        """Run one batch; return (mentions, width), mentions in the order of the windows.

        Raises:
            ModelError: a window is longer than the model's positions go, or memory runs out.
        """
        with torch.inference_mode():
            return self.tensors(windows).float().cpu().numpy()

    def tensors(self, windows: list[Window]) -> Tensor:
        """Run one batch as :meth:`vectors` does; what is trained of the model gets gradients.

        Returns:
            (mentions, width), in the model's dtype and on its device.

        Raises:
            ModelError: a window is longer than the model's positions go, or memory runs out.
        """
        with _readable(windows):
            return self._run(windows)

    def states(self, windows: list[Window]) -> Tensor:
        """Run one batch; return what the site's module is given or gives, for every token.

        Returns:
            (batch, tokens, hidden), padding included, in the model's dtype and on its device.

        Raises:
            ModelError: a window is longer than the model's positions go, or memory runs out.
        """
        with _readable(windows):
            return self._states(windows)

    def project(self, states: Tensor, windows: list[Window]) -> Tensor:
        """Take the site's vectors out of a batch's states: (mentions, width)."""
        return self._tap.project(pool(states, windows, self.site.pooling))

    @property
    def _pad_id(self) -> int:
        return self._tokenizer.pad_token_id or 0

    def _run(self, windows: list[Window]) -> Tensor:
        return self.project(self._states(windows), windows)

    def _states(self, windows: list[Window]) -> Tensor:
        batch = padded(windows, pad_id=self._pad_id, device=self.device)
        return self.engine.states(**batch)

    def _special_ids(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the special tokens that the tokenizer puts before and after a text."""
        bare = self._tokenizer("a", add_special_tokens=False)["input_ids"]
        full = self._tokenizer("a")["input_ids"]
        for first in range(len(full) - len(bare) + 1):
            last = first + len(bare)
            if full[first:last] == bare:
                return np.array(full[:first], np.int64), np.array(full[last:], np.int64)
        raise UnsupportedModel(
            f"{type(self._tokenizer).__name__} changes a text's tokens when it adds special ones"
        )


@contextmanager
def _readable(windows: list[Window]) -> Iterator[None]:
    try:
        yield
    except (IndexError, RuntimeError) as error:
        longest = max(len(window.ids) for window in windows)
        raise ModelError(
            f"the model cannot read {len(windows)} windows of up to {longest} tokens "
            f"({first_line(error)}); lower the preset's max_tokens, or free memory"
        ) from error
