"""The files of one search view, and what ``view.json`` says of them.

``<index>/scan/<state>/`` holds ``vectors.f16``, ``contexts.f16``, ``mentions.bin``,
``document_first.i64``, ``documents.bin`` (raw, little-endian), with ``--int8`` also the vectors as
int8, and ``view.json`` with the state, the sizes and each file's checksum, checked by a checksum of
its own.
"""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ner_retriever.index.checksums import FileChecksum, with_checksum, without_checksum
from ner_retriever.index.contexts import Contexts
from ner_retriever.index.field_table import FIELDS_FILE, FieldTable, read_field_table
from ner_retriever.index.files import map_array
from ner_retriever.index.int8 import int8_files, read_int8
from ner_retriever.index.scan import DOCUMENT, MENTION, Scan
from ner_retriever.index.syncing import write_whole

VECTOR = np.dtype("<f2")
POINTER = np.dtype("<i8")
LOCK_NAME = "lock"
# What there is of a mention, and of the sentences that mentions stand in.
VECTORS, CONTEXTS = "vectors", "contexts"
PLAIN_FILES = (
    f"{VECTORS}.f16",
    f"{CONTEXTS}.f16",
    "mentions.bin",
    "document_first.i64",
    "documents.bin",
)
INT8_FILES = (*int8_files(VECTORS), *int8_files(CONTEXTS))
_FORMAT = 4
VIEW_JSON = "view.json"
# A disk can lose bits that nobody wrote to, so that no time of change tells of it.
_LONGEST_TRUST_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRecord:
    """What ``view.json`` says.

    Attributes:
        state: of the store that the view was made from.
        documents, mentions, sentences: how many there are; sentences count where they have vectors.
        dimensions, context_dimensions: of a mention's vector and of a sentence's.
        files: the checksum of each file, by its name.
        checked: when all files were last hashed, in seconds since 1970.
    """

    state: str
    documents: int
    mentions: int
    sentences: int
    dimensions: int
    context_dimensions: int
    files: Mapping[str, FileChecksum]
    checked: float

    @classmethod
    def read(cls, view: Path) -> Self:
        """Read the record of a view's folder.

        Raises:
            OSError: it is not there.
            ValueError, TypeError, KeyError: it is damaged, or of an earlier version, which kept no
                checksums.
        """
        record = json.loads((view / VIEW_JSON).read_bytes())
        content = without_checksum(record, required=True)
        if content.pop("format") != _FORMAT:
            raise ValueError(f"not of format {_FORMAT}")
        files = content.pop("files").items()
        read = {name: FileChecksum.from_record(checksum) for name, checksum in files}
        return cls(files=read, **content)

    def write(self, view: Path) -> None:
        """Write the record into a view's folder; hold the lock of its parent meanwhile.

        Raises:
            OSError: the folder cannot be written.
        """
        content = {
            "format": _FORMAT,
            "state": self.state,
            "documents": self.documents,
            "mentions": self.mentions,
            "sentences": self.sentences,
            "dimensions": self.dimensions,
            "context_dimensions": self.context_dimensions,
            "checked": self.checked,
            "files": {name: checksum.to_record() for name, checksum in self.files.items()},
        }
        write_whole(view / VIEW_JSON, json.dumps(with_checksum(content), indent=1))


def load_view(folder: Path, state: str, *, int8: bool = False) -> Scan | None:
    """Map the view of a state, or return ``None`` where there is no whole one.

    Sizes and the documents' offsets are checked each time. A file is hashed if it has changed since
    it was last, and all are if that was a week ago.

    Args:
        folder: where views are.
        int8: with the vectors as int8.
    """
    view = folder / state
    try:
        record = ViewRecord.read(view)
        names = (*PLAIN_FILES, *INT8_FILES) if int8 else PLAIN_FILES
        if record.state != state or not _are_intact(view, record, names):
            return None
        return _mapped(view, record, int8=int8)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def load_fields(folder: Path, state: str) -> FieldTable | None:
    """Map the fields beside the view of a state, or return ``None`` where there are no whole ones.

    Args:
        folder: where views are.
    """
    view = folder / state
    try:
        if not _are_intact(view, ViewRecord.read(view), (FIELDS_FILE,)):
            return None
        return read_field_table(view / FIELDS_FILE)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _are_intact(view: Path, record: ViewRecord, names: tuple[str, ...]) -> bool:
    """Whether some files are those that were written; hashes no more than it must."""
    age = time.time() - record.checked
    due = not 0 <= age <= _LONGEST_TRUST_SECONDS
    if due:
        suspects = list(record.files)
    else:
        suspects = [name for name in names if not record.files[name].is_untouched(view / name)]
    if not suspects:
        return True
    files = dict(record.files)
    for name in suspects:
        # One that nobody asked for must not stand in the way; it is forgotten.
        if hashed := _hashed(view / name, files.pop(name)):
            files[name] = hashed
    if not all(name in files for name in names):
        return False
    checked = time.time() if due else record.checked
    _save_times(view, replace(record, files=files, checked=checked))
    return True


def _hashed(file: Path, expected: FileChecksum) -> FileChecksum | None:
    """Hash a file; ``None`` where it is not what it was."""
    try:
        found = FileChecksum.of(file)
    except OSError:
        return None
    return found if found.is_content_of(expected) else None


def _save_times(view: Path, record: ViewRecord) -> None:
    """Remember what was hashed, where the view can be written and no one else is about to."""
    with suppress(OSError, Timeout), FileLock(view.parent / LOCK_NAME, timeout=0):
        record.write(view)


def _mapped(view: Path, record: ViewRecord, *, int8: bool) -> Scan:
    own = record.mentions, record.dimensions
    around = record.sentences, record.context_dimensions
    first = map_array(view / "document_first.i64", POINTER, (record.documents + 1,))
    _check_offsets(first, record.mentions)
    contexts = None
    if record.context_dimensions:
        contexts = Contexts(
            map_array(view / f"{CONTEXTS}.f16", VECTOR, around),
            int8=read_int8(view, CONTEXTS, around) if int8 else None,
        )
    return Scan(
        state=record.state,
        vectors=map_array(view / f"{VECTORS}.f16", VECTOR, own),
        mentions=map_array(view / "mentions.bin", MENTION, (record.mentions,)),
        document_first=first,
        documents=map_array(view / "documents.bin", DOCUMENT, (record.documents,)),
        contexts=contexts,
        int8=read_int8(view, VECTORS, own) if int8 else None,
    )


def _check_offsets(first: NDArray[Any], mentions: int) -> None:
    """Check that documents' mentions lie one after the other and are all there are."""
    if first[0] != 0 or first[-1] != mentions or (first[1:] < first[:-1]).any():
        raise ValueError("document_first.i64 does not divide the mentions among documents")
