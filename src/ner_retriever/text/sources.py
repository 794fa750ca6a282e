"""Which files a reader is asked to read, and whether they are there."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from ner_retriever.errors import InputError
from ner_retriever.text.formats.registry import SUFFIXES

COMPRESSIONS = (".gz", ".bz2", ".xz")
# What archives and editors leave in folders, beside what is hidden.
_NO_DOCUMENTS = {"__MACOSX"}
HIDDEN, UNKNOWN = "hidden", "unknown kind"

PassOver = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, or standard input.

    Attributes:
        path: the file; ``-`` for standard input.
        name: what default ids begin with: the file, named as the source was named, below a folder
            with its path behind the folder's.
        suffix: one of ``SUFFIXES``, without that of a compression; empty for standard input whose
            format is to be found out.
        compression: one of ``COMPRESSIONS``; empty for none.
        is_stdin: whether it is standard input.
        in_folder: whether a folder that it lies in was named, and not the file itself.
        encoding: of its text; empty for UTF-8, or what a byte-order mark says.
        shown: how messages name it; empty for its path.
    """

    path: Path
    name: str
    suffix: str
    compression: str = ""
    is_stdin: bool = False
    in_folder: bool = False
    encoding: str = ""
    shown: str = ""

    @property
    def label(self) -> str:
        """How messages and origins name it."""
        return self.shown or (self.name if self.is_stdin else str(self.path))


def find_sources(
    sources: Sequence[str | Path | Source],
    *,
    stdin_suffix: str = "",
    pass_over: PassOver | None = None,
) -> list[Source]:
    """Name the files behind paths, and look whether they exist; none is opened.

    Args:
        sources: files, folders (their files of known suffixes, recursively, sorted by path) and
            ``-`` for standard input. Below a folder, hidden files and folders are left out. A
            ``Source`` is taken as it is.
        stdin_suffix: one of ``SUFFIXES`` for what standard input holds; to be found out by default.
        pass_over: called with each file below a folder that is not read, and why: ``HIDDEN``,
            ``UNKNOWN``. A hidden folder stands for all that is in it.

    Raises:
        InputError: there is no source, a path does not exist, a suffix is unknown, or a folder
            holds no file of a known suffix.
    """
    if not sources:
        raise InputError("no source given; name a file, a folder, or - for standard input")
    return [found for source in sources for found in _expand(source, stdin_suffix, pass_over)]


def count_hint(
    sources: Sequence[str | Path | Source], *, pass_over: PassOver | None = None
) -> int | None:
    """Count the bytes that ``read_documents`` will report as progress.

    Args:
        sources, pass_over: as ``find_sources`` takes them.

    Returns:
        Bytes of all files as they are on disk, compressed or not; ``None`` with standard input,
        whose length nobody knows.

    Raises:
        InputError: as ``find_sources``.
    """
    total = 0
    for source in find_sources(sources, pass_over=pass_over):
        if source.is_stdin:
            return None
        total += source.path.stat().st_size
    return total


def _expand(
    source: str | Path | Source, stdin_suffix: str, pass_over: PassOver | None
) -> Iterator[Source]:
    if isinstance(source, Source):
        yield source
        return
    if str(source) == "-":
        yield Source(Path("-"), "stdin", stdin_suffix, is_stdin=True)
        return
    path = Path(source)
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file or folder; check the path") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be opened ({error}); check the path") from error
    if is_folder:
        yield from _files_below(path, pass_over)
        return
    suffix, compression = _suffix(path)
    if suffix not in SUFFIXES:
        raise InputError(
            f"{path}: unknown kind of file {suffix!r}; known are {_known_suffixes()}; "
            "rename it, or hand it in as standard input, with - and --format"
        )
    yield _named(Source(path, _as_named(path), suffix, compression))


def _files_below(folder: Path, pass_over: PassOver | None) -> Iterator[Source]:
    found = False
    for path, reason in _entries(folder):
        if reason:
            if pass_over:
                pass_over(path, reason)
        else:
            found = True
            suffix, compression = _suffix(path)
            yield _named(Source(path, _as_named(path), suffix, compression, in_folder=True))
    if not found:
        raise InputError(f"{folder}: no file to read in this folder; known are {_known_suffixes()}")


def _entries(folder: Path) -> list[tuple[Path, str]]:
    """The files below a folder, and hidden folders, each with why it is not read, if it isn't."""
    found = []
    for parent, folders, files in os.walk(folder):
        hidden = [name for name in folders if _is_hidden(name)]
        folders[:] = [name for name in folders if not _is_hidden(name)]
        found += [(Path(parent, name), HIDDEN) for name in hidden]
        for name in files:
            path = Path(parent, name)
            unknown = _suffix(path)[0] not in SUFFIXES or not path.is_file()
            found.append((path, HIDDEN if _is_hidden(name) else UNKNOWN if unknown else ""))
    return sorted(found)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$")) or name in _NO_DOCUMENTS


def _as_named(path: Path) -> str:
    return PurePath(os.path.normpath(path)).as_posix()


def _named(source: Source) -> Source:
    try:
        source.name.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{str(source.path)!a}: the file's name is not UTF-8; rename the file"
        ) from error
    return source


def _suffix(path: Path) -> tuple[str, str]:
    last = path.suffix.lower()
    if last in COMPRESSIONS:
        return path.with_suffix("").suffix.lower(), last
    return last, ""


def _known_suffixes() -> str:
    return f"{', '.join(SUFFIXES)}, each also with {', '.join(COMPRESSIONS)}"
