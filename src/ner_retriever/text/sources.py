"""Which files a reader is asked to read, and whether they are there."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import BinaryIO, Protocol

from ner_retriever.errors import InputError
from ner_retriever.text.formats.registry import HUB_DATASET, SAVED_DATASET, SUFFIXES
from ner_retriever.text.inflation import Allowance
from ner_retriever.text.suffixes import known_suffixes, suffixes_of
from ner_retriever.text.walking import UNKNOWN, Entry, is_saved_dataset, walk

# A text and the mentions that were marked in it, as the tool brat stores them.
_TEXT, _ANNOTATIONS = ".txt", ".ann"
_HUB = "datasets:"

PassOver = Callable[[Path, str], None]


class Member(Protocol):
    """A part of a file that is read as a file, such as an entry of an archive."""

    @property
    def allowance(self) -> Allowance:
        """What may come out of the whole file."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Open it for reading.

        Raises:
            OSError: it is damaged.
        """


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, a part of one, or standard input.

    Attributes:
        path: the file; ``-`` for standard input; the whole file for a part of one.
        name: what default ids begin with: the file, named as the source was named, below a folder
            with its path behind the folder's.
        suffix: one of ``SUFFIXES``, without that of a compression; empty for standard input whose
            format is to be found out.
        compression: one of ``suffixes.COMPRESSIONS``; empty for none.
        is_stdin: whether it is standard input.
        in_folder: whether a folder that it lies in was named, and not the file itself.
        encoding: of its text; empty for UTF-8, or what a byte-order mark says.
        shown: how messages name it; empty for its path.
        member: the part of the file; ``None`` for the file itself.
        annotations: the file with the mentions of this text, where that is another one.
    """

    path: Path
    name: str
    suffix: str
    compression: str = ""
    is_stdin: bool = False
    in_folder: bool = False
    encoding: str = ""
    shown: str = ""
    member: Member | None = field(default=None, compare=False, repr=False)
    annotations: "Source | None" = None

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
        sources: files, folders (their files of known suffixes, recursively, sorted by path), ``-``
            for standard input, and ``datasets:NAME`` for what the library datasets loads. Below a
            folder, hidden files and folders are left out. A ``Source`` is taken as it is.
        stdin_suffix: one of ``SUFFIXES`` for what standard input holds; to be found out by default.
        pass_over: called with each file below a folder that is not read, and why: one of those
            that ``walking`` names. A hidden folder stands for all that is in it.

    Raises:
        InputError: there is no source, a path does not exist, a suffix is unknown, or a folder
            holds no file of a known suffix.
    """
    if not sources:
        raise InputError("no source given; name a file, a folder, or - for standard input")
    found = [found for source in sources for found in _expand(source, stdin_suffix, pass_over)]
    return list(_without_repeated_pairs(found))


def count_hint(
    sources: Sequence[str | Path | Source], *, pass_over: PassOver | None = None
) -> int | None:
    """Count the bytes that ``read_documents`` will report as progress.

    Args:
        sources, pass_over: as ``find_sources`` takes them.

    Returns:
        Bytes of all files as they are on disk, compressed or not; ``None`` with standard input or
        a dataset that is loaded, whose length nobody knows.

    Raises:
        InputError: as ``find_sources``.
    """
    total = 0
    for source in find_sources(sources, pass_over=pass_over):
        if source.is_stdin or source.suffix == HUB_DATASET:
            return None
        files = [source, source.annotations] if source.annotations else [source]
        total += sum(_size(file) for file in files)
    return total


def paired(sources: Sequence[Source]) -> Iterator[tuple[Source, str]]:
    """Bring texts and the annotations beside them together: ``x.txt`` and ``x.ann``.

    Yields:
        Each source, in order, and why it is not read, or nothing. Annotations come with their text.
    """
    stems = {
        suffix: {
            source.name.removesuffix(suffix): source
            for source in sources
            if source.suffix == suffix and not source.compression
        }
        for suffix in (_TEXT, _ANNOTATIONS)
    }
    for source in sources:
        stem = source.name.removesuffix(source.suffix)
        if source.compression or source.suffix not in stems:
            yield source, ""
        elif source.suffix == _ANNOTATIONS:
            if stem not in stems[_TEXT]:
                yield source, UNKNOWN
        elif stem in stems[_ANNOTATIONS]:
            yield (
                replace(source, suffix=_ANNOTATIONS, annotations=stems[_ANNOTATIONS][stem]),
                "",
            )
        else:
            yield source, ""


def named(source: Source) -> Source:
    """Return a source whose name can begin an id.

    Raises:
        InputError: it cannot.
    """
    try:
        source.name.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{str(source.path)!a}: the file's name is not UTF-8; rename the file"
        ) from error
    return source


def _expand(
    source: str | Path | Source, stdin_suffix: str, pass_over: PassOver | None
) -> Iterator[Source]:
    if isinstance(source, Source):
        yield source
        return
    given = str(source)
    if given == "-":
        yield Source(Path("-"), "stdin", stdin_suffix, is_stdin=True)
        return
    if given.startswith(_HUB):
        yield _loaded(given)
        return
    path = Path(source)
    if _is_folder(path):
        yield from _files_below(path, pass_over)
        return
    suffix, compression = suffixes_of(path.name)
    if suffix not in SUFFIXES:
        raise InputError(
            f"{path}: unknown kind of file {suffix!r}; known are {known_suffixes()}; "
            "rename it, or hand it in as standard input, with - and --format"
        )
    yield _with_annotations(named(Source(path, _as_named(path), suffix, compression)))


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file or folder; check the path") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be opened ({error}); check the path") from error


def _loaded(given: str) -> Source:
    """A dataset by its name, or by the folder that it was saved in."""
    folder = Path(given.removeprefix(_HUB))
    if given != _HUB and folder.is_dir():
        names = set(os.listdir(folder))  # noqa: PTH208 - names alone
        if is_saved_dataset(names):
            return named(Source(folder, _as_named(folder), SAVED_DATASET))
    return named(Source(folder, given, HUB_DATASET, shown=given))


def _with_annotations(source: Source) -> Source:
    """Join a text or annotations that were named with what lies beside them."""
    if source.compression or source.suffix not in {_TEXT, _ANNOTATIONS}:
        return source
    both = [
        replace(
            source,
            path=source.path.with_suffix(suffix),
            name=f"{source.name[: -len(source.suffix)]}{suffix}",
            suffix=suffix,
        )
        for suffix in (_TEXT, _ANNOTATIONS)
    ]
    there = [part for part in both if part.path.is_file()]
    found = next((found for found, reason in paired(there) if not reason), None)
    if source.suffix == _ANNOTATIONS and found is None:
        raise InputError(
            f"{source.path}: annotations without their text; put {both[0].path.name} beside them"
        )
    return found if found and found.annotations else source


def _without_repeated_pairs(sources: Iterable[Source]) -> Iterator[Source]:
    """A shell's pattern names a text and its annotations, and each of them leads to both."""
    paths = set()
    for source in sources:
        if source.annotations is not None and source.member is None:
            if source.path in paths:
                continue
            paths.add(source.path)
        yield source


