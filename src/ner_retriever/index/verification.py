"""Everything that is in an index folder, read and checked; and what is derived made again.

The record are the manifest, the store and the saved queries: nothing can replace them. The search
view is derived from the store, and so are the checksums, as far as the store can be read.
"""

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ner_retriever.errors import IndexLocked, IndexNotFound, NerRetrieverError, StoreError
from ner_retriever.index.checksums import NO_MATCH, FileChecksum
from ner_retriever.index.lock import write_lock
from ner_retriever.index.manifest import MANIFEST_NAME, read_manifest
from ner_retriever.index.queries import read_record_file, record_files
from ner_retriever.index.row_checks import check_rows
from ner_retriever.index.store import Store
from ner_retriever.index.store_files import (
    CHECKSUMS_NAME,
    STORE_FOLDER,
    StoreRecord,
    acknowledge,
    check_version,
    damaged_files,
    manifests_after,
    remove_checksums,
)
from ner_retriever.index.table import has_table, open_table, roll_back
from ner_retriever.index.view import VIEWS_FOLDER, open_scan
from ner_retriever.index.view_files import VIEW_JSON, ViewRecord

Part = Literal["manifest", "store", "checksums", "search view", "saved query"]
Progress = Callable[[str, int, int], None]
CheckQuery = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is wrong.

    Attributes:
        part: of the index.
        file: its path in the index folder.
        what: is wrong with it.
        derived: it can be made again from what is whole.
        repaired: it has been.
    """

    part: Part
    file: str
    what: str
    derived: bool = False
    repaired: bool = False


@dataclass(slots=True, kw_only=True)
class Verification:
    """What was read and what was found.

    Attributes:
        path: the index folder.
        files, bytes: how many files were hashed, and how long they are together.
        documents, mentions: that the store holds; 0 where it cannot be read.
        damages: all that is wrong.
    """

    path: str
    files: int = 0
    bytes: int = 0
    documents: int = 0
    mentions: int = 0
    damages: list[Damage] = field(default_factory=list)

    @property
    def record_is_intact(self) -> bool:
        """Whether nothing is damaged that cannot be made again."""
        return all(damage.derived for damage in self.damages)

    @property
    def is_intact(self) -> bool:
        """Whether nothing is damaged, or all that was is repaired."""
        return all(damage.repaired for damage in self.damages)


def verify_index(
    path: Path, *, repair: bool, check_query: CheckQuery, progress: Progress = lambda *_: None
) -> Verification:
    """Read and check every file of an index folder that an answer may depend on.

    Args:
        path: the index folder.
        repair: make again what is derived and damaged.
        check_query: raises one of this package's errors for a record that is no saved query.
        progress: called with a stage, how much of it is done, and how much there is.

    Raises:
        IndexNotFound: there is no index.
        IndexLocked: another process is writing to it.
        StoreError: it is to be repaired and cannot be written.
    """
    verifier = _Verifier(path, repair=repair, progress=progress)
    # First, because a lock leaves a file in the folder.
    verifier.check_manifest()
    with ExitStack() as stack:
        try:
            stack.enter_context(write_lock(path))
        except IndexLocked:
            raise
        except StoreError:
            # Where the folder cannot be written, there are no writers either.
            if repair:
                raise
        store = verifier.check_store()
        if store is not None:
            verifier.check_view(store)
        verifier.check_saved_queries(check_query)
    return verifier.result


class _Verifier:
    """Checks one part after the other and collects what is wrong."""

    def __init__(self, path: Path, *, repair: bool, progress: Progress) -> None:
        self._path = path
        self._repair = repair
        self._progress = progress
        self.result = Verification(path=str(path))

    def check_manifest(self) -> None:
        """Read the manifest."""
        try:
            read_manifest(self._path)
        except IndexNotFound:
            raise
        except StoreError as error:
            self._add("manifest", self._path / MANIFEST_NAME, str(error))

    def check_store(self) -> Store | None:
        """Check files and rows; return the store where it is intact."""
        record = self._checksums()
        if record is not None and not self._are_store_files_intact(record):
            return None
        store = self._readable(record)
        if store is None and record is not None and manifests_after(self._path, record.version):
            what = "a change that was never acknowledged is cut off; what was before it is intact"
            self._add("store", self._path / STORE_FOLDER, what, derived=True)
            if self._repair:
                roll_back(self._path, record.version)
                store = self._readable(record)
        if store is not None and self._repair:
            if record is None or record.version < store.version:
                remove_checksums(self._path)
                acknowledge(self._path, open_table(self._path), sync=True)
            self._set_repaired("store", "checksums")
        return store

    def check_view(self, store: Store) -> None:
        """Hash the files of the search view."""
        folder = self._path / VIEWS_FOLDER
        damages = self._damages_of(folder) if folder.is_dir() else {}
        for file, what in damages.items():
            self._add("search view", file, what, derived=True)
        if damages and self._repair:
            shutil.rmtree(folder, ignore_errors=True)
            open_scan(self._path, store)
            if not self._damages_of(folder):
                self._set_repaired("search view")

    def check_saved_queries(self, check_query: CheckQuery) -> None:
        """Read the saved queries with their judgements."""
        files = record_files(self._path)
        for done, file in enumerate(files, 1):
            try:
                record = read_record_file(file)
                if record is not None:
                    check_query(record)
            except NerRetrieverError as error:
                self._add("saved query", file, str(error))
            self._progress("reading saved queries", done, len(files))

    def _checksums(self) -> StoreRecord | None:
        try:
            record = StoreRecord.read(self._path)
        except StoreError as error:
            what = str(error)
        else:
            if record is not None:
                return record
            what = "there are none: an earlier version made the index, or they were lost"
        self._add("checksums", self._path / CHECKSUMS_NAME, what, derived=True)
        return None

    def _are_store_files_intact(self, record: StoreRecord) -> bool:
        total = sum(checksum.bytes for checksum in record.files.values())

        def count(size: int) -> None:
            self._count(size)
            self._progress("hashing the store", self.result.bytes, total)

        damages = dict(damaged_files(self._path, record, count))
        for name, what in damages.items():
            self._add("store", self._path / STORE_FOLDER / name, what)
        return not damages

    def _readable(self, record: StoreRecord | None) -> Store | None:
        """Read all rows; return the store if they make sense."""
        if not has_table(self._path):
            self._add("store", self._path / STORE_FOLDER, "it is gone")
            return None
        try:
            table = open_table(self._path)
            check_version(self._path, int(table.version), record, [])
            store = Store(self._path, table)
            mentions = check_rows(
                store, lambda done, total: self._progress("reading documents", done, total)
            )
        except StoreError as error:
            # If it is a cut-off change that cannot be read, that is said instead.
            if record is None or not manifests_after(self._path, record.version):
                self._add("store", self._path / STORE_FOLDER, str(error))
            return None
        self.result.documents, self.result.mentions = store.count(), mentions
        return store

    def _damages_of(self, folder: Path) -> dict[Path, str]:
        """What is wrong with the files of the view, by file."""
        try:
            record = ViewRecord.read(folder)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            return {folder / VIEW_JSON: f"not readable, or of an earlier version ({error})"}
        found = {}
        for done, (name, expected) in enumerate(record.files.items(), 1):
            try:
                if not FileChecksum.of(folder / name).is_content_of(expected):
                    found[folder / name] = NO_MATCH
            except OSError as error:
                found[folder / name] = error.strerror or str(error)
            self._count(expected.bytes)
            self._progress("hashing the search view", done, len(record.files))
        return found

    def _count(self, size: int) -> None:
        self.result.files += 1
        self.result.bytes += size

    def _add(self, part: Part, file: Path, what: str, *, derived: bool = False) -> None:
        name = file.relative_to(self._path).as_posix()
        self.result.damages.append(Damage(part=part, file=name, what=what, derived=derived))

    def _set_repaired(self, *parts: Part) -> None:
        self.result.damages = [
            replace(damage, repaired=damage.repaired or (damage.derived and damage.part in parts))
            for damage in self.result.damages
        ]
