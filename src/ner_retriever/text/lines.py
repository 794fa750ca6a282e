"""Lines and whole files as text, with a bound on what is held in memory.

A line that cannot be used is handed on as its error, so that reading can go on after it.
"""

import codecs
import io
import itertools
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from ner_retriever.errors import DocumentError
from ner_retriever.text.encodings import as_utf8, likely_cause
from ner_retriever.text.inflation import CHUNK_BYTES, Allowance, TooMuchInflated, inflated
from ner_retriever.text.sources import Source

# What reading a file that is damaged, gone or forbidden raises.
READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, UnicodeError)

NumberedLines = Iterator[tuple[int, str | DocumentError]]

_BYTES_PER_CHARACTER = 4


@contextmanager
def open_bytes(source: Source, progress: Callable[[int], None]) -> Iterator[BinaryIO]:
    """Open a source for reading, decompressed, as UTF-8.

    Args:
        progress: called with the number of bytes newly read from the disk, before decompression;
            never for standard input, nor for a part of a file.
    """
    if source.is_stdin:
        yield as_utf8(sys.stdin.buffer, source.encoding)
        return
    if source.member:
        with (
            source.member.open() as packed,
            inflated(packed, source.compression, source.member.allowance) as stream,
        ):
            yield as_utf8(stream, source.encoding)
        return
    allowance = Allowance()

    def count(size: int) -> None:
        allowance.read(size)
        progress(size)

    with (
        source.path.open("rb", buffering=0) as raw,
        io.BufferedReader(_Counted(raw, count), CHUNK_BYTES) as packed,
        inflated(cast(BinaryIO, packed), source.compression, allowance) as stream,
    ):
        yield as_utf8(stream, source.encoding)


def read_lines(
    source: Source, *, max_characters: int, progress: Callable[[int], None]
) -> NumberedLines:
    """Read a file's lines, their ends included, without a byte-order mark.

    Only a line feed ends a line. No more than ``max_characters`` of a line is held, even where a
    small gzip file holds a huge one.

    Yields:
        Line number (from 1) and line. A line that is too long or not UTF-8 is its error. An error
        that ends the file is the last item.
    """
    limit = bytes_to_read(max_characters)
    number = 0
    try:
        with open_bytes(source, progress) as stream:
            for number in itertools.count(1):
                line = stream.readline(limit)
                if not line:
                    return
                where = f"{source.label}:{number}"
                yield number, _decode(line, max_characters, where=where, first=number == 1)
                # Only now: whoever stops at the first error need not wait for the line's end.
                if len(line) == limit:
                    _skip_rest_of_line(line, stream)
    except READ_ERRORS as error:
        yield max(number, 1), unreadable(f"{source.label}:{max(number, 1)}", error)


def filled(lines: NumberedLines) -> NumberedLines:
    """Leave blank lines out."""
    return (item for item in lines if not isinstance(item[1], str) or item[1].strip())


def read_whole(
    source: Source, *, max_characters: int, progress: Callable[[int], None]
) -> str | DocumentError:
    """Read a file as one text, its line ends as they are, without a byte-order mark.

    Returns:
        The text, or the error that prevents reading it: too long, not UTF-8, unreadable.
    """
    try:
        with open_bytes(source, progress) as stream:
            content = stream.read(bytes_to_read(max_characters))
    except READ_ERRORS as error:
        return unreadable(source.label, error)
    return _decode(content, max_characters, where=source.label, first=True)


def without_line_end(line: str) -> str:
    """Drop a line feed, and the carriage return before it, from the end of a line."""
    return line.removesuffix("\n").removesuffix("\r")


def unreadable(where: str, error: Exception) -> DocumentError:
    """Say that a file cannot be read on, and why, on one line."""
    if isinstance(error, TooMuchInflated):
        return DocumentError(
            f"{where}: {error}, as no text does; if it is one, write it anew", reason="too large"
        )
    reason = " ".join(str(error).split()) or type(error).__name__
    return DocumentError(
        f"{where}: cannot be read ({reason}); check the file or fetch it again", reason="damaged"
    )


def too_long(where: str, max_characters: int) -> DocumentError:
    """Say that a line, record or text is longer than the limit."""
    return DocumentError(
        f"{where}: a document of over {max_characters} characters is more than the limit of "
        f"{max_characters}; split it, raise --max-characters, or skip it with --on-error skip",
        reason="too large",
    )


def empty(source: Source) -> DocumentError:
    """Say that a source holds no document."""
    return DocumentError(f"{source.label} is empty; a source must hold a document", reason="empty")


def bytes_to_read(max_characters: int) -> int:
    """Bytes enough for a text at the limit with its mark and line end, and one more."""
    return _BYTES_PER_CHARACTER * max_characters + len(codecs.BOM_UTF8) + len(b"\r\n") + 1


def _decode(content: bytes, max_characters: int, *, where: str, first: bool) -> str | DocumentError:
    # The limit in bytes may have cut a character in two, so length comes before decoding.
    if len(content) == bytes_to_read(max_characters):
        return too_long(where, max_characters)
    try:
        text = content.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        return DocumentError(
            f"{where}: not UTF-8 (byte {error.object[error.start]:#04x} at offset {error.start}); "
            f"{likely_cause(content)}"
        )
    if len(without_line_end(text)) > max_characters:
        return too_long(where, max_characters)
    return text


def _skip_rest_of_line(line: bytes, stream: BinaryIO) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(CHUNK_BYTES)


class _Counted(io.RawIOBase):
    """A file that reports how much of it has been read."""

    def __init__(self, raw: io.FileIO, progress: Callable[[int], None]) -> None:
        self._raw = raw
        self._progress = progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = self._raw.readinto(buffer)
        self._progress(count)
        return count