def _files_below(folder: Path, pass_over: PassOver | None) -> Iterator[Source]:
    tell = pass_over or (lambda _path, _reason: None)
    above = _as_named(folder)
    # As the names of files are when the folder here is named.
    above = "" if above == "." else above.rstrip("/") + "/"
    sources = []
    for entry in walk(folder, is_known=lambda name: suffixes_of(name)[0] in SUFFIXES):
        if entry.reason:
            tell(Path(entry.path), entry.reason)
        else:
            sources.append(named(_below(entry, folder, above)))
    found = False
    for source, reason in paired(sources):
        if reason:
            tell(source.path, reason)
        else:
            found = True
            yield source
    if not found:
        raise InputError(f"{folder}: no file to read in this folder; known are {known_suffixes()}")


def _below(entry: Entry, folder: Path, above: str) -> Source:
    if entry.is_dataset:
        name = f"{above}{entry.inner}" if entry.inner else _as_named(folder)
        return Source(Path(entry.path), name, SAVED_DATASET, in_folder=True)
    suffix, compression = suffixes_of(entry.inner)
    return Source(Path(entry.path), above + entry.inner, suffix, compression, in_folder=True)


def _size(source: Source) -> int:
    if source.suffix == SAVED_DATASET:
        return sum(file.stat().st_size for file in source.path.glob("*.arrow"))
    return source.path.stat().st_size


def _as_named(path: Path) -> str:
    return PurePath(os.path.normpath(path)).as_posix()
