"""How many rows of a Parquet file fit into memory, whatever has been packed into it.

A row's value may be a reference to a value in a dictionary, or begin as the value before does. So a
file of a few kilobytes can hold millions of rows of a hundred megabytes each.
"""

from collections.abc import Collection
from typing import Any, BinaryIO

from ner_retriever.text.inflation import Allowance
from ner_retriever.text.seekable import size_of

# Small, so that memory does not hold many long documents.
_MOST_ROWS = 64
_BATCH_BYTES = 64 << 20
_DICTIONARY_PAGE = 2
# Of the two numbers that a page begins with, as variable length integers.
_HEAD_BYTES = 16


def rows_at_once(file: BinaryIO, metadata: Any, columns: Collection[str]) -> int:
    """Return how many rows may be read at once.

    Args:
        file: the Parquet file.
        metadata: its ``pyarrow.parquet.FileMetaData``.
        columns: names of those that are read.

    Raises:
        TooMuchInflated: more comes out of the columns than their file may hold.
    """
    size = size_of(file)
    allowance = Allowance(size)
    largest = 1
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            if column.path_in_schema in columns or _root(column.path_in_schema) in columns:
                allowance.inflate(max(column.total_uncompressed_size, 0))
                largest = max(largest, _largest_shared(file, column))
    return max(1, min(_MOST_ROWS, _BATCH_BYTES // largest))


def _root(path: str) -> str:
    return path.split(".", maxsplit=1)[0]


def _largest_shared(file: BinaryIO, column: Any) -> int:
    """How large a value of a column may be that many rows have from one place."""
    if "DELTA_BYTE_ARRAY" in column.encodings:
        return int(column.total_uncompressed_size)
    kind, size = _page(file, column.dictionary_page_offset or column.data_page_offset)
    return size if kind == _DICTIONARY_PAGE else 0


def _page(file: BinaryIO, offset: int) -> tuple[int, int]:
    """Return a page's kind and how many bytes it holds, unpacked; 0 where it does not say."""
    here = file.tell()
    file.seek(offset)
    head = iter(file.read(_HEAD_BYTES))
    file.seek(here)
    # A structure in Thrift's compact protocol whose first two fields are integers.
    found = []
    for _ in range(2):
        if next(head, 0) != 0x15:
            return 0, 0
        found.append(_integer(head))
    return found[0], found[1]


def _integer(content: Any) -> int:
    value = shift = 0
    for byte in content:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return (value >> 1) ^ -(value & 1)
