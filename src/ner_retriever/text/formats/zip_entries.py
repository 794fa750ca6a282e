"""Entries of a zip archive as streams, and the file that an archive is read from."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from ner_retriever.text.inflation import Allowance, buffered

# That of 300,000 files or so. Each one's record takes some hundred bytes of memory.
_LARGEST_DIRECTORY = 32 << 20


class Entry:
    """An entry of an archive.

    Attributes:
        allowance: of the file that the archive is, shared by all of its entries, since they may
            all be made of the same bytes.
        depth: 1 in an archive, 2 in an archive in that.
    """

    def __init__(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, allowance: Allowance, *, depth: int
    ) -> None:
        self.allowance = allowance
        self.depth = depth
        self._archive = archive
        self._info = info

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it for reading.

        Raises:
            OSError: it is damaged, or packed in a way that is not known.
        """
        try:
            stream = self._archive.open(self._info)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise OSError(str(error)) from error
        with buffered(_Checked(stream), self.allowance) as unpacked:
            yield unpacked


class _Checked:
    """A stream whose damages are all errors of the system, as those of other files are."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read1(self, size: int) -> bytes:
        try:
            content: bytes = self._stream.read1(size)
        except zipfile.BadZipFile as error:
            raise OSError(str(error)) from error
        return content

    def close(self) -> None:
        self._stream.close()


class ArchiveFile:
    """A file that an archive is read from, which bounds the archive's directory.

    Args:
        file: that can be read anywhere.
        progress: gets how many bytes have been read from it so far.
    """

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        self._file = file
        self._progress = progress
        self._read = 0
        self._most: int | None = _LARGEST_DIRECTORY
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def opened(self) -> None:
        """Take the directory as read: entries are read in pieces."""
        self._most = None

    def read(self, size: int = -1) -> bytes:
        if self._most is not None and size > self._most:
            raise OSError(
                f"its directory takes {size:,} bytes, more than {self._most:,}; unpack it first"
            )
        content = self._file.read(size)
        self._read += len(content)
        self._progress(self._read)
        return content

    def close(self) -> None:
        """Leave it open for whoever has opened it."""
