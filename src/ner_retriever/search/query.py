"""What is asked: a description, examples, and conditions, as one frozen object.

A query has a *core*, described in free text, shown by examples, or both. Conditions are types of
their own: what a mention must not be (``exclude``), what must stand in its sentence (``near``) and
in its document (``alongside``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError, QueryError

_MOST_EXAMPLES = 1000
_MOST_CONDITIONS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Example(Settings):
    """A span of an indexed document that shows what is meant.

    Attributes:
        id: the document's id.
        start: first character.
        end: one past the last character. It need not be a mention that was detected.
    """

    id: str
    start: int
    end: int

    def __post_init__(self) -> None:
        check_place(self.id, self.start, self.end, "an example")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``ID:START-END``; the id may hold colons.

        Raises:
            QueryError: it is something else.
        """
        identifier, colon, offsets = text.rpartition(":")
        start, dash, end = offsets.partition("-")
        if not (colon and dash and _is_digits(start) and _is_digits(end)):
            raise QueryError(f"an example is ID:START-END, such as doc-17:8-21, not {text!r}")
        return cls(id=identifier, start=int(start), end=int(end))

    def __str__(self) -> str:
        return f"{self.id}:{self.start}-{self.end}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Query(Settings):
    """A question to an index.

    Attributes:
        describe: the type, in free text; ``None`` asks by example alone.
        like: mentions that are of the type.
        exclude: types that a mention must not be of (A and not B).
        near: types that another mention of the same sentence must be of.
        alongside: types that another mention of the same document must be of.
        names_only: whether ordinary nouns count as mentions no more than other words do.
        where: what must hold of a document's fields, such as ``year >= 2020``; see
            :func:`~ner_retriever.search.filters.where.parse_where`.

    Raises:
        QueryError: it has neither a description nor an example, or too many parts, or what must
            hold of the fields cannot be understood.
    """

    describe: str | None = None
    like: tuple[Example, ...] = ()
    exclude: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    alongside: tuple[str, ...] = ()
    names_only: bool = False
    where: str | None = None

    def __post_init__(self) -> None:
        for name in ("like", "exclude", "near", "alongside"):
            parts = getattr(self, name)
            if not isinstance(parts, list | tuple):
                raise ConfigError(f"query: {name} must be a list, not {parts!r}")
            read = _example if name == "like" else _type
            object.__setattr__(self, name, tuple(read(part) for part in parts))
        if self.describe is None and not self.like:
            raise QueryError("a query needs a type in words or an example; give one of them")
        if len(self.like) > _MOST_EXAMPLES:
            raise QueryError(f"{len(self.like)} examples; give at most {_MOST_EXAMPLES}")
        if len(self.conditions) > _MOST_CONDITIONS:
            raise QueryError(f"{len(self.conditions)} conditions; give at most {_MOST_CONDITIONS}")
        if self.where is not None:
            # Only now: a query without a filter need not wait for the parser.
            from ner_retriever.search.filters.where import parse_where

            parse_where(self.where)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The types of all conditions: excluded, near, alongside."""
        return (*self.exclude, *self.near, *self.alongside)

    def __str__(self) -> str:
        """The query in words: ``court, like doc-3:4-10, not supreme court, near judge``."""
        parts = [] if self.describe is None else [self.describe]
        parts += [f"like {example}" for example in self.like]
        for word, types in (("not", self.exclude), ("near", self.near), ("with", self.alongside)):
            parts += [f"{word} {type}" for type in types]
        if self.names_only:
            parts.append("names only")
        if self.where is not None:
            parts.append(f"where {self.where}")
        return ", ".join(parts)


def as_query(query: str | Query) -> Query:
    """Return a query as it is, or free text as a query of nothing but a description."""
    return query if isinstance(query, Query) else Query(describe=query)


def check_place(identifier: object, start: object, end: object, what: str) -> None:
    """Refuse what cannot be a span of a document.

    Raises:
        QueryError: naming what is wrong.
    """
    if not isinstance(identifier, str) or not identifier:
        raise QueryError(f"{what} needs a document's id, a non-empty string, not {identifier!r}")
    numbers = all(isinstance(value, int) and not isinstance(value, bool) for value in (start, end))
    if not numbers or not 0 <= start < end:  # type: ignore[operator]
        raise QueryError(
            f"{what} of {identifier!r} needs character offsets, end exclusive, not {start!r} to "
            f"{end!r}"
        )


def check_detection(least: object) -> None:
    """Refuse what is no least detection score.

    Raises:
        QueryError: neither ``None`` nor a number in [0, 1].
    """
    if least is None:
        return
    number = isinstance(least, int | float) and not isinstance(least, bool)
    if not number or not 0.0 <= least <= 1.0:  # type: ignore[operator]
        raise QueryError(f"the least detection score must be in [0, 1], not {least!r}")


def _example(part: Any) -> Example:
    if isinstance(part, Example):
        return part
    if isinstance(part, Mapping):
        return Example.from_record(part)
    raise ConfigError(f"query: an example is an object with id, start and end, not {part!r}")


def _type(part: Any) -> str:
    if isinstance(part, str):
        return part
    raise ConfigError(f"query: a condition is a type in words, a string, not {part!r}")


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10
