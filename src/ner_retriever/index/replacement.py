"""A new store in an index folder, which takes the place of an index only when it has to.

Between the wish to start over and the first documents that are stored, models are loaded and texts
are read, which may fail. The index that is there stays until then.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ner_retriever.index.lock import write_lock
from ner_retriever.index.manifest import MANIFEST_NAME, Manifest, write_manifest
from ner_retriever.index.records import Known, Record, schema, to_table
from ner_retriever.index.store import Store
from ner_retriever.index.store_errors import writing_store
from ner_retriever.index.store_files import CHECKSUMS_NAME, STORE_FOLDER, acknowledge
from ner_retriever.index.table import new_table, open_table


def new_store(path: Path, manifest: Manifest, *, sync: bool) -> Store:
    """Return an empty store for the index folder ``path``; hold the write lock meanwhile.

    Where there is an index, nothing changes on disk before the first write.

    Raises:
        StoreError: the folder cannot be written.
    """
    if (path / MANIFEST_NAME).is_file():
        return ReplacementStore(path, manifest, sync=sync)
    lengths = manifest.dimensions, manifest.context_dimensions
    store = Store.create(path, *lengths, numbers=manifest.numbers, sync=sync)
    # Last, because a folder without a manifest is no index.
    write_manifest(path, manifest)
    store.purge()
    return store


class ReplacementStore(Store):
    """A store that takes the place of an index when something is stored in it or asked of it.

    Args:
        path: the index folder.
        manifest: of the new index.
        sync: as for any store.
    """

    def __init__(self, path: Path, manifest: Manifest, *, sync: bool) -> None:
        super().__init__(path, None, sync=sync)
        self._manifest = manifest

    @property
    def _dataset(self) -> Any:
        if self._table is None:
            with write_lock(self._path):
                self.swap_in()
        return self._table

    def refresh(self) -> None:
        """Move to the newest version, if the store is in its place."""
        if self._table is not None:
            super().refresh()

    def lookup(self, ids: Sequence[str]) -> dict[str, Known]:
        """What is known of those of the ``ids`` that are stored."""
        return {} if self._table is None else super().lookup(ids)

    def sources(self) -> set[str]:
        """The files that stored documents were read from."""
        return set() if self._table is None else super().sources()

    def ids_of(self, sources: Iterable[str]) -> list[str]:
        """The ids of the documents that were read from some files, or from parts of them."""
        return [] if self._table is None else super().ids_of(sources)

    def write(self, records: Sequence[Record], *, replace: bool) -> None:
        """Add documents in one commit; the first ones come with the change of place."""
        if self._table is None and records:
            self._replace(records)
        else:
            super().write(records, replace=replace)

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents in one commit and return how many were stored."""
        distinct = set(ids)
        if not distinct:
            return 0
        self.swap_in()
        return super().delete(distinct)

    def compact(self) -> None:
        """Merge small fragments, if the store is in its place."""
        if self._table is not None:
            super().compact()

    def swap_in(self) -> None:
        """Take the place of the old index, if that is still to be done."""
        if self._table is None:
            self._replace([])

    def _replace(self, records: Sequence[Record]) -> None:
        made_with = self._manifest
        columns = schema(made_with.dimensions, made_with.context_dimensions, made_with.numbers)
        content = to_table(records, columns) if records else columns.empty_table()
        with (
            writing_store(self._path / STORE_FOLDER),
            _set_aside(self._path / MANIFEST_NAME, self._path / CHECKSUMS_NAME),
            new_table(self._path, content) as dataset,
        ):
            acknowledge(self._path, dataset, sync=self._sync)
            write_manifest(self._path, self._manifest)
        self._table = open_table(self._path)
        # The text of the old index goes from the disk.
        self.purge()


@contextmanager
def _set_aside(*files: Path) -> Iterator[None]:
    """Take files away, so that no one reads one of them with what is about to change.

    If the body of the ``with`` fails, they come back as they were.
    """
    places = {file: file.with_name(f"{file.name}.replaced") for file in files if file.is_file()}
    try:
        for file, aside in places.items():
            file.replace(aside)
        yield
    except BaseException:
        for file in files:
            if file not in places:
                file.unlink(missing_ok=True)
            elif places[file].is_file():
                places[file].replace(file)
        raise
    for aside in places.values():
        aside.unlink(missing_ok=True)
