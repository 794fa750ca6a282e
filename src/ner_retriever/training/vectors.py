"""Where a training step gets its vectors: from what was extracted, or from the backbone itself."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner_retriever.backbone.batching import batches
from ner_retriever.backbone.forward import Window, pool
from ner_retriever.reading.extractor import Extractor
from ner_retriever.training.activations import Activations
from ner_retriever.training.typed_mentions import TypedText
from ner_retriever.training.windows import MentionWindows, mention_windows


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


class Vectors(Protocol):
    """Vectors of mentions and type names, by their numbers in the annotations."""

    @property
    def device(self) -> torch.device:
        """Where they are."""

    def mentions(self, rows: NDArray[np.int64]) -> States:
        """Read mentions; a row may be asked for again."""

    def queries(self, rows: NDArray[np.int64]) -> States:
        """Read type names."""


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
        self._backbone = extractor.backbone
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
        return self._read(self._mentions, rows)

    def queries(self, rows: NDArray[np.int64]) -> States:
        """Read type names; the whole name is its own context."""
        return self._read(self._queries, rows, whole=False)

    def _read(
        self, windows: MentionWindows, rows: NDArray[np.int64], *, whole: bool = True
    ) -> States:
        if not len(rows):
            some = self._read(windows, np.zeros(1, np.int64), whole=whole)
            return States(some.site[:0], some.context[:0])
        unique, back = np.unique(rows, return_inverse=True)
        site: list[Tensor] = []
        context: list[Tensor] = []
        order: list[NDArray[np.int64]] = []
        for batch in batches(windows.of(unique), self._backbone.batch_tokens):
            read = [item.window for item in batch]
            around = [
                Window(ids=item.window.ids, ranges=item.sentences) if whole else item.window
                for item in batch
            ]
            with self._autocast():
                states = self._backbone.states(read)
                site.append(self._backbone.project(states, read).float())
            context.append(pool(states.float(), around, "mean"))
            order += [item.mentions for item in batch]
        place = np.empty(len(unique), dtype=np.int64)
        place[np.searchsorted(unique, np.concatenate(order))] = np.arange(len(unique))
        chosen = torch.from_numpy(place[back]).to(self.device)
        return States(torch.cat(site)[chosen], torch.cat(context)[chosen])

    def _autocast(self) -> AbstractContextManager[object]:
        kind = self._backbone.device.type
        return torch.autocast(kind, torch.bfloat16, enabled=self._bfloat16)


def _without_context(rows: NDArray[np.float32]) -> States:
    return States(torch.from_numpy(rows), torch.empty(len(rows), 0))
