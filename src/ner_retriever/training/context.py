"""A context head in training: sentences near to the types that they mention, and to a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.text.windows import sentence_starts
from ner_retriever.training.config import ContextConfig
from ner_retriever.training.losses import softmax_loss
from ner_retriever.training.teacher import Teacher
from ner_retriever.training.typed_mentions import TypedText


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences that mentions stand in.

    Attributes:
        texts: the sentences, numbered.
        of: the sentence of each mention, (mentions,) int64.
    """

    texts: list[str]
    of: NDArray[np.int64]


def sentences_of(texts: Sequence[TypedText]) -> Sentences:
    """Find the sentence of each mention, numbered through all texts."""
    found: list[str] = []
    owners: list[int] = []
    for text in texts:
        starts = [*sentence_starts(text.text), len(text.text)]
        numbers = np.searchsorted(starts, [span.start for span in text.spans], side="right") - 1
        kept, places = np.unique(numbers, return_inverse=True)
        owners += (places + len(found)).tolist()
        found += [text.text[starts[number] : starts[number + 1]] for number in kept.tolist()]
    return Sentences(found, np.array(owners, np.int64))


class ContextObjective:
    """The loss of a context head.

    Args:
        head: the context head.
        sentences: of the mentions.
        names: the type names.
        config: of the context head.
        device: where the vectors are.
        seed: of the teacher's sample.

    Attributes:
        parameters: what it learns itself.
    """

    def __init__(
        self,
        head: ProjectionHead,
        sentences: Sentences,
        names: Sequence[str],
        config: ContextConfig,
        *,
        device: torch.device,
        seed: int,
    ) -> None:
        self._head = head
        self._sentences = sentences
        self._config = config
        self._teacher: Teacher | None = None
        if config.keep:
            self._teacher = Teacher(
                config.teacher,
                [*names, *sentences.texts],
                dimensions=config.dimensions,
                device=device,
                seed=seed,
            )
        self._names = len(names)
        self.parameters = nn.ParameterList([nn.Parameter(torch.tensor(float(np.log(0.05))))])

    def loss(
        self,
        mentions: NDArray[np.int64],
        types: NDArray[np.int64],
        positive: Tensor,
        spared: Tensor | None,
        states: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Return the loss of a batch, a scalar.

        Args:
            mentions, types: of the batch, (m,) and (t,).
            positive, spared: what goes with which, (m, t) bool.
            states: contexts of the mentions, (m, hidden), and of the types, (t, hidden).
        """
        numbers, first, owner = np.unique(
            self._sentences.of[mentions], return_index=True, return_inverse=True
        )
        context = self._head.mentions(states[0][torch.from_numpy(first).to(states[0].device)])
        queries = self._head.queries(states[1])
        any_of = _any(positive, owner, len(numbers))
        some_spared = _any(spared, owner, len(numbers)) & ~any_of if spared is not None else None
        loss = self._config.loss * softmax_loss(
            context, queries, any_of, self.parameters[0].exp(), some_spared
        )
        if self._teacher:
            kept = self._teacher.vectors(np.concatenate([types, numbers + self._names]))
            near = (torch.cat([queries, context]) * kept).sum(1)
            share = len(types)
            loss = loss + self._config.keep * (2 - near[:share].mean() - near[share:].mean())
        return loss


def _any(pairs: Tensor, owner: NDArray[np.int64], count: int) -> Tensor:
    """Whether any row of each owner is true: (m, t) bool to (count, t) bool."""
    summed = torch.zeros(count, pairs.shape[1], device=pairs.device)
    return summed.index_add_(0, torch.from_numpy(owner).to(pairs.device), pairs.float()) > 0
