"""The index folder as a whole: whether an index may be made there, and how large it is."""

import re
import stat
from pathlib import Path

from ner_retriever.errors import IndexNotFound, StoreError
from ner_retriever.index.manifest import read_manifest
from ner_retriever.index.syncing import sync_folder

# What a run that was stopped before its manifest leaves behind.
_OURS = {
    "store.lance",
    "store.lance.damaged",
    "write.lock",
    "scan",
    "queries",
    *(
        f"{name}{suffix}"
        for name in ("manifest.json", "checksums.json")
        for suffix in ("", ".partial", ".replaced")
    ),
}
# Not a drive of Windows, which has one letter.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def refuse_address(folder: str | Path) -> None:
    """Refuse a place that is not on a file system, such as ``s3://bucket/index``.

    Raises:
        StoreError: it is one.
    """
    # A path has lost one of the slashes.
    scheme, _, rest = str(folder).partition("/")
    if rest and _ADDRESS.fullmatch(scheme):
        raise StoreError(
            f"{scheme}//{rest.lstrip('/')} is an address, and an index must be in a folder of this "
            "machine's file systems; give a path"
        )


def check_free(folder: Path, *, replace: bool) -> None:
    """Refuse a folder that an index must not be made in.

    Args:
        replace: an index that is there may go.

    Raises:
        StoreError: there is an index, something else, or a name that no one can store.
    """
    refuse_address(folder)
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise StoreError(f"{str(folder)!a}: the name is not UTF-8; choose another") from error
    try:
        read_manifest(folder)
    except IndexNotFound:
        if folder.is_dir() and any(entry.name not in _OURS for entry in folder.iterdir()):
            raise StoreError(
                f"{folder} is not empty and holds no index; give a folder that is new or empty"
            ) from None
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder} is a file; give a folder for the index") from None
        if not replace and any((folder / "store.lance" / "data").glob("*")):
            raise StoreError(
                f"{folder} holds documents, but its manifest.json is gone; restore that from a "
                "copy, or start over (--replace)"
            ) from None
        return
    except StoreError:
        # A damaged index, or one of another version, is still an index that may be replaced.
        pass
    if not replace:
        raise StoreError(f"there is an index at {folder}; open it, or replace it (--replace)")


def make_folder(folder: Path) -> None:
    """Make an index folder, unless it is there.

    Raises:
        StoreError: it cannot be made.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in made:
            sync_folder(each.parent)
    except OSError as error:
        raise StoreError(f"cannot make the folder {folder}: {error.strerror}") from error


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(_size(file) for file in folder.rglob("*"))


def _size(file: Path) -> int:
    """Return a file's bytes; none for a folder, or if a writer has just removed it."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
