"""Compressed files as streams that hold no more than such a file may sensibly hold.

A few kilobytes can inflate to terabytes. Text shrinks by a factor of 3 to 20, and the most
repetitive of logs by 100 or so; so whatever inflates more than 250-fold is no text that anybody
wrote. Small files are let inflate as they like, since what comes out is small as well.
"""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, cast

MOST_FOLD = 250
FREE_BYTES = 64 << 20
CHUNK_BYTES = 1 << 16


class TooMuchInflated(OSError):
    """More comes out of a file than it may hold."""


class Allowance:
    """What may come out of one file on the disk, whatever is packed in whatever within it.

    Args:
        packed: bytes of the file that are read already, or are going to be.
    """

    def __init__(self, packed: int = 0) -> None:
        self._packed = packed
        self._inflated = 0

    def read(self, count: int) -> None:
        """Count bytes read from the disk."""
        self._packed += count

    def inflate(self, count: int) -> None:
        """Count bytes that have come out of it.

        Raises:
            TooMuchInflated: they are more than 64 MiB, and more than 250 for each byte read.
        """
        self._inflated += count
        if self._inflated > max(FREE_BYTES, MOST_FOLD * self._packed):
            raise TooMuchInflated(
                f"inflates more than {MOST_FOLD}-fold, to over {self._inflated >> 20:,} MiB"
            )


def inflated(stream: BinaryIO, compression: str, allowance: Allowance) -> BinaryIO:
    """Return what a compressed stream holds.

    Args:
        stream: of bytes; it stays open when what is returned is closed.
        compression: one of ``suffixes.COMPRESSIONS``; empty for none.
        allowance: is used up by what comes out.

    Raises:
        OSError, EOFError, zlib.error, lzma.LZMAError: while reading, it is damaged, or, as
            ``TooMuchInflated``, it is used up.
    """
    if not compression:
        return stream
    return buffered(_OPENERS[compression](stream), allowance)


def buffered(stream: Any, allowance: Allowance) -> BinaryIO:
    """Return a stream as it is, reading from which uses up an allowance.

    Args:
        stream: with the method ``read1`` of Python's buffered streams.
    """
    return cast(BinaryIO, io.BufferedReader(_Allowed(stream, allowance), CHUNK_BYTES))


class _Allowed(io.RawIOBase):
    def __init__(self, stream: Any, allowance: Allowance) -> None:
        self._stream = stream
        self._allowance = allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        # What there is at once: where the file is cut further on, that counts.
        chunk = self._stream.read1(len(buffer))
        self._allowance.inflate(len(chunk))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _zstandard(stream: BinaryIO) -> Any:
    # Only now: it takes longer to import than a small file takes to read.
    import pyarrow

    packed = pyarrow.PythonFile(_Kept(stream), mode="r")
    return pyarrow.CompressedInputStream(packed, "zstd")


class _Kept:
    """A stream that stays open when it is closed."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        pass


_OPENERS: Mapping[str, Callable[[BinaryIO], Any]] = {
    ".gz": lambda stream: gzip.GzipFile(fileobj=stream),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _zstandard,
}
