"""The search view: files that a scan maps into memory, derived from the store.

It is rebuilt where it is stale, damaged or of an earlier version. A view is written under another
name and renamed when it is whole.
"""

import shutil
from pathlib import Path

from filelock import FileLock

from ner_retriever.errors import StoreError
from ner_retriever.index.field_table import FieldTable, read_field_table, write_field_table
from ner_retriever.index.scan import Scan
from ner_retriever.index.store import Store
from ner_retriever.index.view_build import add_fields, add_int8, build_view
from ner_retriever.index.view_files import LOCK_NAME, load_fields, load_view
from ner_retriever.temporary import TemporaryFolder

VIEWS_FOLDER = "scan"


def open_scan(path: Path, store: Store, *, int8: bool = False) -> Scan:
    """The scan of a store, from files in the index folder ``path`` where they are fresh and whole.

    Otherwise they are made first, with memory that does not grow with the store; one process makes
    them while others wait. Where the index folder cannot be written, temporary files serve.

    Args:
        path: the index folder.
        store: stays at its version meanwhile.
        int8: scan the vectors as int8, of which there is then a file beside the others.

    Raises:
        StoreError: the store is damaged, or there is room neither in the index folder nor in the
            folder for temporary files.
    """
    folder = path / VIEWS_FOLDER
    try:
        return load_view(folder, store.state, int8=int8) or _rebuild(folder, store, int8=int8)
    except OSError:
        return _temporary(store, int8=int8)


def open_fields(path: Path, store: Store) -> FieldTable:
    """The fields of a store's documents, from a file beside its view where that is fresh and whole.

    Otherwise it is made first. Where the index folder cannot be written, a temporary one serves.

    Args:
        path: the index folder.
        store: stays at its version meanwhile; its view has been opened.

    Raises:
        StoreError: the store is damaged, or there is no room.
    """
    folder = path / VIEWS_FOLDER
    found = load_fields(folder, store.state)
    if found is not None:
        return found
    try:
        try:
            with FileLock(folder / LOCK_NAME):
                if load_fields(folder, store.state) is None:
                    add_fields(folder / store.state, store)
            found = load_fields(folder, store.state)
        except (OSError, KeyError, TypeError):
            found = None
        return found or _temporary_fields(store)
    except ValueError as error:
        raise StoreError(
            f"the fields of a document are damaged: {error}; restore the index from a copy, or "
            "make it again with --replace"
        ) from error


class LazyFields:
    """The fields of one state of a store, read when they are first asked for.

    Args:
        path: the index folder.
        store: fixed at that state, whose view has been opened.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._store = store
        self._read: FieldTable | None = None

    def __call__(self) -> FieldTable:
        """Return them.

        Raises:
            StoreError: the store is damaged, or there is no room.
        """
        if self._read is None:
            self._read = open_fields(self._path, self._store)
        return self._read


def _temporary_fields(store: Store) -> FieldTable:
    try:
        with TemporaryFolder() as name:
            file = Path(name) / "fields"
            write_field_table(file, store)
            return read_field_table(file)
    except OSError as error:
        raise StoreError(f"no room for the documents' fields: {error}; free disk space") from error


def _rebuild(folder: Path, store: Store, *, int8: bool) -> Scan:
    folder.mkdir(exist_ok=True)
    state = store.state
    with FileLock(folder / LOCK_NAME):
        plain = load_view(folder, state)
        if plain is None:
            _clear(folder)
            build_view(folder, store)
            plain = load_view(folder, state)
        scan = load_view(folder, state, int8=int8)
        if plain is not None and scan is None:
            add_int8(folder / state, plain)
            scan = load_view(folder, state, int8=int8)
    if scan is None:
        raise OSError(f"the view just written to {folder} cannot be read")
    return scan


def _temporary(store: Store, *, int8: bool) -> Scan:
    try:
        # The maps outlive the files' names, which go at once and so are never left behind.
        with TemporaryFolder() as name:
            return _rebuild(Path(name), store, int8=int8)
    except OSError as error:
        raise StoreError(
            f"no room for the search view: {error}; make the index folder writable, free disk "
            "space, or set TMPDIR to a folder with room"
        ) from error


def _clear(folder: Path) -> None:
    """Remove stale views and what a killed process left; a map of them elsewhere stays valid."""
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
