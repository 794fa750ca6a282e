"""What lies below a folder, in order, each entry with whether it is a file to read."""

import os
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

# What archives and editors leave in folders, beside what is hidden.
_NO_DOCUMENTS = {"__MACOSX"}
HIDDEN, UNKNOWN = "hidden", "unknown kind"
OUTSIDE = "link out of the folder"
BROKEN, TWICE, LINK = "broken link", "link to a file that is read", "link to a folder"
INDEX = "an index"
NO_FILE, CLOSED = "no ordinary file", "folder that may not be read"

# What an index of this package has in its folder; its files hold no documents to read.
_INDEX = {"manifest.json", "store.lance"}
# What ``save_to_disk`` of the library datasets writes into a folder, beside the tables.
_SAVED_DATASET = {"state.json", "dataset_info.json"}
_SAVED_SPLITS = "dataset_dict.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder below a folder.

    Attributes:
        path: with the folder's path as it was given.
        inner: behind the folder's, its parts joined by ``/``.
        reason: why it is not read; empty where it is.
        is_dataset: whether it is a folder that is read as one file.
    """

    path: str
    inner: str
    reason: str = ""
    is_dataset: bool = False


def walk(folder: str | Path, *, is_known: Callable[[str], bool]) -> list[Entry]:
    """Return what lies below a folder, in the order of its path's parts; no file is opened.

    Links to folders are not followed, so that none is walked twice. A link to a file below the
    folder stands for the file, unless that is read as well. Hidden folders stand for what is in
    them.

    Args:
        is_known: whether a file of this name is of a kind that can be read.
    """
    walked = _Walk(is_known, os.path.realpath(folder))
    walked.enter(os.fspath(folder), "")
    return walked.entries()


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is none of the documents."""
    return name.startswith((".", "~$")) or name in _NO_DOCUMENTS


def is_saved_dataset(names: Set[str]) -> bool:
    """Whether a folder with files of these names was written by the library datasets."""
    return names >= _SAVED_DATASET


class _Walk:
    def __init__(self, is_known: Callable[[str], bool], top: str) -> None:
        self._is_known = is_known
        self._top = top
        self._found: list[Entry] = []
        # Where the links to files stand in what was found, and which files they link to.
        self._links: list[tuple[int, tuple[int, int]]] = []
        self._files: set[tuple[int, int]] = set()

    def enter(self, folder: str, inner: str) -> None:
        # A stack of its own: folders may be nested deeper than calls.
        stack = [self._listed(folder, inner)]
        while stack:
            deeper = next(stack[-1], None)
            if deeper is None:
                stack.pop()
            else:
                stack.append(self._listed(*deeper))

    def entries(self) -> list[Entry]:
        seen = self._files
        for place, file in self._links:
            if file in seen:
                link = self._found[place]
                self._found[place] = Entry(link.path, link.inner, TWICE)
            seen.add(file)
        return self._found

    def _listed(self, folder: str, inner: str) -> Iterator[tuple[str, str]]:
        """Take what is in a folder; yield the folders in it, each when its turn has come."""
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            device = os.stat(folder).st_dev  # noqa: PTH116 - no Path where a text will do
        except OSError:
            self._found.append(Entry(folder, inner, CLOSED))
            return
        names = {entry.name for entry in listed}
        if is_saved_dataset(names):
            self._found.append(Entry(folder, inner, is_dataset=True))
            return
        if names >= _INDEX:
            self._found.append(Entry(folder, inner, INDEX))
            return
        for entry in listed:
            below = f"{inner}/{entry.name}" if inner else entry.name
            if is_hidden(entry.name):
                self._found.append(Entry(entry.path, below, HIDDEN))
            elif entry.is_dir(follow_symlinks=False):
                yield entry.path, below
            elif entry.name != _SAVED_SPLITS:
                self._take(entry, below, device)

    def _take(self, entry: os.DirEntry[str], inner: str, device: int) -> None:
        reason = ""
        if entry.is_symlink():
            reason = self._link(entry)
        elif not self._is_known(entry.name):
            reason = UNKNOWN
        elif not entry.is_file(follow_symlinks=False):
            reason = NO_FILE
        else:
            self._files.add((device, entry.inode()))
        self._found.append(Entry(entry.path, inner, reason))

    def _link(self, entry: os.DirEntry[str]) -> str:
        try:
            target = entry.stat()
        except OSError:
            # Also a link that leads in a circle.
            return BROKEN
        if entry.is_dir():
            return LINK
        if not self._is_known(entry.name):
            return UNKNOWN
        if not entry.is_file():
            return NO_FILE
        # Whoever made the folder may want to have other files of its reader read.
        if os.path.commonpath([self._top, os.path.realpath(entry.path)]) != self._top:
            return OUTSIDE
        self._links.append((len(self._found), (target.st_dev, target.st_ino)))
        return ""
