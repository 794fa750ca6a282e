"""The files of the search view, and what ``view.json`` says of them.

``<index>/scan/`` holds a segment for each fragment of the store, the documents' fields of one state
where a filter has asked for them, and ``view.json`` with each file's checksum, checked by a
checksum of its own.
"""

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from ner_retriever.index.checksums import FileChecksum, with_checksum, without_checksum
from ner_retriever.index.syncing import write_whole

LOCK_NAME = "lock"
VIEW_JSON = "view.json"
_FORMAT = 5
# A disk can lose bits that nobody wrote to, so that no time of change tells of it.
_LONGEST_TRUST_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRecord:
    """What ``view.json`` says.

    Attributes:
        files: the checksum of each file, by its name.
        checked: when all files were last hashed, those of the store included, in seconds since
            1970.
    """

    files: Mapping[str, FileChecksum] = field(default_factory=dict)
    checked: float = field(default_factory=time.time)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the record of the folder of a view.

        Raises:
            OSError: it is not there.
            ValueError, TypeError, KeyError: it is damaged, or of an earlier version.
        """
        content = without_checksum(json.loads((folder / VIEW_JSON).read_bytes()), required=True)
        if content.pop("format") != _FORMAT:
            raise ValueError(f"not of format {_FORMAT}")
        files = content.pop("files").items()
        read = {name: FileChecksum.from_record(checksum) for name, checksum in files}
        return cls(files=read, **content)

    @classmethod
    def read_or_new(cls, folder: Path) -> Self:
        """The same, but an empty one where there is none that can be read."""
        try:
            return cls.read(folder)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return cls()

    def write(self, folder: Path) -> None:
        """Write the record into the folder of a view; hold its lock meanwhile.

        Raises:
            OSError: the folder cannot be written.
        """
        content = {
            "format": _FORMAT,
            "checked": self.checked,
            "files": {name: checksum.to_record() for name, checksum in self.files.items()},
        }
        # It can be made again, so a power cut may take it.
        write_whole(folder / VIEW_JSON, json.dumps(with_checksum(content)), sync=False)

    @property
    def is_due(self) -> bool:
        """Whether it is time to hash all files."""
        return not 0 <= time.time() - self.checked <= _LONGEST_TRUST_SECONDS


def intact_files(folder: Path, names: Iterable[str]) -> set[str]:
    """Which of some files of a view are those that were written; hashes no more than it must.

    A file is hashed if it has changed since it was last, and all are if that was a week ago.
    """
    record = ViewRecord.read_or_new(folder)
    due = record.is_due
    intact: set[str] = set()
    files = dict(record.files)
    for name in record.files if due else names:
        expected = record.files.get(name)
        if expected is None:
            continue
        try:
            if due or not expected.is_untouched(folder / name):
                files[name] = FileChecksum.of(folder / name)
                if not files[name].is_content_of(expected):
                    del files[name]
                    continue
            intact.add(name)
        except OSError:
            files.pop(name, None)
    if due or files != record.files:
        checked = time.time() if due else record.checked
        _save(folder, record, replace(record, files=files, checked=checked))
    return intact


def _save(folder: Path, before: ViewRecord, after: ViewRecord) -> None:
    """Remember what was hashed, where the view can be written and no one else is about to."""
    with suppress(OSError, Timeout), FileLock(folder / LOCK_NAME, timeout=0):
        # A writer may have been here in between, and what it wrote must not be forgotten.
        if ViewRecord.read_or_new(folder).files == before.files:
            after.write(folder)
