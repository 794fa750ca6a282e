"""Which files an index has read, and what they were then: ``files.jsonl`` in its folder.

A line is added when a file's documents are stored, so that a run that was killed knows how far it
had come. The record saves work and nothing hangs on it: a line that is lost or damaged means that
its file is read again.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from ner_retriever.index.checksums import FileChecksum
from ner_retriever.index.syncing import write_whole

FILES_NAME = "files.jsonl"


class FileRecords:
    """The files that were read, by their names in the index; hold its write lock meanwhile.

    Args:
        path: of the record.
        known: each file's checksum, and the key of the options it was read with.
    """

    def __init__(self, path: Path, known: dict[str, tuple[FileChecksum, str]]) -> None:
        self._path = path
        self._known = known

    @classmethod
    def read(cls, index: Path) -> Self:
        """Read the record of an index folder, or begin one."""
        path = index / FILES_NAME
        known: dict[str, tuple[FileChecksum, str]] = {}
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError):
            lines = []
        for line in lines:
            entry = _parsed(line)
            if entry is not None:
                name, checksum, key = entry
                known[name] = (checksum, key)
        return cls(path, known)

    def is_unchanged(self, name: str, file: Path, key: str) -> bool:
        """Whether a file is as it was when it was read with such options.

        It is hashed only where its size is the same and its times are not.
        """
        before, options = self._known.get(name, (None, key))
        if before is None or options != key:
            return False
        try:
            if before.is_untouched(file):
                return True
            now = FileChecksum.of(file) if file.stat().st_size == before.bytes else None
        except OSError:
            return False
        same = now is not None and now.is_content_of(before)
        if now is not None and same:
            self._known[name] = (now, key)
        return same

    def note(self, name: str, checksum: FileChecksum, key: str) -> None:
        """Put a file on record whose documents are stored.

        Raises:
            OSError: the index folder cannot be written.
        """
        self._known[name] = (checksum, key)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(_line(name, checksum, key))

    def forget(self, names: Iterable[str]) -> None:
        """Take files off the record, and write it anew, a line a file.

        Raises:
            OSError: the index folder cannot be written.
        """
        for name in names:
            self._known.pop(name, None)
        lines = (_line(name, *entry) for name, entry in self._known.items())
        write_whole(self._path, "".join(lines), sync=False)


def _line(name: str, checksum: FileChecksum, key: str) -> str:
    record = {"file": name, "options": key, **checksum.to_record()}
    return json.dumps(record, ensure_ascii=False) + "\n"


def _parsed(line: str) -> tuple[str, FileChecksum, str] | None:
    try:
        record: dict[str, Any] = json.loads(line)
        name, key = record.pop("file"), record.pop("options")
        return name, FileChecksum(**record), key
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
