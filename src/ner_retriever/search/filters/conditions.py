"""What a filter consists of, whichever way it was written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ner_retriever.errors import QueryError

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Value = str | int | float | bool
OPERATORS = get_args(Operator)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field beside a value. Of a list, one part that fits is enough."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Pattern:
    """A field's text beside a pattern in which ``%`` stands for any characters, ``_`` for one."""

    field: str
    pattern: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A document that does not have a field."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; a document without the field fulfils neither."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts must hold."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part must hold."""

    parts: tuple["Filter", ...]


Filter = Comparison | Pattern | Missing | Not | AllOf | AnyOf


def from_records(records: Sequence[Mapping[str, Any]]) -> str:
    """Write conditions given as objects in the language of :func:`parse_where`.

    Args:
        records: each with ``field``, ``op`` (a comparison, ``in``, ``like``, ``ilike``,
            ``is null``, ``is not null``) and ``value``; all must hold.

    Raises:
        QueryError: one has another shape.
    """
    return " and ".join(map(_written, records))


def quoted_name(name: str) -> str:
    """Write a field's name so that it is read as one, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def quoted_value(value: Value) -> str:
    """Write a value so that it is read as that value.

    Raises:
        QueryError: it is no text, number or truth value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise QueryError(f"a field is compared with a text, a number, true or false, not {value!r}")


def _written(record: Mapping[str, Any]) -> str:
    name, operator, value = (record.get(key) for key in ("field", "op", "value"))
    if not isinstance(name, str) or not isinstance(operator, str):
        raise QueryError(f'a condition is {{"field", "op", "value"}}, not {dict(record)!r}')
    word = operator.casefold().strip()
    field = quoted_name(name)
    if word in ("is null", "is not null"):
        return f"{field} {word}"
    if word == "in":
        if not isinstance(value, list | tuple) or not value:
            raise QueryError(f"in takes a list of values, not {value!r}")
        return f"{field} in ({', '.join(map(quoted_value, value))})"
    if word in ("like", "ilike") or word in OPERATORS:
        return f"{field} {word} {quoted_value(value)}"  # type: ignore[arg-type]
    raise QueryError(
        f"unknown comparison {operator!r}; known are {', '.join(OPERATORS)}, in, like, ilike, "
        "is null, is not null"
    )
