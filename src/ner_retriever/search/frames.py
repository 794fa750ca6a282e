"""Answers as Python records, Arrow tables, data frames, and HTML for notebooks."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any

from ner_retriever.documents import Hit

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_CONTEXT = 120


def record_of(hit: Hit) -> dict[str, Any]:
    """Return a document of an answer as a record of plain values."""
    return {
        "id": hit.id,
        "score": hit.score,
        "text": hit.text,
        "mentions": [
            {
                "start": mention.start,
                "end": mention.end,
                "text": mention.text,
                "score": mention.score,
                "detection_score": mention.detection_score,
                "name_score": mention.name_score,
                "page": mention.page,
            }
            for mention in hit.mentions
        ],
        "fields": dict(hit.fields),
        "duplicates": hit.duplicates,
    }


def arrow_of(hits: Iterable[Hit]) -> "pa.Table":
    """Return a row a document: what :func:`record_of` has, a column ``field.NAME`` a field.

    Fields whose values are of several kinds become text.
    """
    import pyarrow as pa

    from ner_retriever.index.field_table import as_text

    mention = pa.struct(
        [
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("text", pa.string()),
            ("score", pa.float32()),
            ("detection_score", pa.float32()),
            ("name_score", pa.float32()),
            ("page", pa.int32()),
        ]
    )
    records = [record_of(hit) for hit in hits]
    columns: dict[str, Any] = {
        "id": pa.array([record["id"] for record in records], pa.string()),
        "score": pa.array([record["score"] for record in records], pa.float32()),
        "text": pa.array([record["text"] for record in records], pa.string()),
        "mentions": pa.array([record["mentions"] for record in records], pa.list_(mention)),
        "duplicates": pa.array([record["duplicates"] for record in records], pa.int64()),
    }
    for name in dict.fromkeys(name for record in records for name in record["fields"]):
        values = [record["fields"].get(name) for record in records]
        if len({type(value) for value in values if value is not None}) > 1:
            values = [None if value is None else as_text(value) for value in values]
        columns[f"field.{name}"] = pa.array(values)
    return pa.table(columns)


def frame_of(hits: Iterable[Hit]) -> "pd.DataFrame":
    """Return :func:`arrow_of` as a pandas data frame.

    Raises:
        ImportError: pandas is not installed.
    """
    return arrow_of(hits).to_pandas()


def html_of(hits: Iterable[Hit], caption: str) -> str:
    """Return a table of documents with their first mention marked, for notebooks."""
    rows = "".join(
        f"<tr><td>{hit.score:.3f}</td><td>{escape(hit.id)}</td>"
        f'<td dir="auto" style="text-align:start">{_marked(hit)}</td></tr>'
        for hit in hits
    )
    return (
        f"<table><caption>{escape(caption)}</caption>"
        "<tr><th>score</th><th>document</th><th>mention in context</th></tr>"
        f"{rows}</table>"
    )


def _marked(hit: Hit) -> str:
    if not hit.mentions:
        return escape(hit.text[: 2 * _CONTEXT])
    shown = hit.mentions[0]
    first, last = max(0, shown.start - _CONTEXT), shown.end + _CONTEXT
    before, after = hit.text[first : shown.start], hit.text[shown.end : last]
    return (
        f"{'… ' if first else ''}{escape(before)}<mark>{escape(shown.text)}</mark>"
        f"{escape(after)}{' …' if last < len(hit.text) else ''}"
    )
