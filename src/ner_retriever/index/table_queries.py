"""What is asked of the table of documents by the values in its columns."""

from collections.abc import Iterable, Iterator, Sequence

import lance
import pyarrow.compute as pc

from ner_retriever.index.details import DETAIL_COLUMNS, Details, fields_of
from ner_retriever.index.fragments import BATCH_ROWS
from ner_retriever.index.records import Known, StoredDocument

SCAN_OPTIONS = {
    "batch_size": BATCH_ROWS,
    "batch_readahead": 1,
    "fragment_readahead": 1,
    "io_buffer_size": 64 << 20,
    "scan_in_order": True,
}
_DETAILS = [column.name for column in DETAIL_COLUMNS]
_VALUES_AT_ONCE = 1_000
_SOURCES_AT_ONCE = 100
_ROWS_AT_ONCE = 1 << 16


def known_documents(table: lance.LanceDataset, ids: Sequence[str]) -> dict[str, Known]:
    """Return what is known of those of some documents that are stored."""
    found: dict[str, Known] = {}
    for some in _parts(ids, _VALUES_AT_ONCE):
        columns = ["id", "digest", "run", *_DETAILS]
        rows = table.to_table(columns=columns, filter=is_in("id", some)).to_pylist()
        found |= {
            row["id"]: Known(row["digest"], row["run"], Details.from_row(row)) for row in rows
        }
    return found


def stored_documents(table: lance.LanceDataset, rows: Sequence[int]) -> list[StoredDocument]:
    """Return documents by their position in scan order, in the order asked for."""
    columns = ["id", "text", "fields", "source", "pages"]
    return [
        StoredDocument(
            row["id"], row["text"], fields_of(row["fields"], row["source"]), tuple(row["pages"])
        )
        for row in table.take(list(rows), columns=columns).to_pylist()
    ]


def count_mentions(table: lance.LanceDataset) -> int:
    """Return how many mentions all documents have."""
    batches = table.to_batches(columns={"mentions": "array_length(mentions)"}, **SCAN_OPTIONS)
    return sum(int(pc.sum(batch.column("mentions")).as_py() or 0) for batch in batches)


def distinct_sources(table: lance.LanceDataset) -> set[str]:
    """Return the files that stored documents were read from."""
    found: set[str] = set()
    for batch in table.to_batches(columns=["source"], batch_size=_ROWS_AT_ONCE):
        found.update(pc.unique(batch.column("source")).to_pylist())
    return found - {""}


def ids_of_sources(table: lance.LanceDataset, names: Iterable[str]) -> list[str]:
    """Return the ids of the documents that were read from some files, or from parts of them."""
    found: list[str] = []
    for some in _parts(list(names), _SOURCES_AT_ONCE):
        parts = [f"starts_with(source, {quoted(f'{name}/')})" for name in some]
        condition = " OR ".join([is_in("source", some), *parts])
        rows = table.to_table(columns=["id"], filter=condition)
        found += rows.column("id").to_pylist()
    return found


def is_in(column: str, values: Sequence[str]) -> str:
    """Write the filter that keeps rows with one of some values."""
    return f"{column} IN ({', '.join(map(quoted, values))})"


def quoted(value: str) -> str:
    """Write a text so that it is nothing but a text, whatever it holds."""
    return "'" + value.replace("'", "''") + "'"


def _parts(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for first in range(0, len(values), size):
        yield values[first : first + size]
