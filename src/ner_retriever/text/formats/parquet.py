"""Rows of Parquet files."""

from collections.abc import Iterator

import pyarrow
from pyarrow import parquet

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.arrow_rows import Row, documents_of, rows_of, wanted_columns
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.formats.parquet_bounds import rows_at_once
from ner_retriever.text.inflation import Allowance
from ner_retriever.text.lines import READ_ERRORS, unreadable
from ner_retriever.text.seekable import Shares, disk_bytes, open_seekable, size_of
from ner_retriever.text.sources import Source

# Small, so that memory holds no whole row group.
_BUFFER_BYTES = 1 << 20


def read_parquet(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the rows, some dozens at a time, without columns that have no use.

    A bad row is yielded as its error; an error that ends the file is the last item. Progress is
    told in shares of the rows read.
    """
    return documents_of(_rows(source, options), source, options)


def _rows(source: Source, options: ReadOptions) -> Iterator[Row | DocumentError]:
    number = 0
    try:
        shares = Shares(disk_bytes(source), options.progress)
        with (
            open_seekable(source) as file,
            parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES) as table,
        ):
            wanted = wanted_columns(table.schema_arrow, source, options)
            rows = rows_at_once(file, table.metadata, wanted)
            allowance = Allowance(size_of(file))
            for batch in table.iter_batches(batch_size=rows, columns=wanted):
                first = number + 1
                number += batch.num_rows
                origins = (f"{source.label}:{row}" for row in range(first, number + 1))
                yield from rows_of(batch, origins, allowance)
                shares.reach(number, table.metadata.num_rows)
    except (*READ_ERRORS, pyarrow.ArrowException) as error:
        yield unreadable(f"{source.label}:{number + 1}", error)
    except DocumentError as error:
        yield error
