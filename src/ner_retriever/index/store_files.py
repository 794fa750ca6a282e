"""Which files make up a version of the store, and their checksums: ``checksums.json``.

Lance writes a file once and never changes it, but does not check its content when it reads. So each
commit is followed by a record of the files that it needs. A file that is not what the record says
is an error, and never a wrong answer.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import lance

from ner_retriever.errors import StoreError
from ner_retriever.index.checksums import NO_MATCH, FileChecksum, with_checksum, without_checksum
from ner_retriever.index.lock import write_lock
from ner_retriever.index.syncing import sync_files, sync_folder, write_whole

STORE_FOLDER = "store.lance"
CHECKSUMS_NAME = "checksums.json"
_FORMAT = 1
_DELETION_SUFFIXES = {"array": "arrow", "bitmap": "bin"}
# Lance names the manifest of a version so that the newest comes first; earlier releases of it took
# the version itself.
_LAST_VERSION = 2**64 - 1
_DIGITS = len(str(_LAST_VERSION))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRecord:
    """The newest version of a store that was acknowledged, and its files.

    Attributes:
        version: its number.
        files: their checksums, by their paths in the store's folder.
    """

    version: int
    files: Mapping[str, FileChecksum]

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Read the record of the index folder ``path``.

        Returns:
            ``None`` where there is none, as in an index that an earlier version made.

        Raises:
            StoreError: it is damaged.
        """
        file = path / CHECKSUMS_NAME
        try:
            content = without_checksum(json.loads(file.read_bytes()), required=True)
            if content["format"] != _FORMAT:
                raise ValueError(f"not of format {_FORMAT}")
            files = content["files"].items()
            return cls(
                version=content["version"],
                files={name: FileChecksum.from_record(checksum) for name, checksum in files},
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"{file} is damaged: {error}; find out whether the documents are whole, and make "
                f"it again, with: ner-retriever verify {path} --repair"
            ) from error

    def write(self, path: Path, *, sync: bool) -> None:
        """Write the record into an index folder; hold its write lock meanwhile.

        Raises:
            OSError: the folder cannot be written.
        """
        files = {name: checksum.to_record() for name, checksum in self.files.items()}
        content = {"format": _FORMAT, "version": self.version, "files": files}
        write_whole(path / CHECKSUMS_NAME, json.dumps(with_checksum(content)), sync=sync)


def acknowledge(path: Path, dataset: lance.LanceDataset, *, sync: bool) -> None:
    """Put a version just committed on record; hold the write lock meanwhile.

    Args:
        path: the index folder.
        dataset: at that version.
        sync: force its files onto the disk first, so that a power cut cannot take them back.

    Raises:
        OSError: a file cannot be read or written.
        StoreError: the record is damaged.
    """
    folder = path / STORE_FOLDER
    known = StoreRecord.read(path)
    before = known.files if known else {}
    names = _files_of(folder, dataset)
    new = [folder / name for name in names if name not in before]
    if sync:
        sync_files(new)
        # New folders' names are in those above.
        for parent in sorted({file.parent.parent for file in new}):
            sync_folder(parent)
    # What is known stays as it was written, whatever has become of the file.
    files = {name: before.get(name) or FileChecksum.of(folder / name) for name in names}
    StoreRecord(version=int(dataset.version), files=files).write(path, sync=sync)


def remove_checksums(path: Path) -> None:
    """Remove the record of the index folder ``path``, if there is one.

    Raises:
        OSError: the folder cannot be written.
    """
    (path / CHECKSUMS_NAME).unlink(missing_ok=True)


def check_changed(path: Path) -> tuple[StoreRecord | None, list[str]]:
    """Hash the store's files that have changed since they were last hashed.

    Returns:
        The record, and which of its files are missing.

    Raises:
        StoreError: a file or the record is damaged.
    """
    record = StoreRecord.read(path)
    if record is None:
        return None, []
    folder = path / STORE_FOLDER
    missing: list[str] = []
    hashed: dict[str, FileChecksum] = {}
    for name, expected in record.files.items():
        try:
            if expected.is_untouched(folder / name):
                continue
            found = FileChecksum.of(folder / name)
        except FileNotFoundError:
            missing.append(name)
            continue
        except OSError as error:
            raise damaged(folder / name, error.strerror or str(error)) from error
        if not found.is_content_of(expected):
            raise damaged(folder / name, NO_MATCH)
        hashed[name] = found
    if hashed:
        _save_times(path, record, hashed)
    return record, missing


