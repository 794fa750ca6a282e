"""Rows of Arrow's batches, whichever file they come from, as documents."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.inflation import Allowance
from ner_retriever.text.lines import too_long
from ner_retriever.text.sources import Source

Row = dict[str, Any]


def wanted_columns(schema: pyarrow.Schema, source: Source, options: ReadOptions) -> list[str]:
    """Return the columns to read: those of the document, and its fields.

    Columns of one name are left out, and told of.

    Raises:
        DocumentError: a column that is needed is not there, or more than once.
    """
    names = schema.names
    if missing := options.columns.missing(names, source.label):
        raise missing
    wanted = _wanted(schema, options)
    twice = {name for name in wanted if names.count(name) > 1}
    for name in options.columns.needed():
        if name in twice:
            raise DocumentError(
                f"{source.label}: {names.count(name)} columns are called {name!r}; "
                "rename all but one"
            )
    for name in sorted(twice):
        options.notice(f"{source.label}: columns called {name!r} are left out: not one")
    return [name for name in wanted if name not in twice]


def rows_of(
    batch: pyarrow.RecordBatch, origins: Iterable[str], allowance: Allowance
) -> Iterator[Row | DocumentError]:
    """Return a batch's rows, one at a time, each bad one as its error.

    Args:
        origins: where each row stands, for messages.
        allowance: of the file: a small one may hold one long text for each of a million rows.

    Raises:
        TooMuchInflated: it is used up.
    """
    allowance.inflate(batch.nbytes)
    names = batch.schema.names
    columns = batch.columns
    shared = [
        name
        for name, type_ in zip(names, batch.schema.types, strict=True)
        if pyarrow.types.is_dictionary(type_)
    ]
    for index, origin in zip(range(batch.num_rows), origins, strict=False):
        try:
            row = {name: column[index].as_py() for name, column in zip(names, columns, strict=True)}
        except UnicodeDecodeError as error:
            yield DocumentError(
                f"{origin}: not UTF-8 (byte {error.object[error.start]:#04x} at offset "
                f"{error.start}); write the file again with valid strings"
            )
        except (ValueError, OverflowError) as error:
            # Such as a date in the year 100,000, which Arrow can hold and Python cannot.
            reason = " ".join(str(error).split())
            yield DocumentError(f"{origin}: not a value of its column's type ({reason})")
        else:
            for name in shared:
                if isinstance(row[name], str):
                    allowance.inflate(len(row[name]))
            yield row


def documents_of(
    rows: Iterable[Row | DocumentError], source: Source, options: ReadOptions
) -> Iterator[Document | DocumentError]:
    """Turn rows, which count from 1, into documents."""
    for number, row in enumerate(rows, start=1):
        if isinstance(row, DocumentError):
            yield row
            continue
        document = options.document(row, source, number)
        if isinstance(document, Document) and len(document.text) > options.max_characters:
            yield too_long(document.origin, options.max_characters)
        else:
            yield document


def _wanted(schema: pyarrow.Schema, options: ReadOptions) -> list[str]:
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
