"""An index kept in step with the files that it was made from.

Files that are as they were are not opened. Of the others, documents are added and replaced as
always, and those that a file no longer holds, or whose file is gone, are removed.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from ner_retriever.config import fingerprint
from ner_retriever.documents import Document
from ner_retriever.errors import InputError, StoreError
from ner_retriever.index.checksums import FileChecksum
from ner_retriever.index.file_records import FileRecords
from ner_retriever.index.store import Store
from ner_retriever.indexing import Added, ErrorHandler, ProgressHandler, add_documents
from ner_retriever.reading.reader import Reader
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.readers import read_documents
from ner_retriever.text.sources import PassOver, Source, count_hint, find_sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What keeping in step would do.

    Attributes:
        read: the files that are new or have changed.
        unchanged: how many are as they were.
        gone: files that are no longer there, of which the index has documents.
    """

    read: tuple[Source, ...]
    unchanged: int
    gone: tuple[str, ...]

    @property
    def bytes(self) -> int | None:
        """How many bytes there are to read, as far as that is known."""
        return count_hint(self.read) if self.read else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What keeping in step has done.

    Attributes:
        plan: what was found at the beginning.
        added: what has become of the documents that were read.
        removed: how many documents are no longer there.
        by_place: whether some documents that were read are named by their place in a file.
    """

    plan: Plan
    added: Added = field(default_factory=Added)
    removed: int = 0
    by_place: bool = False


class SourceSync:
    """Keeps an index in step with some sources; hold its write lock meanwhile.

    Args:
        path: the index folder.
        store: of the index.
        sources: files and folders, named as always.
        options: how files are read.
        encoding: of text files.
        pass_over: as ``find_sources`` takes it.

    Raises:
        InputError: standard input is among the sources, or one does not exist. A folder in which
            there is nothing to read is fine if the index has documents of it.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        sources: Sequence[str | Path],
        options: ReadOptions,
        *,
        encoding: str = "",
        pass_over: PassOver | None = None,
    ) -> None:
        if any(str(source) == "-" for source in sources):
            raise InputError("standard input cannot be kept in step; name files or folders")
        self._store = store
        self._options = options
        self._encoding = encoding
        self._records = FileRecords.read(path)
        self._key = _key(options, encoding)
        self.plan = self._plan(sources, pass_over)

    def run(
        self,
        reader: Callable[[], Reader],
        *,
        on_error: ErrorHandler | None = None,
        on_end: Callable[[Source, int], None] | None = None,
        progress: ProgressHandler | None = None,
    ) -> Synced:
        """Bring the index in step.

        Args:
            reader: gives what finds and embeds mentions; called if there is a file to read.
            on_error: takes the error of a document that cannot be used. Nothing of its file is
                removed then, and the file is read again the next time.
            on_end: as ``read_documents`` takes it.
            progress: called after each batch.

        Raises:
            DocumentError: a document cannot be used, and there is no ``on_error``.
            StoreError: the index cannot be written.
        """
        reading = _Reading(self._store, self._stored, self._records, self._key)
        added = Added()

        def end(source: Source, errors: int) -> None:
            reading.end(source, errors)
            if on_end:
                on_end(source, errors)

        if self.plan.read:

            def after_batch(added: Added) -> None:
                reading.settle()
                if progress:
                    progress(added)

            documents = read_documents(
                self.plan.read,
                self._options,
                encoding=self._encoding,
                on_error=on_error,
                on_begin=reading.begin,
                on_end=end,
            )
            added = add_documents(
                reading.watched(documents),
                store=self._store,
                reader=reader(),
                on_error=on_error,
                progress=after_batch,
            )
            reading.settle()
        removed = reading.removed + self._store.delete(self._store.ids_of(self.plan.gone))
        try:
            self._records.forget(self.plan.gone)
        except OSError as error:
            raise _unwritable(error) from error
        return Synced(plan=self.plan, added=added, removed=removed, by_place=reading.by_place)

    def documents_of_gone(self) -> list[str]:
        """Return the ids of the documents whose files are gone."""
        return self._store.ids_of(self.plan.gone)

    def _plan(self, sources: Sequence[str | Path], pass_over: PassOver | None) -> Plan:
        stored = self._store.sources()
        found: list[Source] = []
        for source in sources:
            below = _name(source)
            try:
                found += find_sources([source], pass_over=pass_over)
            except InputError:
                if not any(_is_below(name, below) for name in stored):
                    raise
        names = {source.name for source in found}
        roots = [_name(source) for source in sources]
        gone = {
            name
            for name in stored
            if any(_is_below(name, root) for root in roots) and not _owner(name, names)
        }
        self._stored = {owner for name in stored if (owner := _owner(name, names))}
        read = tuple(source for source in found if not self._is_unchanged(source))
        return Plan(read=read, unchanged=len(found) - len(read), gone=tuple(sorted(gone)))

    def _is_unchanged(self, source: Source) -> bool:
        return all(
            self._records.is_unchanged(file.name, file.path, self._key) for file in _files(source)
        )


