"""The search view: segments that a scan maps into memory, derived from the store.

A segment is made when a search first meets its fragment, and removed when the fragment is gone. One
that is damaged or of an earlier version is made again. Files are written under another name and
renamed when they are whole. Whoever has one open keeps it.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from filelock import FileLock
from numpy.typing import NDArray

from ner_retriever.errors import StoreError
from ner_retriever.index.checksums import FileChecksum
from ner_retriever.index.field_table import FieldTable, read_field_table, write_field_table
from ner_retriever.index.fragments import Fragment
from ner_retriever.index.scan import Scan
from ner_retriever.index.segments import Segment, write_segment
from ner_retriever.index.signatures import LazyGroups
from ner_retriever.index.store import Store
from ner_retriever.index.view_files import LOCK_NAME, ViewRecord, intact_files
from ner_retriever.temporary import TemporaryFolder

VIEWS_FOLDER = "scan"


@dataclass(frozen=True, slots=True, eq=False)
class OpenSegment:
    """A segment in memory, and which of its documents a state of the store has.

    Attributes:
        deletions: of the fragment, as it was then.
        kept: bool of shape (documents,).
    """

    segment: Segment
    deletions: str
    kept: NDArray[np.bool_]

    @classmethod
    def of(cls, segment: Segment, fragment: Fragment) -> Self | None:
        """A segment at the deletions of a fragment.

        ``None`` if it lacks a document: it was made when that was deleted, and the fragment is of
        an earlier state.
        """
        kept = np.ones(len(segment.places), np.bool_)
        if fragment.deletions:
            kept = np.isin(segment.places, fragment.kept(), assume_unique=True)
        if np.count_nonzero(kept) != fragment.rows:
            return None
        return cls(segment, fragment.deletions, kept)

    def at(self, fragment: Fragment) -> Self | None:
        """The same at other deletions; see :meth:`of`."""
        return self if fragment.deletions == self.deletions else self.of(self.segment, fragment)


class View:
    """The view of an index, of which a new state costs what is new in it.

    Args:
        path: the index folder.
    """

    def __init__(self, path: Path) -> None:
        self._folder = path / VIEWS_FOLDER
        self._open: Mapping[str, OpenSegment] = {}

    def scan(self, store: Store) -> Scan:
        """The scan of a store's state.

        Segments that are not there are made first, with memory that does not grow with the store;
        one process makes them while others wait. Where the index folder cannot be written,
        temporary files serve.

        Args:
            store: stays at its version meanwhile.

        Raises:
            StoreError: the store is damaged, or there is room neither in the index folder nor in
                the folder for temporary files.
        """
        if ViewRecord.read_or_new(self._folder).is_due:
            # The vectors that are scanned are the store's own.
            store.check_files()
            intact_files(self._folder, [])
        named = {segment_name(fragment): fragment for fragment in store.fragments}
        found: dict[str, OpenSegment] = {}
        for name, fragment in named.items():
            known = self._open.get(name)
            if known is not None and (moved := known.at(fragment)):
                found[name] = moved
        new = {name: fragment for name, fragment in named.items() if name not in found}
        if new:
            found |= self._read(store, new)
        self._open = {name: found[name] for name in named}
        return _together(store, list(self._open.values()))

    def _read(self, store: Store, named: Mapping[str, Fragment]) -> dict[str, OpenSegment]:
        try:
            return _load(self._folder, store, named)
        except OSError:
            try:
                # The maps outlive the files' names, which go at once and so are never left behind.
                with TemporaryFolder() as name:
                    return _load(Path(name), store, named)
            except OSError as error:
                raise StoreError(
                    f"no room for the search view: {error}; make the index folder writable, free "
                    "disk space, or set TMPDIR to a folder with room"
                ) from error


def open_scan(path: Path, store: Store) -> Scan:
    """The scan of a store in the index folder ``path``; see :meth:`View.scan`."""
    return View(path).scan(store)


def segment_name(fragment: Fragment) -> str:
    """The name of a fragment's segment in the folder of the view."""
    return f"{fragment.file.stem}.arrow"


