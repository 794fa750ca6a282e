"""Judgements of rows, kept with their history, and the query that they make of a query."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import Settings
from ner_retriever.search.query import check_place


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement(Settings):
    """Yes or no to a row: does this document mention what was asked, there?

    Attributes:
        id: the document's id.
        start, end: the mention that was shown, in characters.
        relevant: yes or no.
    """

    id: str
    start: int
    end: int
    relevant: bool

    def __post_init__(self) -> None:
        check_place(self.id, self.start, self.end, "a judgement")


@dataclass(frozen=True, kw_only=True, slots=True)
class Feedback(Settings):
    """All judgements of a query, oldest first; a later one of a document replaces an earlier.

    Attributes:
        history: every judgement ever made and not undone.
    """

    history: tuple[Judgement, ...] = ()

    def judge(self, judgement: Judgement) -> "Feedback":
        """Return the feedback with one judgement more."""
        raise NotImplementedError

    def undo(self) -> "Feedback":
        """Return the feedback without its last judgement; what that replaced holds again."""
        raise NotImplementedError

    @property
    def current(self) -> Mapping[str, Judgement]:
        """The judgement of each document that holds, by document id, oldest first."""
        raise NotImplementedError

    @property
    def accepted(self) -> tuple[Judgement, ...]:
        raise NotImplementedError

    @property
    def rejected(self) -> tuple[Judgement, ...]:
        raise NotImplementedError

    @property
    def dry(self) -> bool:
        """Whether yes-es have run dry: the last ten judgements were all no."""
        raise NotImplementedError


def refine(
    query: NDArray[np.float32], accepted: NDArray[np.float32], rejected: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the query vector that judged mentions ask for.

    Args:
        query: unit vector, (dimensions,).
        accepted, rejected: unit vectors, (n, dimensions).

    Returns:
        A unit vector, float32 of shape (dimensions,).
    """
    raise NotImplementedError
