"""The fields of all documents as columns, derived from the store: what filters and facets read.

A record's own values say what a column holds. It is of numbers, dates or truth values if all its
values are, of lists if one is, and else of texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Self

import pyarrow as pa

from ner_retriever.index.details import fields_of
from ner_retriever.index.field_roles import by_role, parse_date
from ner_retriever.index.store import Store

Kind = Literal["text", "number", "date", "boolean", "list"]
_MOST_FIELDS = 1_000
_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**63 - 1
_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.timestamp("us"),
    "boolean": pa.bool_(),
    "list": pa.list_(pa.string()),
}
_KINDS: tuple[tuple[pa.DataType, Kind], ...] = (
    (pa.string(), "text"),
    (pa.int64(), "number"),
    (pa.float64(), "number"),
    (pa.timestamp("us"), "date"),
    (pa.bool_(), "boolean"),
    (pa.list_(pa.string()), "list"),
)


@dataclass(frozen=True, slots=True, eq=False)
class FieldTable:
    """The fields of the documents of one state of a store.

    Attributes:
        table: a row a document, in the store's order; a column a field, null where a document
            doesn't have it. Dates are in UTC.
    """

    table: pa.Table

    @classmethod
    def empty(cls) -> Self:
        """Return a table of no fields."""
        return cls(pa.table({}))

    @property
    def names(self) -> list[str]:
        """Names of the fields, in the order in which they first came."""
        return list(self.table.column_names)

    def kind(self, name: str) -> Kind:
        """What a field holds."""
        type_ = self.table.schema.field(name).type
        return next(kind for own, kind in _KINDS if own == type_)

    def documents(self, name: str) -> int:
        """How many documents have a field."""
        column = self.column(name)
        return len(column) - int(column.null_count)

    def column(self, name: str) -> pa.ChunkedArray:
        """The values of a field, of shape (documents,)."""
        return self.table.column(name)


def field_kinds(store: Store) -> dict[str, Kind]:
    """Return what each field of a store's documents holds, without making the table.

    Raises:
        ValueError: a document's fields are damaged.
    """
    kinds = dict(_KINDS)
    return {name: kinds[_TYPES[kind]] for name, kind in _kinds(store).items()}


def write_field_table(file: Path, store: Store) -> None:
    """Write the fields of a store's documents, with memory that does not grow with it.

    Raises:
        OSError: the file cannot be written.
        ValueError: a document's fields are damaged.
    """
    kinds = _kinds(store)
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in kinds.items()])
    with pa.OSFile(str(file), "wb") as stream, pa.ipc.new_file(stream, schema) as writer:
        for records in _records(store):
            columns = [
                pa.array([_cast(record.get(name), kind) for record in records], _TYPES[kind])
                for name, kind in kinds.items()
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def read_field_table(file: Path) -> FieldTable:
    """Map a written table into memory.

    Raises:
        OSError, pa.ArrowInvalid: it cannot be read.
    """
    return FieldTable(pa.ipc.open_file(pa.memory_map(str(file))).read_all())


def _records(store: Store) -> Iterator[list[dict[str, Any]]]:
    for batch in store.batches(["fields", "source"]):
        fields, sources = (batch.column(name).to_pylist() for name in ("fields", "source"))
        yield [
            by_role(fields_of(content, source))
            for content, source in zip(fields, sources, strict=True)
        ]


def _kinds(store: Store) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for records in _records(store):
        for record in records:
            for name, value in record.items():
                kinds = found.get(name)
                if kinds is None:
                    kinds = found[name] = set()
                # Once there is a text, what else there is makes no difference but for a list.
                if "list" not in kinds:
                    kinds.add(_kind(value))
    return {name: _common(kinds) for name, kinds in islice(found.items(), _MOST_FIELDS)}


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() if _LEAST_INTEGER <= value <= _GREATEST_INTEGER:
            return "integer"
        case int() | float():
            return "number"
        case tuple():
            return "list"
    return "date" if parse_date(value) else "text"


def _common(kinds: set[str]) -> str:
    if "list" in kinds:
        return "list"
    if len(kinds) == 1:
        return next(iter(kinds))
    return "number" if kinds == {"integer", "number"} else "text"


def _cast(value: Any, kind: str) -> Any:
    if value is None:
        return None
    match kind:
        case "list":
            return value if isinstance(value, tuple) else [as_text(value)]
        case "date":
            return parse_date(value)
        case "number":
            return float(value)
        case "text":
            return as_text(value)
    return value


def as_text(value: Any) -> str:
    """Return a value as people write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(as_text, value))
    return str(value)
