"""Rows of Arrow files, in the file format (also called Feather) and in the stream format."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.arrow_messages import batch_ends, start_of_stream
from ner_retriever.text.formats.arrow_rows import Row, documents_of, rows_of, wanted_columns
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.inflation import Allowance
from ner_retriever.text.lines import READ_ERRORS, unreadable
from ner_retriever.text.seekable import Shares, disk_bytes, open_seekable, size_of
from ner_retriever.text.sources import Source

_FEATHER_1 = b"FEA1"


def read_arrow(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the rows, with memory that is bounded by a batch.

    A bad row is yielded as its error; an error that ends the file is the last item.
    """
    return documents_of(_rows(source, options), source, options)


def _rows(source: Source, options: ReadOptions) -> Iterator[Row | DocumentError]:
    try:
        shares = Shares(disk_bytes(source), options.progress)
        with open_seekable(source) as file:
            yield from arrow_rows(file, source, options, shares=shares)
    except READ_ERRORS as error:
        yield unreadable(f"{source.label}:1", error)
    except DocumentError as error:
        yield error


def arrow_rows(
    file: BinaryIO,
    source: Source,
    options: ReadOptions,
    *,
    shares: Shares,
    before: int = 0,
) -> Iterator[Row | DocumentError]:
    """Return the rows of an Arrow file.

    Args:
        file: that can be read anywhere.
        source: names it in messages, and says what to read of it.
        shares: of the file's bytes.
        before: rows in the files before this one.

    Raises:
        DocumentError: the file cannot be read, or not read on.
    """
    number = before
    try:
        size = size_of(file)
        if file.read(len(_FEATHER_1)) == _FEATHER_1:
            raise DocumentError(
                f"{source.label}: a Feather file of version 1; write it again as version 2"
            )
        # Both formats as a stream: so what is read is what has been looked at before.
        ends = batch_ends(file)
        position = start_of_stream(file)
        end = next(ends, None)
        file.seek(position)
        with pyarrow.ipc.open_stream(pyarrow.PythonFile(_Kept(file), mode="r")) as reader:
            wanted = wanted_columns(reader.schema, source, options)
            allowance = Allowance(size)
            position = file.tell()
            while end is not None:
                file.seek(position)
                batch = _valid(reader.read_next_batch().select(wanted))
                position = file.tell()
                first = number + 1
                number += batch.num_rows
                origins = (f"{source.label}:{row}" for row in range(first, number + 1))
                yield from rows_of(batch, origins, allowance)
                shares.reach(end, size)
                end = next(ends, None)
        shares.reach(size, size)
    except (*READ_ERRORS, pyarrow.ArrowException) as error:
        raise unreadable(f"{source.label}:{number + 1}", error) from error


def _valid(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """Return a batch whose offsets and indices stay within it: Arrow reads whatever they say."""
    for column in batch.columns:
        checked = column
        # A text that is not UTF-8 is an error of its row alone.
        if pyarrow.types.is_string(column.type):
            checked = column.view(pyarrow.binary())
        elif pyarrow.types.is_large_string(column.type):
            checked = column.view(pyarrow.large_binary())
        checked.validate(full=True)
    return batch


class _Kept:
    """A file that stays open when Arrow closes it."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell

    def close(self) -> None:
        pass
