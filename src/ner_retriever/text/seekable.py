"""Files whose readers jump to and fro, such as tables in columns and archives."""

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, cast

from ner_retriever.text.lines import open_bytes
from ner_retriever.text.sources import Source


@contextmanager
def open_seekable(source: Source) -> Iterator[BinaryIO]:
    """Open a source for reading anywhere; what is packed is unpacked into a temporary file.

    Raises:
        OSError, EOFError, zlib.error, lzma.LZMAError: as ``lines.READ_ERRORS`` lists them.
    """
    if not (source.compression or source.member or source.is_stdin):
        with source.path.open("rb") as file:
            yield file
        return
    with (
        # What is no text must not be taken for text in another encoding.
        open_bytes(replace(source, encoding="utf-8"), progress=lambda _: None) as packed,
        tempfile.TemporaryFile() as unpacked,
    ):
        shutil.copyfileobj(packed, unpacked)
        unpacked.seek(0)
        yield cast(BinaryIO, unpacked)


class Shares:
    """Progress through a file that is not read from its beginning to its end.

    Args:
        size: of the file on the disk, in bytes; 0 where it is no file by itself.
        progress: gets the number of bytes newly done.
    """

    def __init__(self, size: int, progress: Callable[[int], None]) -> None:
        self._size = size
        self._progress = progress
        self._reported = 0

    def reach(self, done: int, of: int) -> None:
        """Report that a share of the file is done, never more than all of it."""
        reached = self._size * min(done, of) // of if of else self._size
        if reached > self._reported:
            self._progress(reached - self._reported)
            self._reported = reached


def disk_bytes(source: Source) -> int:
    """Return how many bytes a source takes on the disk; 0 where it is part of a file.

    Raises:
        OSError: it is gone.
    """
    return 0 if source.is_stdin or source.member else source.path.stat().st_size


def size_of(file: BinaryIO) -> int:
    """Return how many bytes a file that can be read anywhere holds."""
    here = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(here)
    return size
