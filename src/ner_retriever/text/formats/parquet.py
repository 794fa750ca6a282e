"""Rows of Parquet files."""

from collections.abc import Iterator
from typing import Any

import pyarrow
from pyarrow import parquet

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import READ_ERRORS, too_long, unreadable
from ner_retriever.text.seekable import open_seekable
from ner_retriever.text.sources import Source

# Small, so that memory holds neither a whole row group nor many long documents.
_BUFFER_BYTES = 1 << 20
_BATCH_ROWS = 64


def read_parquet(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the rows, some dozens at a time, without columns that have no use.

    A bad row is yielded as its error; an error that ends the file is the last item. Progress is
    told in shares of the rows read.
    """
    for number, row in enumerate(_rows(source, options), start=1):
        if isinstance(row, DocumentError):
            yield row
            continue
        document = options.document(row, source, number)
        if isinstance(document, Document) and len(document.text) > options.max_characters:
            yield too_long(document.origin, options.max_characters)
        else:
            yield document


def _rows(source: Source, options: ReadOptions) -> Iterator[dict[str, Any] | DocumentError]:
    number = 0
    reported = 0
    try:
        size = source.path.stat().st_size
        with (
            open_seekable(source) as file,
            parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES) as table,
        ):
            names = table.schema_arrow.names
            if missing := options.columns.missing(names, source.label):
                yield missing
                return
            wanted = _wanted(table.schema_arrow, options)
            twice = {name for name in wanted if names.count(name) > 1}
            needed = [name for name in options.columns.needed() if name in twice]
            if needed:
                yield DocumentError(
                    f"{source.label}: {names.count(needed[0])} columns are called {needed[0]!r}; "
                    "rename all but one"
                )
                return
            for name in sorted(twice):
                options.notice(f"{source.label}: columns called {name!r} are left out: not one")
            wanted = [name for name in wanted if name not in twice]
            for batch in table.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
                for index in range(batch.num_rows):
                    number += 1
                    yield _row(batch, index, f"{source.label}:{number}")
                read = size * number // table.metadata.num_rows
                options.progress(read - reported)
                reported = read
    except (*READ_ERRORS, pyarrow.ArrowException) as error:
        yield unreadable(f"{source.label}:{number + 1}", error)


def _wanted(schema: pyarrow.Schema, options: ReadOptions) -> list[str]:
    """The columns to read: those of the document, and its fields."""
    columns = options.columns
    named = [*columns.needed(), *(columns.kept or ())]
    roots = {name.split(".")[0] for name in named} | set(named)
    every = columns.kept is None
    return [
        name
        for name, type_ in zip(schema.names, schema.types, strict=True)
        if name in roots or (every and _can_be_field(type_))
    ]


def _can_be_field(type_: pyarrow.DataType) -> bool:
    types = pyarrow.types
    if types.is_list(type_) or types.is_large_list(type_):
        return _can_be_field(type_.value_type)
    return not (
        types.is_binary(type_)
        or types.is_large_binary(type_)
        or types.is_fixed_size_binary(type_)
        or types.is_fixed_size_list(type_)
        or types.is_map(type_)
        or types.is_null(type_)
    )


def _row(batch: pyarrow.RecordBatch, index: int, origin: str) -> dict[str, Any] | DocumentError:
    try:
        return {name: batch.column(name)[index].as_py() for name in batch.schema.names}
    except UnicodeDecodeError as error:
        return DocumentError(
            f"{origin}: not UTF-8 (byte {error.object[error.start]:#04x} at offset {error.start}); "
            "write the file again with valid strings"
        )
