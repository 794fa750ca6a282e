"""What an index keeps of a document beside its text and mentions: fields, pages, its file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa

from ner_retriever.documents import Document, FieldValue

FILE_FIELD = "file"
DETAIL_COLUMNS = [
    pa.field("fields", pa.string(), nullable=False),
    pa.field("pages", pa.list_(pa.int32()), nullable=False),
    pa.field("source", pa.string(), nullable=False),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What can change without the text being read anew.

    Attributes:
        fields: a JSON object; empty for none.
        pages: the first character of each page.
        source: the file that the document was read from; empty where there is none.
    """

    fields: str = ""
    pages: tuple[int, ...] = ()
    source: str = ""

    @classmethod
    def of(cls, document: Document) -> Self:
        """Return the details of a document."""
        return cls(fields=_to_json(document.fields), pages=document.pages, source=document.source)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the details in a row of the store."""
        return cls(fields=row["fields"], pages=tuple(row["pages"]), source=row["source"])


def detail_arrays(details: Sequence[Details]) -> list[pa.Array]:
    """Return an array for each of ``DETAIL_COLUMNS``."""
    columns = (
        [one.fields for one in details],
        [one.pages for one in details],
        [one.source for one in details],
    )
    return [
        pa.array(values, field.type) for values, field in zip(columns, DETAIL_COLUMNS, strict=True)
    ]


def details_table(details: Mapping[str, Details]) -> pa.Table:
    """Return a table of documents' ids and details."""
    columns = [pa.field("id", pa.string(), nullable=False), *DETAIL_COLUMNS]
    arrays = [pa.array(details, pa.string()), *detail_arrays(list(details.values()))]
    return pa.table(arrays, schema=pa.schema(columns))


def fields_of(content: str, source: str) -> dict[str, FieldValue]:
    """Return the fields in a row of the store, and the file in field ``file``.

    Args:
        content: of the column ``fields``.
        source: of the column of that name. A field ``file`` that was given counts for more.

    Raises:
        ValueError: they are damaged.
    """
    known: dict[str, FieldValue] = {FILE_FIELD: source} if source else {}
    if not content:
        return known
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("fields are no JSON object")
    return known | {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }


def _to_json(fields: Mapping[str, FieldValue]) -> str:
    if not fields:
        return ""
    return json.dumps(dict(fields), ensure_ascii=False, separators=(",", ":"))