class _Reading:
    """Follows which documents come from which file, and puts files on record once all are stored.

    Args:
        stored: names of the files of which the index had documents before.

    Attributes:
        removed: how many documents were removed from files that changed.
        by_place: whether a document is named by its place in its file.
    """

    def __init__(
        self, store: Store, stored: Collection[str], records: FileRecords, key: str
    ) -> None:
        self.removed = 0
        self.by_place = False
        self._store = store
        self._stored = stored
        self._records = records
        self._key = key
        self._ids: set[str] = set()
        self._checksums: list[FileChecksum] = []
        self._ended: list[tuple[Source, frozenset[str], list[FileChecksum]]] = []

    def begin(self, source: Source) -> None:
        """Remember what a file is before it is read."""
        self._ids = set()
        try:
            self._checksums = [FileChecksum.of(file.path) for file in _files(source)]
        except OSError:
            # What is no file, or is gone by now, is read again the next time.
            self._checksums = []

    def watched(self, documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            self._ids.add(document.id)
            self.by_place |= document.id.startswith(f"{document.source}:")
            yield document

    def end(self, source: Source, errors: int) -> None:
        """Remember that all documents of a file were handed on; they may not be stored yet."""
        if not errors:
            self._ended.append((source, frozenset(self._ids), self._checksums))

    def settle(self) -> None:
        """Remove what the files no longer hold that were read to their ends, and note them.

        Whenever it is called, all documents that were handed on are stored.
        """
        gone: set[str] = set()
        for source, ids, _ in self._ended:
            if source.name in self._stored:
                gone |= set(self._store.ids_of([source.name])) - ids
        self.removed += self._store.delete(gone)
        for source, _, checksums in self._ended:
            pairs = list(zip(_files(source), checksums, strict=False))
            # A file that changed while it was read is read again the next time.
            if all(_is_untouched(checksum, file.path) for file, checksum in pairs):
                for file, checksum in pairs:
                    self._note(file.name, checksum)
        self._ended.clear()

    def _note(self, name: str, checksum: FileChecksum) -> None:
        try:
            self._records.note(name, checksum, self._key)
        except OSError as error:
            raise _unwritable(error) from error


def _files(source: Source) -> list[Source]:
    return [source] if source.annotations is None else [source, source.annotations]


def _is_untouched(checksum: FileChecksum, file: Path) -> bool:
    try:
        return checksum.is_untouched(file)
    except OSError:
        return False


def _key(options: ReadOptions, encoding: str) -> str:
    parts = (options.columns, options.text_files, options.dialect, options.max_characters)
    return fingerprint({"options": repr((*parts, options.ocr_languages, encoding))})


def _name(source: str | Path) -> str:
    return PurePath(os.path.normpath(source)).as_posix()


def _is_below(name: str, root: str) -> bool:
    return root in (".", name) or name.startswith(f"{root.rstrip('/')}/")


def _owner(name: str, files: Collection[str]) -> str | None:
    """The file that a document's source is, or is a part of, such as an archive."""
    while name:
        if name in files:
            return name
        name = name.rpartition("/")[0]
    return None


def _unwritable(error: OSError) -> StoreError:
    return StoreError(
        f"cannot write the record of files: {error.strerror or error}; make the index folder "
        "writable"
    )
