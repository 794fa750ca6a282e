"""Where a training step gets its vectors: from what was extracted, or from the backbone itself."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner_retriever.backbone.batching import batches
from ner_retriever.backbone.forward import pool_tensor
from ner_retriever.backbone.torch_backbone import as_torch
from ner_retriever.backbone.windows import Window
from ner_retriever.reading.extractor import Extractor
from ner_retriever.training.activations import Activations
from ner_retriever.training.typed_mentions import TypedText
from ner_retriever.training.windows import MentionWindow, MentionWindows, mention_windows


@dataclass(frozen=True, slots=True)
class States:
    """What was read of mentions or of type names.

    Attributes:
        site: vectors at the site, (n, width) float32.
        context: mean states of the sentences that the mentions stand in, or of the type names'
            tokens, (n, hidden) float32; no columns where none were read.
    """

    site: Tensor
    context: Tensor


Reading = Callable[[], States]


class Vectors(Protocol):
    """Vectors of mentions and type names, by their numbers in the annotations."""

    @property
    def device(self) -> torch.device:
        """Where they are."""

    def mentions(self, rows: NDArray[np.int64]) -> States:
        """Read mentions; a row may be asked for again."""

    def queries(self, rows: NDArray[np.int64]) -> States:
        """Read type names."""

    def prepare(
        self, mentions: NDArray[np.int64], queries: NDArray[np.int64]
    ) -> tuple[Reading, Reading]:
        """Do what can be done of a reading before the step that needs it, in any thread.

        Returns:
            What reads the mentions, and what reads the type names.
        """


class FrozenVectors:
    """Vectors as they were extracted, without context."""

    def __init__(self, activations: Activations) -> None:
        self._activations = activations

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return torch.device("cpu")

    def mentions(self, rows: NDArray[np.int64]) -> States:
        """Return what was extracted of mentions."""
        return _without_context(self._activations.mentions[rows])

    def queries(self, rows: NDArray[np.int64]) -> States:
        """Return what was extracted of type names."""
        return _without_context(self._activations.queries[rows])

    def prepare(
        self, mentions: NDArray[np.int64], queries: NDArray[np.int64]
    ) -> tuple[Reading, Reading]:
        """Return what looks them up: nothing else is to be done."""
        return partial(self.mentions, mentions), partial(self.queries, queries)


class LiveVectors:
    """Vectors from a backbone that is trained; gradients reach its adapter.

    Args:
        extractor: of the preset that is trained for; its backbone has the adapter.
        texts: what the annotations were made of.
        names: the annotations' type names.
        bfloat16: whether matrix products are taken in bfloat16, which halves the time where the
            processor can multiply in it.
    """

    def __init__(
        self,
        extractor: Extractor,
        texts: Sequence[TypedText],
        names: Sequence[str],
        *,
        bfloat16: bool = False,
    ) -> None:
        self._backbone = as_torch(extractor.backbone)
        self._mentions = mention_windows(
            extractor, [text.text for text in texts], [text.spans for text in texts]
        )
        self._queries = mention_windows(extractor, *extractor.templated(names))
        self._bfloat16 = bfloat16

    @property
    def device(self) -> torch.device:
        """Where the backbone is."""
        return self._backbone.device

    def mentions(self, rows: NDArray[np.int64]) -> States:
        """Read mentions with their sentences."""
        return self._prepare(self._mentions, rows)()

    def queries(self, rows: NDArray[np.int64]) -> States:
        """Read type names; the whole name is its own context."""
        return self._prepare(self._queries, rows, whole=False)()

    def prepare(
        self, mentions: NDArray[np.int64], queries: NDArray[np.int64]
    ) -> tuple[Reading, Reading]:
        """Put together the batches of windows that are read."""
        return (
            self._prepare(self._mentions, mentions),
            self._prepare(self._queries, queries, whole=False),
        )

    def _prepare(
        self, windows: MentionWindows, rows: NDArray[np.int64], *, whole: bool = True
    ) -> Reading:
        if not len(rows):
            some = self._prepare(windows, np.zeros(1, np.int64), whole=whole)
            return lambda: _none_of(some())
        unique, back = np.unique(rows, return_inverse=True)
        drawn = list(batches(windows.of(unique), self._backbone.batch_tokens))
        place = np.empty(len(unique), dtype=np.int64)
        order = np.concatenate([item.mentions for batch in drawn for item in batch])
        place[np.searchsorted(unique, order)] = np.arange(len(unique))
        return partial(self._read, drawn, torch.from_numpy(place[back]), whole)

    def _read(
        self, drawn: Sequence[Sequence[MentionWindow]], chosen: Tensor, whole: bool
    ) -> States:
        site: list[Tensor] = []
        context: list[Tensor] = []
        for batch in drawn:
            read = [item.window for item in batch]
            around = [
                Window(ids=item.window.ids, ranges=item.sentences) if whole else item.window
                for item in batch
            ]
            with self._autocast():
                states = self._backbone.tensors(read)
                site.append(self._backbone.project_tensor(states, read).float())
            context.append(pool_tensor(states.float(), around, "mean"))
        chosen = chosen.to(self.device)
        return States(torch.cat(site)[chosen], torch.cat(context)[chosen])

    def _autocast(self) -> AbstractContextManager[object]:
        kind = self._backbone.device.type
        return torch.autocast(kind, torch.bfloat16, enabled=self._bfloat16)


def _none_of(states: States) -> States:
    return States(states.site[:0], states.context[:0])


def _without_context(rows: NDArray[np.float32]) -> States:
    return States(torch.from_numpy(rows), torch.empty(len(rows), 0))
