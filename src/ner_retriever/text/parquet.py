"""Rows of Parquet files."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO, cast

import pyarrow
from pyarrow import parquet

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.lines import READ_ERRORS, open_bytes, too_long, unreadable
from ner_retriever.text.records import Fields
from ner_retriever.text.sources import Source

# Small, so that memory holds neither a whole row group nor many long documents.
_BUFFER_BYTES = 1 << 20
_BATCH_ROWS = 64


def read_parquet(
    source: Source, fields: Fields, *, max_characters: int, progress: Callable[[int], None]
) -> Iterator[Document | DocumentError]:
    """Read the rows, row group by row group, and of those only the columns that are needed.

    A bad row is yielded as its error; an error that ends the file is the last item. ``progress``
    gets the file's size in shares of the rows read.
    """
    rows = _rows(source, fields, progress=progress)
    for number, row in enumerate(rows, start=1):
        origin = f"{source.label}:{number}"
        if isinstance(row, DocumentError):
            yield row
            continue
        document = fields.document(row, default_id=f"{source.name}:{number}", origin=origin)
        if isinstance(document, Document) and len(document.text) > max_characters:
            yield too_long(origin, max_characters)
        else:
            yield document


def _rows(
    source: Source, fields: Fields, *, progress: Callable[[int], None]
) -> Iterator[dict[str, Any] | DocumentError]:
    number = 0
    reported = 0
    try:
        size = source.path.stat().st_size
        with (
            _open_seekable(source) as file,
            parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES) as table,
        ):
            columns = table.schema_arrow.names
            if missing := fields.missing_column(columns, source.label):
                yield missing
                return
            twice = next((name for name in _needed(fields) if columns.count(name) > 1), None)
            if twice is not None:
                yield DocumentError(
                    f"{source.label}: {columns.count(twice)} columns are called {twice!r}; rename "
                    "all but one"
                )
                return
            wanted = [name for name in columns if name in _needed(fields)]
            for batch in table.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
                for index in range(batch.num_rows):
                    number += 1
                    yield _row(batch, index, f"{source.label}:{number}")
                read = size * number // table.metadata.num_rows
                progress(read - reported)
                reported = read
    except (*READ_ERRORS, pyarrow.ArrowException) as error:
        yield unreadable(f"{source.label}:{number + 1}", error)


def _needed(fields: Fields) -> list[str]:
    return [name for name in (fields.text, fields.id, fields.spans) if name is not None]


def _row(batch: pyarrow.RecordBatch, index: int, origin: str) -> dict[str, Any] | DocumentError:
    try:
        return {name: batch.column(name)[index].as_py() for name in batch.schema.names}
    except UnicodeDecodeError as error:
        return DocumentError(
            f"{origin}: not UTF-8 (byte {error.object[error.start]:#04x} at offset {error.start}); "
            "write the file again with valid strings"
        )


@contextmanager
def _open_seekable(source: Source) -> Iterator[BinaryIO]:
    if not source.compression:
        with source.path.open("rb") as file:
            yield file
        return
    # A Parquet file is read from its end, where a compressed file does not let a reader begin.
    with (
        open_bytes(replace(source, encoding="utf-8"), progress=lambda _: None) as packed,
        tempfile.TemporaryFile() as unpacked,
    ):
        shutil.copyfileobj(packed, unpacked)
        yield cast(BinaryIO, unpacked)
