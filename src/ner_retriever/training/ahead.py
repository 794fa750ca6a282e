"""Batches, each put together while the one before it is trained on."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from ner_retriever.training.objectives import Objective
from ner_retriever.training.vectors import Vectors

Item = TypeVar("Item")
B = TypeVar("B")


def made_ahead(make: Callable[[Item], B], items: Iterable[Item]) -> Iterator[B]:
    """Yield what is made of items, in their order; the next is made in a thread meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        waiting: list[Future[B]] = []
        for item in items:
            waiting.append(thread.submit(make, item))
            if len(waiting) > 1:
                yield waiting.pop(0).result()
        yield from (made.result() for made in waiting)


def prepared(objective: Objective[B], vectors: Vectors, steps: Iterable[int]) -> Iterator[B]:
    """Yield the batches of steps, ahead of them where no batch hangs on what is learnt before."""
    make = partial(objective.prepare, vectors=vectors)
    return map(make, steps) if objective.follows_head else made_ahead(make, steps)
