"""Files in other encodings than UTF-8, as a stream of UTF-8."""

import codecs
import io
from typing import BinaryIO

from ner_retriever.errors import ConfigError

_CHUNK_BYTES = 1 << 16
_GZIP = b"\x1f\x8b"
# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def check_encoding(name: str) -> str:
    """Return an encoding's name as Python has it.

    Raises:
        ConfigError: there is no text encoding of that name.
    """
    try:
        found = codecs.lookup(name)
        "".encode(found.name)
    except (LookupError, ValueError) as error:
        raise ConfigError(
            f"unknown encoding {name!r}; common ones are utf-8, utf-16, cp1252 and latin-1"
        ) from error
    return found.name


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """Return what a stream holds as UTF-8.

    Args:
        stream: of bytes.
        encoding: of what it holds; empty for UTF-8, or UTF-16 or UTF-32 where a byte-order mark
            says so.

    Raises:
        UnicodeError: while reading, what it holds is not in that encoding.
    """
    encoding = encoding or encoding_of(start_of(stream, 4))
    if encoding in {"", "utf-8"}:
        return stream
    return io.BufferedReader(_Transcoded(stream, encoding), _CHUNK_BYTES)


def encoding_of(start: bytes) -> str:
    """Return the encoding that a byte-order mark names; nothing where there is none."""
    return next((name for mark, name in _MARKS if start.startswith(mark)), "")


def likely_cause(content: bytes) -> str:
    """Say what bytes that are not UTF-8 may be, and what to do."""
    if content.startswith(_GZIP):
        return "it is a gzip file by its first bytes; let its name end in .gz"
    if b"\0" in content:
        return "it looks like no text; if it is UTF-16, read it with --encoding utf-16-le"
    return "if it is Windows-1252 or Latin-1, read it with --encoding cp1252"


def start_of(stream: BinaryIO, size: int) -> bytes:
    """Return a stream's first bytes, which are read again afterwards."""
    peek = getattr(stream, "peek", None)
    if peek is not None:
        return bytes(peek(size)[:size])
    before = stream.tell()
    start = stream.read(size)
    stream.seek(before)
    return start


class _Transcoded(io.RawIOBase):
    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._rest = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest and not self._ended:
            chunk = self._stream.read(_CHUNK_BYTES)
            self._ended = not chunk
            text = self._decoder.decode(chunk, final=self._ended)
            # Half of a surrogate pair is told by what reads the text.
            self._rest = text.encode("utf-8", errors="surrogatepass")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
