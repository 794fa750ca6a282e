"""Batches of windows that cost little padding."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from ner_retriever.backbone.windows import Window


class Windowed(Protocol):
    """Something with a window."""

    @property
    def window(self) -> Window:
        """What is read of it."""
        ...


W = TypeVar("W", bound=Windowed)
Item = TypeVar("Item")


def batches(slots: Sequence[W], most_tokens: int) -> Iterator[list[W]]:
    """Batch windows of similar length, at most so many tokens a batch, padding included."""
    batch: list[W] = []
    for slot in sorted(slots, key=lambda slot: len(slot.window.ids), reverse=True):
        if batch and (len(batch) + 1) * len(batch[0].window.ids) > most_tokens:
            yield batch
            batch = []
        batch.append(slot)
    if batch:
        yield batch


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items, each after the next one was made.

    A GPU works by itself once a batch is on it: the next is tokenised and sent while it runs.
    """
    waiting: list[Item] = []
    for item in items:
        yield from waiting
        waiting = [item]
    yield from waiting
