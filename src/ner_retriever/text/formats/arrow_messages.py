"""What an Arrow file says of its batches before they are read, so that none takes all memory.

Arrow's library reads a batch whole, and makes room for as many bytes as the batch says it holds. So
this looks at each batch's head first; the layout is that of Arrow's columnar format, "Encapsulated
message format", whose heads are FlatBuffers.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ner_retriever.text.inflation import Allowance, TooMuchInflated
from ner_retriever.text.seekable import size_of

MAGIC = b"ARROW1"
_MAGIC_BYTES = 8
# The footer's length, and what the file began with.
_TAIL_BYTES = 4 + len(MAGIC)
_CONTINUED = 0xFFFFFFFF
_LARGEST_HEAD = 64 << 20
_LARGEST_BATCH = 4 << 30
_DICTIONARY, _BATCH = 2, 3
_NOT_PACKED = -1


def batch_ends(file: BinaryIO) -> Iterator[int]:
    """Look at the batches of a file, one after the other.

    Args:
        file: in the file format or the stream format; it is left where it was.

    Yields:
        For each batch, where it ends. Dictionaries before it have been looked at as well.

    Raises:
        TooMuchInflated: a batch is larger than 4 GiB, or inflates as no batch does.
        OSError: the file is damaged, or ends early.
    """
    size = size_of(file)
    end, is_whole = _end(file, size)
    allowance = Allowance(size)
    position = start_of_stream(file)
    while position < end:
        try:
            head = _head(file, position)
            if head is None:
                break
            position = head.body + head.body_bytes
            if position > end:
                raise OSError("the file ends within a batch")
            _check(file, head, allowance)
        except (struct.error, IndexError) as error:
            raise OSError("no Arrow file, or a damaged one") from error
        if head.kind == _BATCH:
            yield position
    if not is_whole:
        raise OSError("the file ends early")


def start_of_stream(file: BinaryIO) -> int:
    """Return where the stream of messages begins in a file of either format."""
    return _MAGIC_BYTES if _read(file, 0, len(MAGIC)) == MAGIC else 0


def _end(file: BinaryIO, size: int) -> tuple[int, bool]:
    """Where the messages end at the latest, and whether the file is whole as far as one can tell.

    A stream may end after any message; in the file format something follows them.
    """
    if not start_of_stream(file):
        return size, True
    tail = _read(file, max(size - _TAIL_BYTES, 0), _TAIL_BYTES)
    if not tail.endswith(MAGIC) or size <= _MAGIC_BYTES + _TAIL_BYTES:
        return size, False
    (footer,) = struct.unpack_from("<i", tail)
    end = size - _TAIL_BYTES - int(footer)
    return (end, True) if _MAGIC_BYTES <= end < size else (size, False)


@dataclass(frozen=True, slots=True)
class _Head:
    content: bytes
    kind: int
    table: int
    body: int
    body_bytes: int


def _head(file: BinaryIO, position: int) -> _Head | None:
    (length,) = struct.unpack("<I", _read(file, position, 4))
    start = position + 4
    if length == _CONTINUED:
        (length,) = struct.unpack("<I", _read(file, start, 4))
        start += 4
    if length == 0:
        return None
    if length > _LARGEST_HEAD:
        raise OSError("no Arrow file, or a damaged one")
    content = _read(file, start, length)
    message = _Table(content, _u32(content, 0))
    kind = message.number(1, "<B")
    return _Head(
        content=content,
        kind=kind,
        table=message.reference(2),
        body=start + length,
        body_bytes=max(message.number(3, "<q"), 0),
    )


def _check(file: BinaryIO, head: _Head, allowance: Allowance) -> None:
    unpacked = head.body_bytes
    if head.kind in {_DICTIONARY, _BATCH}:
        batch = _Table(head.content, head.table)
        if head.kind == _DICTIONARY:
            batch = _Table(head.content, batch.reference(1))
        if batch.has(3):
            unpacked = 0
            for offset, length in batch.pairs(2):
                unpacked += _unpacked(file, head.body + offset, length)
    allowance.inflate(unpacked)
    if unpacked > _LARGEST_BATCH:
        raise TooMuchInflated(f"holds a batch of more than {_LARGEST_BATCH >> 30} GiB")


def _unpacked(file: BinaryIO, position: int, length: int) -> int:
    """How many bytes a packed buffer says it holds."""
    if length < 8:
        return 0
    (size,) = struct.unpack("<q", _read(file, position, 8))
    return length if size == _NOT_PACKED else max(int(size), 0)


class _Table:
    """A table of a FlatBuffer; a field that is not there is 0."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self._position = position
        (back,) = struct.unpack_from("<i", content, position)
        self._fields = position - back
        (self._fields_bytes,) = struct.unpack_from("<H", content, self._fields)

    def has(self, number: int) -> bool:
        return bool(self._at(number))

    def number(self, number: int, layout: str) -> int:
        place = self._at(number)
        return int(struct.unpack_from(layout, self._content, place)[0]) if place else 0

    def reference(self, number: int) -> int:
        place = self._at(number)
        return place + _u32(self._content, place) if place else 0

    def pairs(self, number: int) -> Iterator[tuple[int, int]]:
        start = self.reference(number)
        for index in range(_u32(self._content, start) if start else 0):
            yield struct.unpack_from("<qq", self._content, start + 4 + 16 * index)

    def _at(self, number: int) -> int:
        entry = 4 + 2 * number
        if entry + 2 > self._fields_bytes:
            return 0
        (offset,) = struct.unpack_from("<H", self._content, self._fields + entry)
        return self._position + int(offset) if offset else 0


def _u32(content: bytes, position: int) -> int:
    return int(struct.unpack_from("<I", content, position)[0])


def _read(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)
