"""What a record holds beside its text, as values that an index keeps and a filter compares."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ner_retriever.documents import FieldValue

MOST_FIELDS = 100
_LONGEST_VALUE = 10_000
_LONGEST_NAME = 200
_DEEPEST = 4
# Only what a number would be written as again: 007 and 1e5 are names, not numbers.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,10}", re.ASCII)


_MISSING = object()


def find(record: Mapping[str, Any], name: str) -> Any:
    """Return a field's value, or a mark that it is not there; ``a.b`` looks into field ``a``."""
    if name in record:
        return record[name]
    first, dot, rest = name.partition(".")
    inner = record.get(first) if dot else None
    return find(inner, rest) if isinstance(inner, Mapping) else _MISSING


def is_missing(value: object) -> bool:
    """Whether :func:`find` found nothing."""
    return value is _MISSING


def field_values(
    record: Mapping[str, Any],
    *,
    kept: Collection[str] | None,
    without: Collection[str],
    untyped: bool,
) -> tuple[dict[str, FieldValue], list[str]]:
    """Return what to keep of a record.

    Args:
        kept: names of fields; ``None`` for all but those that are ``without``.
        untyped: texts that are numbers become numbers.

    Returns:
        Fields by their names, an object's as ``name.field``; at most ``MOST_FIELDS``. And the
        names of those that are left out because they are too long. What is empty, or no text,
        number, date, truth value or list of such, is left out.
    """
    if kept is None:
        pairs = _flat(record, "", 0, set(without))
    else:
        pairs = ((name, find(record, name)) for name in kept)
    fields: dict[str, FieldValue] = {}
    too_long = []
    for name, given in pairs:
        value = _value(given, untyped=untyped)
        if value is None or len(name) > _LONGEST_NAME or len(fields) == MOST_FIELDS:
            continue
        if kept is None and _length(value) > _LONGEST_VALUE:
            too_long.append(name)
        else:
            fields[name] = value
    return fields, too_long


def _flat(
    record: Mapping[Any, Any], before: str, depth: int, without: set[str]
) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        name = f"{before}{key}"
        if name in without:
            continue
        if isinstance(value, Mapping):
            if depth < _DEEPEST:
                yield from _flat(value, f"{name}.", depth + 1, without)
        else:
            yield name, value


def _value(given: Any, *, untyped: bool) -> FieldValue | None:
    match given:
        case str():
            return _text(given, untyped=untyped)
        case bool() | int():
            return given
        case float() | Decimal():
            return float(given) if math.isfinite(given) else None
        case datetime() | date():
            return given.isoformat()
        case list() | tuple():
            parts = (_value(part, untyped=False) for part in given if not isinstance(part, list))
            return tuple(str(part) for part in parts if part is not None) or None
    return None


def _text(given: str, *, untyped: bool) -> FieldValue | None:
    text = given.strip()
    if not text:
        return None
    if untyped and _INTEGER.fullmatch(text):
        return int(text)
    if untyped and _DECIMAL.fullmatch(text):
        return float(text)
    # What is no UTF-8 can be stored nowhere.
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _length(value: FieldValue) -> int:
    if isinstance(value, tuple):
        return sum(map(len, value))
    return len(value) if isinstance(value, str) else 0
