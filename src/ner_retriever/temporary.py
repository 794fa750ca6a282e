"""Temporary folders that don't outlive their process for good, even if it is killed.

A killed process cannot clean up. So each folder holds a file that its owner keeps locked, which the
operating system lets go of when the owner dies; whoever comes next removes folders that nobody
holds.
"""

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PREFIX = "ner-retriever-"
_LOCK_NAME = "owner.lock"
# An owner takes the lock right after it has made the folder, but not in the same moment.
_SECONDS_TO_LOCK = 60


class TemporaryFolder(tempfile.TemporaryDirectory[str]):
    """A folder in the system's folder for temporary files, locked while its owner lives.

    Raises:
        OSError: there is no room for it.
    """

    def __init__(self) -> None:
        remove_abandoned()
        from filelock import FileLock

        super().__init__(prefix=PREFIX, ignore_cleanup_errors=True)
        self._lock = FileLock(Path(self.name) / _LOCK_NAME)
        self._lock.acquire()

    def cleanup(self) -> None:
        """Remove the folder."""
        self._lock.release()
        super().cleanup()


def remove_abandoned() -> None:
    """Remove temporary folders whose owner was killed, and none of which that is not certain."""
    try:
        folders = [*Path(tempfile.gettempdir()).glob(f"{PREFIX}*")]
    except OSError:
        return
    for folder in folders:
        # One that another process removes at this moment.
        with suppress(OSError):
            if _may_be_abandoned(folder):
                _remove_unless_held(folder)


def _may_be_abandoned(folder: Path) -> bool:
    lock = folder / _LOCK_NAME
    # What has no such file is not of this package's making, or not locked yet.
    if folder.is_symlink() or not _is_own(folder) or not lock.is_file():
        return False
    return time.time() - lock.stat().st_mtime >= _SECONDS_TO_LOCK


def _remove_unless_held(folder: Path) -> None:
    # Here, because every command looks for such folders and few find one.
    from filelock import FileLock, Timeout

    with suppress(Timeout), FileLock(folder / _LOCK_NAME, timeout=0):
        shutil.rmtree(folder, ignore_errors=True)


def _is_own(folder: Path) -> bool:
    """Whether a folder is this user's, where the system has users."""
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
