"""Saved queries on disk: a JSON file each in the index folder, changed by one writer at a time.

A file is named after a hash of the query's name, so that no name is ever part of a path. Files
appear and change whole; readers need no lock.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ner_retriever.errors import IndexLocked, StoreError
from ner_retriever.index.checksums import with_checksum, without_checksum
from ner_retriever.index.syncing import sync_folder, write_whole

FORMAT = 1
_FOLDER_NAME = "queries"
_LONGEST_WAIT = 10.0


@contextmanager
def queries_lock(path: Path) -> Iterator[None]:
    """Hold the right to change the saved queries of the index folder ``path``.

    Raises:
        IndexLocked: others hold it for more than ten seconds.
        StoreError: the folder cannot be written.
    """
    folder = path / _FOLDER_NAME
    lock = FileLock(folder / "lock", timeout=_LONGEST_WAIT)
    try:
        folder.mkdir(exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise IndexLocked(
            f"another process is changing the saved queries of {path}; try again"
        ) from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield
    finally:
        lock.release()


def read_records(path: Path) -> list[dict[str, Any]]:
    """All records of an index folder, in no particular order.

    Raises:
        StoreError: a file is damaged.
    """
    found = map(read_record_file, record_files(path))
    return [record for record in found if record is not None]


def read_record(path: Path, name: str) -> dict[str, Any] | None:
    """The record of a name, or ``None`` where there is none.

    Raises:
        StoreError: its file is damaged.
    """
    return read_record_file(_file(path, name))


def write_record(path: Path, name: str, record: Mapping[str, Any]) -> None:
    """Write the record of a name; hold the lock meanwhile.

    Raises:
        StoreError: the folder cannot be written.
    """
    target = _file(path, name)
    whole = with_checksum({"format": FORMAT, **record})
    content = json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
    try:
        write_whole(target, content)
        # The folder of the first query is new itself.
        sync_folder(path)
    except OSError as error:
        raise _unwritable(target, error) from error


def remove_record(path: Path, name: str) -> None:
    """Remove the record of a name; hold the lock meanwhile.

    Raises:
        StoreError: the folder cannot be written.
    """
    target = _file(path, name)
    try:
        target.unlink()
        sync_folder(target.parent)
    except OSError as error:
        raise _unwritable(target, error) from error


def _file(path: Path, name: str) -> Path:
    return path / _FOLDER_NAME / _file_name(name)


def _file_name(name: str) -> str:
    digest = blake2b(name.encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"{digest}.json"


def record_files(path: Path) -> list[Path]:
    """The files of all records of an index folder."""
    return sorted((path / _FOLDER_NAME).glob("*.json"))


def read_record_file(file: Path) -> dict[str, Any] | None:
    """The record in a file, or ``None`` where there is no such file.

    Raises:
        StoreError: it is damaged.
    """
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(file, str(error)) from error
    if not isinstance(record, dict):
        raise damaged(file, "not a JSON object")
    try:
        content = without_checksum(record, required=False)
    except ValueError as error:
        raise damaged(file, f"{error}; if you edited it, take the checksum out") from error
    if content.pop("format", None) != FORMAT:
        raise damaged(file, f"not of format {FORMAT}, which this version reads")
    name = content.get("name")
    if isinstance(name, str) and _file_name(name) != file.name:
        raise damaged(file, f"it holds the query {name!r}, which belongs into another file")
    return content


def damaged(file: Path | str, reason: str) -> StoreError:
    """The error of a saved query that cannot be read."""
    return StoreError(f"the saved query {file} cannot be read: {reason}; correct or remove it")


def _unwritable(target: Path, error: OSError) -> StoreError:
    return StoreError(
        f"cannot write {target}: {error.strerror or error}; check that the index folder can be "
        "written and that the disk has room"
    )