def _load(folder: Path, store: Store, named: Mapping[str, Fragment]) -> dict[str, OpenSegment]:
    found = _read_all(folder, store, named)
    missing = {name: fragment for name, fragment in named.items() if name not in found}
    if not missing:
        return found
    folder.mkdir(exist_ok=True)
    with FileLock(folder / LOCK_NAME):
        found |= _read_all(folder, store, missing)
        missing = {name: fragment for name, fragment in missing.items() if name not in found}
        # So that damage doesn't spread.
        store.check_files([fragment.name for fragment in missing.values()])
        for name, fragment in missing.items():
            _put(folder, name, partial(write_segment, fragment=fragment, store=store))
        _clear(folder, {segment_name(fragment) for fragment in store.fragments})
    found |= _read_all(folder, store, missing)
    if len(found) < len(named):
        raise OSError(f"the segments just written to {folder} cannot be read")
    return found


def _read_all(folder: Path, store: Store, named: Mapping[str, Fragment]) -> dict[str, OpenSegment]:
    """Those of some segments that are whole."""
    found = {}
    intact = intact_files(folder, named)
    for name, fragment in named.items():
        if name in intact:
            with suppress(OSError, ValueError):
                segment = Segment.read(folder / name, fragment.file, store.vectors, store.contexts)
                if one := OpenSegment.of(segment, fragment):
                    found[name] = one
    return found


def _put(folder: Path, name: str, write: Callable[[Path], None]) -> None:
    """Write a file and put it on record; hold the lock meanwhile."""
    unfinished = folder / f"{name}.partial"
    write(unfinished)
    with unfinished.open("rb+") as stream:
        os.fsync(stream.fileno())
    unfinished.replace(folder / name)
    record = ViewRecord.read_or_new(folder)
    files = {**record.files, name: FileChecksum.of(folder / name)}
    replace(record, files=files).write(folder)


def _clear(folder: Path, segments: set[str]) -> None:
    """Remove segments of fragments that are gone, what an earlier version or a killed process left.

    A map of them elsewhere stays valid.
    """
    record = ViewRecord.read_or_new(folder)
    gone = {name for name in record.files if name.endswith(".arrow")} - segments
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name in gone or entry.suffix == ".partial":
            entry.unlink(missing_ok=True)
    if gone:
        files = {name: one for name, one in record.files.items() if name not in gone}
        replace(record, files=files).write(folder)


def _together(store: Store, segments: list[OpenSegment]) -> Scan:
    kept = np.concatenate([np.zeros(0, np.bool_), *(one.kept for one in segments)])
    documents = [one.segment.documents[one.kept] for one in segments]
    vectors, contexts = store.vectors, store.contexts
    signed = [(one.segment.signed, one.kept) for one in segments]
    return Scan.of(
        store.state,
        tuple(part for one in segments for part in one.segment.parts),
        (vectors.dimensions, contexts.dimensions if contexts else 0),
        np.concatenate(documents) if documents else Scan.no_documents(),
        groups=LazyGroups(signed),
        kept=kept,
    )


class LazyFields:
    """The fields of one state of a store, read when they are first asked for.

    They are in a file beside the view where that is fresh and whole; otherwise it is made first.
    Where the index folder cannot be written, a temporary one serves.

    Args:
        path: the index folder.
        store: fixed at that state.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self._folder = path / VIEWS_FOLDER
        self._store = store
        self._read: FieldTable | None = None

    def __call__(self) -> FieldTable:
        """Return them.

        Raises:
            StoreError: the store is damaged, or there is no room.
        """
        if self._read is None:
            try:
                self._read = self._open()
            except ValueError as error:
                raise StoreError(
                    f"the fields of a document are damaged: {error}; restore the index from a "
                    "copy, or make it again with --replace"
                ) from error
        return self._read

    def _open(self) -> FieldTable:
        name = f"{self._store.state}.fields"
        found = _fields(self._folder, name)
        if found is None:
            with suppress(OSError), FileLock(self._folder / LOCK_NAME):
                if _fields(self._folder, name) is None:
                    for stale in self._folder.glob("*.fields"):
                        stale.unlink()
                    _put(self._folder, name, partial(write_field_table, store=self._store))
            found = _fields(self._folder, name)
        return found or self._temporary()

    def _temporary(self) -> FieldTable:
        try:
            with TemporaryFolder() as name:
                file = Path(name) / "fields"
                write_field_table(file, self._store)
                return read_field_table(file)
        except OSError as error:
            raise StoreError(
                f"no room for the documents' fields: {error}; free disk space"
            ) from error


def _fields(folder: Path, name: str) -> FieldTable | None:
    if name not in intact_files(folder, [name]):
        return None
    try:
        return read_field_table(folder / name)
    except (OSError, pa.ArrowInvalid):
        return None
