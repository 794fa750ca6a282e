"""Where a training step gets its vectors: from what was extracted, or from the backbone itself."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner_retriever.backbone.batching import batches
from ner_retriever.backbone.forward import Window
from ner_retriever.encode import Extractor, Slot
from ner_retriever.training.activations import Activations
from ner_retriever.training.typed_mentions import TypedText


class Vectors(Protocol):
    """Site vectors of mentions and type names, by their numbers in the activations."""

    def mentions(self, rows: NDArray[np.int64]) -> Tensor:
        """Return (rows, width) float32; a row may be asked for again."""

    def queries(self, rows: NDArray[np.int64]) -> Tensor:
        """Return (rows, width) float32."""


class FrozenVectors:
    """Vectors as they were extracted."""

    def __init__(self, activations: Activations) -> None:
        self._activations = activations

    def mentions(self, rows: NDArray[np.int64]) -> Tensor:
        """Return (rows, width) float32."""
        return torch.from_numpy(self._activations.mentions[rows])

    def queries(self, rows: NDArray[np.int64]) -> Tensor:
        """Return (rows, width) float32."""
        return torch.from_numpy(self._activations.queries[rows])


class LiveVectors:
    """Vectors from a backbone that is trained; gradients reach its adapter.

    Args:
        extractor: of the preset that is trained for; its backbone has the adapter.
        texts: what the activations were extracted from.
        names: the activations' type names.
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
        self._backbone, self._width = extractor.backbone, extractor.width
        spans = [text.spans for text in texts]
        slots = extractor.slots([text.text for text in texts], spans)
        self._mentions = _Windows(slots, [len(its_spans) for its_spans in spans])
        self._queries = _Windows(extractor.query_slots(names), [1] * len(names))
        self._bfloat16 = bfloat16

    def mentions(self, rows: NDArray[np.int64]) -> Tensor:
        """Return (rows, width) float32."""
        return self._read(self._mentions, rows)

    def queries(self, rows: NDArray[np.int64]) -> Tensor:
        """Return (rows, width) float32."""
        return self._read(self._queries, rows)

    def _read(self, windows: "_Windows", rows: NDArray[np.int64]) -> Tensor:
        if not len(rows):
            return torch.empty(0, self._width)
        unique, back = np.unique(rows, return_inverse=True)
        vectors: list[Tensor] = []
        order: list[int] = []
        for batch in batches(windows.of(unique), self._backbone.batch_tokens):
            with self._autocast():
                vectors.append(self._backbone.tensors([slot.window for slot in batch]).float())
            order += [row for slot in batch for _, row in slot.owners]
        place = np.empty(len(unique), dtype=np.int64)
        place[np.searchsorted(unique, order)] = np.arange(len(unique))
        return torch.cat(vectors)[torch.from_numpy(place[back])].cpu()

    def _autocast(self) -> AbstractContextManager[object]:
        kind = self._backbone.device.type
        return torch.autocast(kind, torch.bfloat16, enabled=self._bfloat16)


class _Windows:
    """The windows of many mentions, which are numbered through all texts."""

    def __init__(self, slots: Sequence[Slot], sizes: Sequence[int]) -> None:
        first = np.concatenate([[0], np.cumsum(sizes)])
        self._slots = slots
        owners = [
            (int(first[text]) + mention, number, place)
            for number, slot in enumerate(slots)
            for place, (text, mention) in enumerate(slot.owners)
        ]
        self._where = np.array(sorted(owners), dtype=np.int64).reshape(-1, 3)[:, 1:]

    def of(self, rows: NDArray[np.int64]) -> list[Slot]:
        """Return windows that hold the mentions of some rows and no others; owners are (0, row)."""
        wanted: dict[int, list[tuple[int, int]]] = {}
        for row, (number, place) in zip(rows.tolist(), self._where[rows].tolist(), strict=True):
            wanted.setdefault(number, []).append((row, place))
        return [
            Slot(
                Window(
                    ids=self._slots[number].window.ids,
                    ranges=self._slots[number].window.ranges[[place for _, place in found]],
                ),
                [(0, row) for row, _ in found],
            )
            for number, found in wanted.items()
        ]
