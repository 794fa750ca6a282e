"""Files that a power cut cannot take back: written whole, and forced onto the disk.

A system keeps what is written in memory for a while. Only after ``fsync`` of a file is its content
on the disk, and only after ``fsync`` of its folder is its name.
"""

import os
from collections.abc import Iterable
from pathlib import Path


def sync_files(files: Iterable[Path]) -> None:
    """Force files and the names in their folders onto the disk.

    Raises:
        OSError: a file is not there, or the disk does not take it.
    """
    folders = set()
    for file in files:
        with file.open("rb+") as stream:
            os.fsync(stream.fileno())
        folders.add(file.parent)
    for folder in sorted(folders):
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder onto the disk, where the system has a call for that.

    Raises:
        OSError: the folder is not there, or the disk does not take it.
    """
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        # It may be written but not listed, which cannot be helped.
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(target: Path, content: str, *, sync: bool = True) -> None:
    """Write a UTF-8 file that a crash leaves as it was or as it is meant to be, never in part.

    One process at a time may write it; readers need no lock.

    Args:
        sync: return only when the file is on the disk.

    Raises:
        OSError: the folder cannot be written.
    """
    partial = target.with_name(f"{target.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    partial.replace(target)
    if sync:
        sync_folder(target.parent)
