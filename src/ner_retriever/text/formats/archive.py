"""Zip archives: what is packed in them is read as if it lay below a folder.

Nothing is unpacked to the path that an entry names, so no entry can be written where it should not.
"""

import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.dispatch import read_source
from ner_retriever.text.formats.options import ReadOptions, ignore
from ner_retriever.text.formats.registry import SUFFIXES
from ner_retriever.text.formats.zip_entries import ArchiveFile, Entry
from ner_retriever.text.inflation import Allowance
from ner_retriever.text.lines import READ_ERRORS, empty, unreadable
from ner_retriever.text.seekable import Shares, disk_bytes, open_seekable, size_of
from ner_retriever.text.sources import Source, paired
from ner_retriever.text.suffixes import suffixes_of
from ner_retriever.text.walking import is_hidden

_LISTED_SUFFIXES = 8
_ENCRYPTED = 1


def read_zip(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the files in an archive, sorted by their paths; one that cannot be read is its error.

    An archive in an archive is read, one in that is not. Files of unknown kinds are told of in a
    notice, and hidden ones are left out.
    """
    try:
        with open_seekable(source) as file:
            packed = size_of(file)
            shares = Shares(disk_bytes(source), options.progress)
            watched = ArchiveFile(file, lambda done: shares.reach(done, packed))
            allowance = source.member.allowance if source.member else Allowance(packed)
            with zipfile.ZipFile(watched) as archive:
                watched.opened()
                found = _Found(archive, source, allowance)
                yield from found.refused
                for member in found.members:
                    yield from _documents(member, source, options)
                if found.passed_over:
                    options.notice(found.told())
                if not found.members and not found.refused:
                    yield empty(source)
            shares.reach(packed, packed)
    except (*READ_ERRORS, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        yield unreadable(source.label, error)


def _documents(
    member: Source, archive: Source, options: ReadOptions
) -> Iterator[Document | DocumentError]:
    nothing = True
    for item in read_source(member, replace(options, progress=ignore)):
        nothing = False
        # The file on the disk, which is there as long as what is in it.
        yield replace(item, source=archive.name) if isinstance(item, Document) else item
    if nothing:
        yield empty(member)


@dataclass(frozen=True, slots=True)
class _Path:
    """The path of an entry, as it is shown and as part of ids."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, info: zipfile.ZipInfo) -> "_Path | None":
        """Return the path; ``None`` where it leads out of the archive or is no name for a file."""
        name = info.filename.replace("\\", "/")
        path = PurePosixPath(name)
        odd = any(ord(character) < 32 or ord(character) == 127 for character in name)
        if odd or path.is_absolute() or ".." in path.parts or name[1:2] == ":":
            return None
        return cls(path.parts) if path.parts else None

    def __str__(self) -> str:
        return "/".join(self.parts)


class _Found:
    """What is in an archive.

    Attributes:
        members: the files to read, in order.
        refused: the errors of those that cannot be read.
        passed_over: the endings of those that are of no known kind, and how many there are.
    """

    def __init__(self, archive: zipfile.ZipFile, source: Source, allowance: Allowance) -> None:
        self.refused: list[DocumentError] = []
        self.passed_over: Counter[str] = Counter()
        self._source = source
        members = []
        for path, info in self._files(archive):
            suffix, compression = suffixes_of(path.parts[-1])
            if suffix not in SUFFIXES or stat.S_ISLNK(info.external_attr >> 16):
                self.passed_over[suffix or path.parts[-1]] += 1
                continue
            if info.flag_bits & _ENCRYPTED:
                self._refuse(str(path), "is encrypted; unpack the archive first", "encrypted")
                continue
            entry = Entry(archive, info, allowance, depth=_depth(source) + 1)
            if suffix == ".zip" and entry.depth > 1:
                self._refuse(str(path), "is an archive in an archive in an archive; unpack it")
                continue
            members.append(
                Source(
                    source.path,
                    f"{source.name}/{path}",
                    suffix,
                    compression,
                    in_folder=True,
                    encoding=source.encoding,
                    shown=f"{source.label}/{path}",
                    member=entry,
                )
            )
        self.members = []
        for member, reason in paired(members):
            if reason:
                self.passed_over[member.suffix] += 1
            else:
                self.members.append(member)

    def told(self) -> str:
        """Say what is passed over, in a sentence."""
        listed = ", ".join(name for name, _ in self.passed_over.most_common(_LISTED_SUFFIXES))
        more = ", …" if len(self.passed_over) > _LISTED_SUFFIXES else ""
        count = self.passed_over.total()
        return f"{self._source.label}: {count:,} files of unknown kind passed over ({listed}{more})"

    def _files(self, archive: zipfile.ZipFile) -> list[tuple[_Path, zipfile.ZipInfo]]:
        found: dict[_Path, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            path = _Path.of(info)
            if info.is_dir():
                continue
            if path is None:
                self._refuse(
                    ascii(info.filename), "has a path that leads out of the archive; pack it anew"
                )
            elif not any(map(is_hidden, path.parts)):
                # Of entries with one name the last one counts, as where they are unpacked.
                found[path] = info
        return sorted(found.items(), key=lambda item: item[0].parts)

    def _refuse(self, path: str, why: str, reason: str = "unusable") -> None:
        self.refused.append(DocumentError(f"{self._source.label}/{path}: {why}", reason=reason))


def _depth(source: Source) -> int:
    return source.member.depth if isinstance(source.member, Entry) else 0
