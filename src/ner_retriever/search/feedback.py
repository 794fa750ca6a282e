"""Judgements of rows, kept with their history so that they can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError, QueryError
from ner_retriever.search.query import check_place

DRY_AFTER = 10
_MOST_JUDGEMENTS = 10_000


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
        history: every judgement that was made and not undone.

    Raises:
        QueryError: there are too many.
    """

    history: tuple[Judgement, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.history, list | tuple):
            raise ConfigError(f"feedback: history must be a list, not {self.history!r}")
        if len(self.history) > _MOST_JUDGEMENTS:
            raise QueryError(f"{len(self.history)} judgements; give at most {_MOST_JUDGEMENTS}")
        object.__setattr__(self, "history", tuple(map(_judgement, self.history)))

    def judge(self, judgement: Judgement) -> "Feedback":
        """Return the feedback with one judgement more."""
        return Feedback(history=(*self.history, judgement))

    def undo(self) -> "Feedback":
        """Return the feedback without its last judgement; what that replaced holds again."""
        return Feedback(history=self.history[:-1])

    @property
    def current(self) -> dict[str, Judgement]:
        """The judgement of each document that holds, by the document's id, oldest first."""
        current: dict[str, Judgement] = {}
        for judgement in self.history:
            current.pop(judgement.id, None)
            current[judgement.id] = judgement
        return current

    @property
    def accepted(self) -> tuple[Judgement, ...]:
        """Judgements of yes, oldest first."""
        return tuple(judgement for judgement in self.current.values() if judgement.relevant)

    @property
    def rejected(self) -> tuple[Judgement, ...]:
        """Judgements of no, oldest first."""
        return tuple(judgement for judgement in self.current.values() if not judgement.relevant)

    @property
    def dry(self) -> bool:
        """Whether yes-es have run dry: the last ten judgements are all no."""
        last = list(self.current.values())[-DRY_AFTER:]
        return len(last) == DRY_AFTER and not any(judgement.relevant for judgement in last)


def _judgement(part: Any) -> Judgement:
    if isinstance(part, Judgement):
        return part
    if isinstance(part, Mapping):
        return Judgement.from_record(part)
    raise ConfigError(
        f"feedback: a judgement is an object with id, start, end and relevant, not {part!r}"
    )
