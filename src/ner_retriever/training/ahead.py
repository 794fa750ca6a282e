"""Batches, each put together while the one before it is trained on."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ner_retriever.training.objectives import Objective
from ner_retriever.training.vectors import Vectors

B = TypeVar("B")


def prepared(objective: Objective[B], vectors: Vectors, steps: Iterable[int]) -> Iterator[B]:
    """Yield the batches of steps, each put together while the one before is trained on."""
    if objective.follows_head:
        yield from (objective.prepare(step, vectors) for step in steps)
        return
    with ThreadPoolExecutor(1) as thread:
        waiting: list[Future[B]] = []
        for step in steps:
            waiting.append(thread.submit(objective.prepare, step, vectors))
            if len(waiting) > 1:
                yield waiting.pop(0).result()
        yield from (batch.result() for batch in waiting)
