"""The language of filters: what SQL writes behind WHERE, of fields and values alone.

A filter is parsed into conditions of this package, and nothing else in it is ever run.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import cast

import sqlglot
from sqlglot import errors, exp

from ner_retriever.errors import QueryError
from ner_retriever.search.filters.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Filter,
    Missing,
    Not,
    Operator,
    Pattern,
    Value,
)

_LONGEST = 4_000
_DIALECT = "duckdb"
_EXAMPLE = "year >= 2020 and source = 'Reuters'"
_COMPARISONS: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_TURNED: dict[Operator, Operator] = {
    "=": "=",
    "!=": "!=",
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
}


@lru_cache(maxsize=256)
def parse_where(text: str) -> Filter:
    """Read a filter.

    It is made of comparisons (``= != < <= > >=``, ``in (…)``, ``between … and …``, ``like`` and
    ``ilike`` with ``%`` and ``_``, ``is null``), joined by ``and``, ``or``, ``not`` and brackets. A
    field's name stands as it is, or in double quotes where it holds other signs than letters; a
    text in single quotes. A date is a text such as ``'2020-01-31'``, and may go without quotes.

    Raises:
        QueryError: it is something else, or too long.
    """
    if len(text) > _LONGEST:
        raise QueryError(f"a filter of {len(text):,} characters; {_LONGEST:,} are the most")
    try:
        parsed = sqlglot.parse(text, dialect=_DIALECT)
        if len(parsed) != 1 or parsed[0] is None:
            raise _not_understood(text)
        return _filter(parsed[0])
    except (errors.SqlglotError, RecursionError) as error:
        raise _not_understood(text) from error


def _filter(node: exp.Expr) -> Filter:
    read = _READERS.get(type(node))
    if read is None:
        raise _not_understood(node.sql(_DIALECT))
    return read(node)


def _all_of(node: exp.Expr) -> Filter:
    return AllOf(tuple(map(_filter, node.flatten())))


def _any_of(node: exp.Expr) -> Filter:
    return AnyOf(tuple(map(_filter, node.flatten())))


def _in(node: exp.Expr) -> Filter:
    field = _name(node.this)
    values = _only(node, "this", "expressions").args.get("expressions")
    if not values:
        raise _not_understood(node.sql(_DIALECT))
    return AnyOf(tuple(Comparison(field, "=", _value(value)) for value in values))


def _between(node: exp.Expr) -> Filter:
    field = _name(_only(node, "this", "low", "high").this)
    low, high = (_value(node.args[name]) for name in ("low", "high"))
    return AllOf((Comparison(field, ">=", low), Comparison(field, "<=", high)))


def _like(node: exp.Expr) -> Filter:
    pattern = _only(node, "this", "expression", "negate").expression
    ignore_case = isinstance(node, exp.ILike)
    found = Pattern(_name(node.this), str(_value(pattern)), ignore_case)
    return Not(found) if node.args.get("negate") else found


def _is(node: exp.Expr) -> Filter:
    field = _name(node.this)
    if isinstance(node.expression, exp.Null):
        return Missing(field)
    return Comparison(field, "=", _value(node.expression))


def _only(node: exp.Expr, *names: str) -> exp.Expr:
    """Return a node that has no other parts than these, whose meaning would be lost."""
    if any(value for name, value in node.args.items() if name not in names):
        raise _not_understood(node.sql(_DIALECT))
    return node


def _comparison(node: exp.Expr) -> Comparison:
    operator = _COMPARISONS[type(node)]
    left, right = node.this, node.expression
    if isinstance(left, exp.Column):
        return Comparison(_name(left), operator, _value(right))
    return Comparison(_name(right), _TURNED[operator], _value(left))


def _name(node: exp.Expr) -> str:
    if not isinstance(node, exp.Column):
        raise _not_understood(node.sql(_DIALECT), "where a field's name is expected")
    return ".".join(part.name for part in node.parts)


def _value(node: exp.Expr) -> Value:
    match node:
        case exp.Boolean():
            return bool(node.this)
        case exp.Literal():
            return str(node.this) if node.is_string else _number(str(node.this))
        case exp.Neg() if isinstance(node.this, exp.Literal) and not node.this.is_string:
            return -_number(str(node.this.this))
        case exp.Cast() if isinstance(node.this, exp.Literal):
            # date '2020-01-31'
            return str(node.this.this)
        case exp.Sub():
            return _date(node)
    raise _not_understood(node.sql(_DIALECT), "where a value is expected; a text is in quotes")


def _date(node: exp.Sub) -> str:
    """A date without quotes is read as two subtractions, which mean nothing else here."""
    parts: list[str] = []
    rest: exp.Expr = node
    while isinstance(rest, exp.Sub):
        parts.append(_digits(rest.expression))
        rest = rest.this
    parts.append(_digits(rest))
    if len(parts) > 3:
        raise _not_understood(node.sql(_DIALECT), "where a value is expected")
    return "-".join(reversed(parts))


def _digits(node: exp.Expr) -> str:
    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit():
        return str(node.this)
    raise _not_understood(node.sql(_DIALECT), "where a date such as 2020-01-31 is expected")


def _number(text: str) -> int | float:
    read = cast(Callable[[str], int | float], int if text.isdigit() else float)
    return read(text)


def _not_understood(what: str, where: str = "") -> QueryError:
    short = what if len(what) <= 80 else f"{what[:79]}…"
    behind = f" {where}" if where else ""
    return QueryError(f"cannot understand {short!r} in a filter{behind}; write {_EXAMPLE}")


_READERS: dict[type[exp.Expr], Callable[[exp.Expr], Filter]] = {
    **dict.fromkeys(_COMPARISONS, _comparison),
    exp.Paren: lambda node: _filter(node.this),
    exp.And: _all_of,
    exp.Or: _any_of,
    exp.Not: lambda node: Not(_filter(node.this)),
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Is: _is,
    # A field of truth values by itself.
    exp.Column: lambda node: Comparison(_name(node), "=", value=True),
}
