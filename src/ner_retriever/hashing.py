"""Files that must be the bytes that were meant."""

import hashlib
from pathlib import Path

from ner_retriever.errors import WeightsCorrupted


def sha256_of(file: Path) -> str:
    """Return a file's sha256 in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_sha256(file: Path, expected: str, *, remedy: str) -> None:
    """Check a file against its sha256.

    Raises:
        WeightsCorrupted: it is not the file that was meant.
        OSError: it cannot be read.
    """
    found = sha256_of(file)
    if found != expected:
        raise WeightsCorrupted(
            f"{file} is damaged or another file (sha256 {found[:12]}…, expected "
            f"{expected[:12]}…); {remedy}"
        )