def check_version(path: Path, version: int, record: StoreRecord | None, missing: list[str]) -> None:
    """Check that what was opened is not older than what was acknowledged, and that it is all there.

    Args:
        version: that was opened.
        record, missing: what :func:`check_changed` gave before.

    Raises:
        StoreError: it is older, or a file is missing.
    """
    # A newer version is one that a writer is about to put on record; it may need none of these.
    if record is None or version > record.version:
        return
    if version < record.version:
        raise damaged(
            path / STORE_FOLDER,
            f"its newest version is {version}, but {record.version} was acknowledged",
        )
    if missing:
        raise damaged(path / STORE_FOLDER / missing[0], "the file is missing")


def check_all(path: Path, names: Collection[str] | None = None) -> None:
    """Hash files of the index folder ``path`` that were put on record.

    Args:
        names: of files in the store's folder; by default all.

    Raises:
        StoreError: one is damaged.
    """
    record = StoreRecord.read(path)
    if record is not None and names is not None:
        files = {name: record.files[name] for name in names if name in record.files}
        record = replace(record, files=files)
    for name, what in damaged_files(path, record) if record else ():
        raise damaged(path / STORE_FOLDER / name, what)


def damaged_files(
    path: Path, record: StoreRecord, progress: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[str, str]]:
    """Hash all files on record; give the path and the reason of each that is damaged.

    Args:
        path: the index folder.
        progress: called with the bytes of each file that was hashed.
    """
    # A newer version may need none of these: its writer was stopped before it put it on record.
    is_newest = not manifests_after(path, record.version)
    for name, expected in record.files.items():
        try:
            if not FileChecksum.of(path / STORE_FOLDER / name).is_content_of(expected):
                yield name, NO_MATCH
        except FileNotFoundError:
            if is_newest:
                yield name, "the file is missing"
        except OSError as error:
            yield name, error.strerror or str(error)
        progress(expected.bytes)


def damaged(file: Path, what: str) -> StoreError:
    """The error of a file of the store that is not what was written."""
    return StoreError(
        f"{file} is damaged: {what}; restore the index from a copy, or make it again with "
        "--replace (ner-retriever verify tells what else is damaged)"
    )


def manifests_after(path: Path, version: int) -> list[Path]:
    """The files of Lance that make up versions after one."""
    files = (path / STORE_FOLDER / "_versions").glob("*.manifest")
    return [file for file in files if _version_of(file) > version]


def _files_of(folder: Path, dataset: lance.LanceDataset) -> list[str]:
    """The files that a version is read from, by their paths in the store's folder."""
    names = [_manifest_of(folder, int(dataset.version))]
    for fragment in dataset.get_fragments():
        metadata = fragment.metadata
        names += [f"data/{file.path}" for file in metadata.files]
        if metadata.deletion_file is not None:
            names.append(_deletion_file(metadata.to_json()))
    # Those that no longer count are few, and go when old versions do.
    names += [file.relative_to(folder).as_posix() for file in sorted(folder.glob("_indices/*/*"))]
    return names


def _manifest_of(folder: Path, version: int) -> str:
    names = (
        f"_versions/{_LAST_VERSION - version:0{_DIGITS}}.manifest",
        f"_versions/{version}.manifest",
    )
    return next((name for name in names if (folder / name).is_file()), names[0])


def _version_of(manifest: Path) -> int:
    try:
        number = int(manifest.stem)
    except ValueError:
        return 0
    return _LAST_VERSION - number if len(manifest.stem) == _DIGITS else number


def _deletion_file(fragment: Mapping[str, Any]) -> str:
    deletions = fragment["deletion_file"]
    suffix = _DELETION_SUFFIXES[deletions["file_type"]]
    return f"_deletions/{fragment['id']}-{deletions['read_version']}-{deletions['id']}.{suffix}"


def _save_times(path: Path, record: StoreRecord, hashed: Mapping[str, FileChecksum]) -> None:
    """Remember what was hashed, where the index can be written and no one else does."""
    with suppress(StoreError, OSError), write_lock(path):
        # A writer may have been here in between, and its record must not be lost.
        if StoreRecord.read(path) == record:
            replace(record, files={**record.files, **hashed}).write(path, sync=False)
