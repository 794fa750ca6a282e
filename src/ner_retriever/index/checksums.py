"""Checksums of files, and JSON files that hold their own: how damage is noticed.

A file is hashed when it is written. To read a large file anew at each opening would take seconds,
so the times of its last change are kept beside its checksum: as long as the system reports the same
ones, nobody has written to the file, and it is not hashed again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

import xxhash

CHECKSUM = "checksum"
NO_MATCH = "its content does not match its checksum"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChecksum:
    """What a file was when it was last known to be whole.

    Attributes:
        bytes: its length.
        xxh3: the 128 bits of XXH3 of its content, in hexadecimal digits.
        modified, changed: ``st_mtime_ns`` and ``st_ctime_ns`` at that time. The second also changes
            when the first is set by hand, and when the file is copied or renamed.
    """

    bytes: int
    xxh3: str
    modified: int
    changed: int

    @classmethod
    def of(cls, file: Path) -> Self:
        """Read a file and hash it.

        Raises:
            OSError: it cannot be read.
        """
        # First, so that a change while it is read shows later.
        status = file.stat()
        content = xxhash.xxh3_128()
        with file.open("rb", buffering=0) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                content.update(chunk)
        return cls(
            bytes=status.st_size,
            xxh3=content.hexdigest(),
            modified=status.st_mtime_ns,
            changed=status.st_ctime_ns,
        )

    @classmethod
    def from_record(cls, record: Any) -> Self:
        """Read what :meth:`to_record` gave.

        Raises:
            TypeError: it is something else.
        """
        if not isinstance(record, dict):
            raise TypeError("a file's checksum is not a JSON object")
        return cls(**record)

    def to_record(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    def is_untouched(self, file: Path) -> bool:
        """Whether nobody has written to a file since then, as far as the system says.

        Raises:
            OSError: it is not there.
        """
        status = file.stat()
        return (status.st_size, status.st_mtime_ns, status.st_ctime_ns) == (
            self.bytes,
            self.modified,
            self.changed,
        )

    def is_content_of(self, other: Self) -> bool:
        """Whether another checksum is of the same bytes."""
        return (self.bytes, self.xxh3) == (other.bytes, other.xxh3)


class HashedWriter:
    """Writes to a file and hashes what it was given, which need not be what the disk keeps.

    Args:
        stream: the file, opened for writing bytes.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._content = xxhash.xxh3_128()
        self._bytes = 0

    def write(self, content: bytes) -> None:
        """Write some bytes.

        Raises:
            OSError: the disk is full.
        """
        self._stream.write(content)
        self._content.update(content)
        self._bytes += len(content)

    def checksum(self, file: Path) -> FileChecksum:
        """Return the checksum of all that was written, once the file is closed.

        Args:
            file: where it is.

        Raises:
            OSError: it is not there.
        """
        status = file.stat()
        return FileChecksum(
            bytes=self._bytes,
            xxh3=self._content.hexdigest(),
            modified=status.st_mtime_ns,
            changed=status.st_ctime_ns,
        )


def with_checksum(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with its own checksum, which white space and order don't change."""
    return {**record, CHECKSUM: _checksum_of(record)}


def without_checksum(record: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    """Check a JSON object and return it without its checksum.

    Args:
        required: refuse an object that has none, as earlier versions wrote it.

    Raises:
        ValueError: its checksum is another.
    """
    content = dict(record)
    expected = content.pop(CHECKSUM, None)
    if (required or expected is not None) and expected != _checksum_of(content):
        raise ValueError(NO_MATCH)
    return content


def _checksum_of(record: Mapping[str, Any]) -> str:
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return xxhash.xxh3_64_hexdigest(canonical.encode())
