"""Which documents a filter keeps."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ner_retriever.errors import QueryError
from ner_retriever.index.field_roles import find_field, parse_date
from ner_retriever.index.field_table import FieldTable
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

_COMPARE = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def matching(condition: Filter, fields: FieldTable) -> NDArray[np.bool_]:
    """Return whether each document fulfils a filter.

    Comparisons know three answers, as in SQL: of a document without the field, neither a comparison
    nor its opposite holds.

    Returns:
        Of shape (documents,).

    Raises:
        QueryError: there is no such field, or it cannot be compared with the value.
    """
    found = pc.fill_null(_evaluate(condition, fields), False)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def _evaluate(condition: Filter, fields: FieldTable) -> pa.BooleanArray:
    match condition:
        case AllOf(parts):
            return _joined(pc.and_kleene, parts, fields)
        case AnyOf(parts):
            return _joined(pc.or_kleene, parts, fields)
        case Not(part):
            return pc.invert(_evaluate(part, fields))
        case Missing(name):
            return _one_array(pc.is_null(_column(name, fields)))
        case Pattern(name, pattern, ignore_case):
            return _in_column(
                _texts(_column(name, fields)),
                lambda values: pc.match_like(values, pattern, ignore_case=ignore_case),
            )
        case Comparison(name, operator, value):
            return _compared(name, operator, value, fields)


def _joined(operation: Any, parts: tuple[Filter, ...], fields: FieldTable) -> pa.BooleanArray:
    found = _evaluate(parts[0], fields)
    for part in parts[1:]:
        found = operation(found, _evaluate(part, fields))
    return found


def _compared(name: str, operator: Operator, value: Value, fields: FieldTable) -> pa.BooleanArray:
    column = _column(name, fields)
    kind = fields.kind(find_field(fields.names, name))
    if kind == "date":
        return _one_array(_date_compared(column, operator, _period(name, value)))
    other = _fitting(name, kind, value)
    return _in_column(column, lambda values: _COMPARE[operator](values, other))


def _date_compared(
    column: pa.ChunkedArray, operator: Operator, period: tuple[datetime, datetime]
) -> pa.ChunkedArray:
    """Compare with a day, month or year, which is all of it."""
    first, after = (pa.scalar(value, pa.timestamp("us")) for value in period)
    match operator:
        case "<":
            return pc.less(column, first)
        case "<=":
            return pc.less(column, after)
        case ">":
            return pc.greater_equal(column, after)
        case ">=":
            return pc.greater_equal(column, first)
    inside = pc.and_(pc.greater_equal(column, first), pc.less(column, after))
    return inside if operator == "=" else pc.invert(inside)


def _period(name: str, value: Value) -> tuple[datetime, datetime]:
    """The first moment of what a date names, and the first after it."""
    text = str(value)
    parts = text.split("-")
    try:
        if len(text) == len("2020"):
            return datetime(int(text), 1, 1), datetime(int(text) + 1, 1, 1)
        if len(text) == len("2020-01") and len(parts) == 2:
            year, month = map(int, parts)
            after = (year + month // 12, month % 12 + 1)
            return datetime(year, month, 1), datetime(*after, 1)
    except ValueError:
        pass
    moment = parse_date(text)
    if moment is None:
        raise QueryError(
            f"the field {name!r} holds dates; compare it with one such as '2020-01-31', "
            f"not {value!r}"
        )
    whole_day = len(text) == len("2020-01-31")
    return moment, moment + (timedelta(days=1) if whole_day else timedelta(microseconds=1))


def _fitting(name: str, kind: str, value: Value) -> Value:
    if kind == "boolean":
        if isinstance(value, bool):
            return value
    elif kind == "number":
        try:
            # A truth value is a number to Python alone, and Arrow's integers have 64 bits.
            small = isinstance(value, int | float) and abs(value) < 2**63
            return value if small and not isinstance(value, bool) else float(str(value))
        except ValueError:
            pass
    elif isinstance(value, bool):
        return "true" if value else "false"
    else:
        return str(value)
    holds = "numbers" if kind == "number" else "true and false"
    raise QueryError(f"the field {name!r} holds {holds}; it cannot be compared with {value!r}")


def _in_column(column: pa.ChunkedArray, test: Any) -> pa.BooleanArray:
    """Test all values; a list fulfils what one of its parts does."""
    whole = _one_array(column)
    if not pa.types.is_list(whole.type):
        return _one_array(test(whole))
    fits = _one_array(test(pc.list_flatten(whole)))
    owners = pc.list_parent_indices(whole).to_numpy()
    found = np.zeros(len(whole), np.bool_)
    found[owners[fits.to_numpy(zero_copy_only=False).astype(bool)]] = True
    return pa.array(found, mask=whole.is_null().to_numpy(zero_copy_only=False))


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    type_ = column.type
    return column if pa.types.is_list(type_) else pc.cast(column, pa.string())


def _column(name: str, fields: FieldTable) -> pa.ChunkedArray:
    return fields.column(find_field(fields.names, name))


def _one_array(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
