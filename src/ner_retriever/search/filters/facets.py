"""How the documents of an answer spread over the values of their fields."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ner_retriever.index.field_table import FieldTable, Kind, as_text
from ner_retriever.search.filters.conditions import quoted_name, quoted_value

MOST_VALUES = 8
_LONGEST_VALUE = 100
# Where most documents have a value of their own, values are names of documents, and no facet.
_FEW_DOCUMENTS = 20
_DISTINCT_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """A value of a field.

    Attributes:
        value: as people write it.
        documents: how many of the answer have it.
        where: the filter that keeps these.
    """

    value: str
    documents: int
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A field of an answer's documents.

    Attributes:
        field: its name.
        kind: what it holds.
        documents: how many of the answer have it.
        values: the commonest, the commonest first; of dates, their years. None where almost every
            document has one of its own.
        least, greatest: of numbers and dates; else ``None``.
    """

    field: str
    kind: Kind
    documents: int
    values: tuple[FacetValue, ...]
    least: str | None = None
    greatest: str | None = None


def facets(fields: FieldTable, rows: NDArray[np.int64]) -> list[Facet]:
    """Count the values of all fields.

    Args:
        rows: of the answer's documents.

    Returns:
        Facets of the fields that at least one of them has, in the fields' order.
    """
    found = (_facet(fields, name, rows) for name in fields.names)
    return [facet for facet in found if facet.documents]


def _facet(fields: FieldTable, name: str, rows: NDArray[np.int64]) -> Facet:
    kind = fields.kind(name)
    column = fields.column(name).take(pa.array(rows))
    given = column.drop_null()
    if not len(given):
        return Facet(field=name, kind=kind, documents=0, values=())
    least = greatest = None
    if kind in ("number", "date"):
        extremes = pc.min_max(given).as_py()
        least, greatest = (_shown(extremes[key]) for key in ("min", "max"))
    return Facet(
        field=name,
        kind=kind,
        documents=len(given),
        values=_values(name, kind, given),
        least=least,
        greatest=greatest,
    )


def _values(name: str, kind: Kind, given: pa.ChunkedArray) -> tuple[FacetValue, ...]:
    if kind == "list":
        given = pc.list_flatten(given)
    elif kind == "date":
        given = pc.year(given)
    counts = pc.value_counts(given)
    many = len(counts) > _DISTINCT_SHARE * len(given) and len(given) > _FEW_DOCUMENTS
    if many and kind != "date":
        return ()
    pairs = zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    order = sorted(pairs, key=lambda pair: (-pair[1], str(pair[0])))
    if kind in ("text", "list") and len(order) > 1 and order[0][1] == 1:
        # Each document has a value of its own, which keeps nothing but that document.
        return ()
    return tuple(
        FacetValue(value=as_text(value), documents=count, where=_where(name, kind, value))
        for value, count in order[:MOST_VALUES]
        if len(as_text(value)) <= _LONGEST_VALUE
    )


def _where(name: str, kind: Kind, value: Any) -> str:
    written = quoted_value(str(value)) if kind == "date" else quoted_value(value)
    return f"{quoted_name(name)} = {written}"


def _shown(value: Any) -> str:
    return as_text(value) if isinstance(value, int | float) else value.isoformat(sep=" ")
