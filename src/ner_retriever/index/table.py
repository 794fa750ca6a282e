"""The Lance table in an index folder: opened, created, overwritten, rolled back."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lance
import pyarrow as pa

from ner_retriever.errors import IndexNotFound, StoreError
from ner_retriever.index.store_errors import reading_store
from ner_retriever.index.store_files import STORE_FOLDER, manifests_after

_FORMAT = "2.1"
# Lance's own bounds are gigabytes, and a long document holds thousands of vectors.
_CACHE_BYTES = 128 << 20


def has_table(path: Path) -> bool:
    """Whether there is a table in the index folder ``path``, whole or not."""
    return (path / STORE_FOLDER / "_versions").is_dir()


def open_table(path: Path) -> lance.LanceDataset:
    """Open the newest version of the table in the index folder ``path``.

    Raises:
        IndexNotFound: there is none.
        StoreError: it cannot be read.
    """
    if not has_table(path):
        raise IndexNotFound(
            f"no index at {path}; make one with: ner-retriever index SOURCE --out {path}"
        )
    with reading_store(path / STORE_FOLDER):
        return lance.dataset(
            path / STORE_FOLDER,
            index_cache_size_bytes=_CACHE_BYTES,
            metadata_cache_size_bytes=_CACHE_BYTES,
        )


@contextmanager
def new_table(path: Path, content: pa.Table) -> Iterator[lance.LanceDataset]:
    """Begin a table with some rows, in one commit, in the place of one that is there.

    What was there comes back if the body of the ``with`` fails; else its rows stay on disk, as an
    earlier version.

    Raises:
        OSError, ValueError: the folder cannot be written.
    """
    folder = path / STORE_FOLDER
    aside = path / f"{STORE_FOLDER}.damaged"
    before = _version(path)
    if has_table(path) and before is None:
        # Nothing can be added to a table that cannot be opened.
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    folder.mkdir(parents=True, exist_ok=True)
    mode = "create" if before is None else "overwrite"
    try:
        yield lance.write_dataset(content, folder, mode=mode, data_storage_version=_FORMAT)
    except BaseException:
        if before is not None:
            roll_back(path, before)
        elif aside.is_dir():
            shutil.rmtree(folder)
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def roll_back(path: Path, version: int) -> None:
    """Forget versions of the table after one; what they added is no longer read.

    Raises:
        OSError: the folder cannot be written.
    """
    for manifest in manifests_after(path, version):
        manifest.unlink()
    # It only tells Lance where to begin to look.
    (path / STORE_FOLDER / "_versions" / "latest_version_hint.json").unlink(missing_ok=True)


def _version(path: Path) -> int | None:
    """The newest version of a table that can be opened; ``None`` where there is none."""
    try:
        return int(open_table(path).version)
    except StoreError:
        return None
