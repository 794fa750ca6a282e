"""Batches that are put together ahead of their step."""

import threading
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.training.ahead import prepared
from ner_retriever.training.vectors import Vectors


@dataclass
class Recorded:
    """An objective that notes which batch was prepared when, and where."""

    follows_head: bool
    types: None = None
    parameters: nn.ParameterList = field(default_factory=nn.ParameterList)
    exclusions: None = None
    prepared: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def prepare(self, step: int, vectors: Vectors) -> int:
        self.prepared.append(step)
        self.threads.add(threading.get_ident())
        return step

    def loss(self, batch: int, head: ProjectionHead, vectors: Vectors) -> Tensor:
        return torch.tensor(float(batch))


def test_batches_come_in_order_and_one_ahead():
    objective = Recorded(follows_head=False)
    batches = prepared(objective, None, range(3, 8))
    assert next(batches) == 3
    assert objective.prepared[:1] == [3]
    assert list(batches) == [4, 5, 6, 7]
    assert objective.prepared == [3, 4, 5, 6, 7]
    assert threading.get_ident() not in objective.threads


def test_a_batch_that_follows_the_head_is_prepared_in_its_step():
    objective = Recorded(follows_head=True)
    for step in prepared(objective, None, range(4)):
        assert objective.prepared == list(range(step + 1))
    assert objective.threads == {threading.get_ident()}


def test_no_steps_no_batches():
    assert list(prepared(Recorded(follows_head=False), None, range(0))) == []


def test_an_error_in_a_batch_is_raised_in_its_step():
    class Failing(Recorded):
        def prepare(self, step: int, vectors: Vectors) -> int:
            if step == 2:
                raise ValueError("step 2")
            return step

    batches = prepared(Failing(follows_head=False), None, range(4))
    assert [next(batches), next(batches)] == [0, 1]
    try:
        next(batches)
    except ValueError as error:
        assert str(error) == "step 2"
    else:
        raise AssertionError("no error")
