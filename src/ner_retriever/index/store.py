"""The system of record: one Lance table, a row a document.

Every change is one atomic commit that makes a new version. A process killed half way leaves the
last version as it was.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import lance
import pyarrow as pa

from ner_retriever.index.details import Details, details_table
from ner_retriever.index.fragments import (
    Fragment,
    fragments_of,
    has_many_small_fragments,
    last_file,
    merge_small_fragments,
    name_rows,
    remove_history,
)
from ner_retriever.index.records import Known, Record, StoredDocument, schema, to_table
from ner_retriever.index.store_errors import reading_store, writing_store
from ner_retriever.index.store_files import (
    STORE_FOLDER,
    acknowledge,
    check_all,
    check_changed,
    check_version,
    remove_checksums,
)
from ner_retriever.index.table import has_table, new_table, open_table
from ner_retriever.index.table_queries import (
    SCAN_OPTIONS,
    count_mentions,
    distinct_sources,
    ids_of_sources,
    is_in,
    known_documents,
    stored_documents,
)
from ner_retriever.index.vector_layout import Numbers, VectorLayout

T = TypeVar("T")


class Store:
    """Documents with their mentions and vectors, fixed at one version.

    A handle moves to a new version when it writes and on :meth:`refresh`, never by itself.

    Args:
        path: the index folder.
        table: of Lance.
        sync: return from a write only when it is on the disk, where no power cut can take it back.
    """

    def __init__(self, path: Path, table: lance.LanceDataset | None, *, sync: bool = True) -> None:
        self._path = path
        self._table = table
        self._sync = sync
        self._state_key: tuple[int, str] | None = None
        self._state = ""

    @classmethod
    def create(
        cls,
        path: Path,
        dimensions: int,
        context_dimensions: int = 0,
        *,
        numbers: Numbers = "int8",
        sync: bool = True,
    ) -> "Store":
        """Start an empty store in the index folder ``path``.

        A store that is there becomes empty in one commit; its documents stay on disk until
        :meth:`purge`.

        Args:
            dimensions: length of a mention's vector.
            context_dimensions: length of a sentence's; 0 where sentences have none.
            numbers: what vectors are kept as.

        Raises:
            StoreError: the folder cannot be written.
        """
        with (
            writing_store(path / STORE_FOLDER),
            new_table(path, schema(dimensions, context_dimensions, numbers).empty_table()) as table,
        ):
            # What stands there is of the store that gave way.
            remove_checksums(path)
            acknowledge(path, table, sync=sync)
        return cls.open(path, sync=sync)

    @classmethod
    def open(cls, path: Path, *, sync: bool = True) -> "Store":
        """Open the store of the index folder ``path`` at its newest version.

        Files that have changed since they were written are hashed, so that damage is noticed.

        Raises:
            IndexNotFound: there is none.
            StoreError: it is damaged.
        """
        checked = check_changed(path) if has_table(path) else (None, [])
        table = open_table(path)
        check_version(path, int(table.version), *checked)
        return cls(path, table, sync=sync)

    def swap_in(self) -> None:
        """Do nothing: only a :class:`~ner_retriever.index.replacement.ReplacementStore` has to."""

    @property
    def version(self) -> int:
        """Number of this version; grows with every change."""
        return int(self._dataset.version)

    @property
    def vectors(self) -> VectorLayout:
        """How mentions' vectors are kept."""
        return VectorLayout.of(self._dataset.schema.field("vectors"))

    @property
    def contexts(self) -> VectorLayout | None:
        """How sentences' vectors are kept; ``None`` where sentences have none."""
        columns = self._dataset.schema
        return VectorLayout.of(columns.field("contexts")) if "contexts" in columns.names else None

    @property
    def fragments(self) -> list[Fragment]:
        """What the rows are kept in, in their order."""
        return fragments_of(self._dataset)

    @property
    def columns(self) -> list[str]:
        """Names of the columns of :func:`~ner_retriever.index.records.schema`."""
        return list(self._dataset.schema.names)

    @property
    def state(self) -> str:
        """A name for the rows and their order: equal states hold equal rows.

        Unlike the version it differs between stores, and stays when the ids are indexed.
        """
        key = (self.version, last_file(self._dataset))
        if key != self._state_key:
            self._state_key, self._state = key, name_rows(self._dataset)
        return self._state

    def refresh(self) -> None:
        """Move to the newest version.

        Raises:
            StoreError: the store is damaged.
        """
        before = self.version
        with reading_store(self._dataset.uri):
            self._dataset.checkout_latest()
            if self.version == before:
                return
            checked = check_changed(self._path)
            # Again, because a writer may have put a newer version on record in between.
            self._dataset.checkout_latest()
        check_version(self._path, self.version, *checked)

    def check_files(self, names: Collection[str] | None = None) -> None:
        """Hash files that were put on record; a ``StoreError`` names one that is damaged.

        Args:
            names: of files in the store's folder; by default all.
        """
        check_all(self._path, names)

    def snapshot(self) -> "Store":
        """A second handle, which stays at this version when this one moves on."""
        with reading_store(self._dataset.uri):
            table = self._dataset.checkout_version(self._dataset.version)
        return Store(self._path, table, sync=self._sync)

    def count(self) -> int:
        """Number of documents."""
        with reading_store(self._dataset.uri):
            return int(self._dataset.count_rows())

    def mention_count(self) -> int:
        """Number of mentions of all documents."""
        return self._ask(count_mentions)

    def lookup(self, ids: Sequence[str]) -> dict[str, Known]:
        """What is known of those of the ``ids`` that are stored."""
        return self._ask(known_documents, ids)

    def sources(self) -> set[str]:
        """The files that stored documents were read from."""
        return self._ask(distinct_sources)

    def ids_of(self, sources: Iterable[str]) -> list[str]:
        """The ids of the documents that were read from some files, or from parts of them."""
        return self._ask(ids_of_sources, sources)

    def read(self, rows: Sequence[int]) -> list[StoredDocument]:
        """Documents by their position in scan order, in the order asked for.

        Args:
            rows: positions in [0, :meth:`count`).

        Raises:
            StoreError: the version was purged in the meantime, or the store is damaged.
        """
        return self._ask(stored_documents, [int(row) for row in rows])

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows in scan order, some dozens at a time.

        Args:
            columns: which of :func:`~ner_retriever.index.records.schema`, but those of vectors.
        """
        with reading_store(self._dataset.uri):
            yield from self._dataset.to_batches(columns=list(columns), **SCAN_OPTIONS)

    def write(self, records: Sequence[Record], *, replace: bool) -> None:
        """Add documents in one commit; when this returns, they are stored.

        Args:
            records: documents with distinct ids.
            replace: some of the ids may be stored already, and their documents give way. Without
                it the caller answers for the ids being new, and the commit is quicker.

        Raises:
            StoreError: nothing was written: a record does not fit, or the disk is full or
                read-only.
        """
        if not records:
            return
        table = to_table(records, self._dataset.schema)
        with writing_store(self._dataset.uri):
            if replace:
                upsert = self._dataset.merge_insert("id")
                upsert.when_matched_update_all().when_not_matched_insert_all().execute(table)
            else:
                self._dataset.insert(table)
            self._acknowledge()

    def update(self, details: Mapping[str, Details]) -> None:
        """Give stored documents other details in one commit.

        Args:
            details: by the documents' ids.

        Raises:
            StoreError: nothing was changed: the disk is full or read-only.
        """
        if not details:
            return
        with writing_store(self._dataset.uri):
            upsert = self._dataset.merge_insert("id").when_matched_update_all()
            upsert.execute(details_table(details))
            self._acknowledge()

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents in one commit and return how many were stored.

        Their text stays on disk, in earlier versions, until :meth:`purge`.

        Raises:
            StoreError: nothing was deleted: the disk is full or read-only.
        """
        distinct = sorted(set(ids))
        if not distinct:
            return 0
        with writing_store(self._dataset.uri):
            deleted = int(self._dataset.delete(is_in("id", distinct))["num_deleted_rows"])
            self._acknowledge()
        return deleted

    def compact(self) -> None:
        """Merge small fragments and index the ids, once there are many; call it after a write.

        Keeps the rows and their order. Forgets versions older than a week, if it does anything.

        Raises:
            StoreError: the disk is full or read-only; no document is lost.
        """
        with writing_store(self._dataset.uri):
            if has_many_small_fragments(self._dataset):
                # What is merged is written anew, and damage would be put on record as whole.
                self.check_files()
                merge_small_fragments(self._dataset)
                self._acknowledge()

    def purge(self) -> None:
        """Remove from disk what was deleted or replaced, and every earlier version.

        Handles at earlier versions can no longer read; rows may change their order.

        Raises:
            StoreError: the disk is full or read-only; no document is lost.
        """
        self.check_files()
        with writing_store(self._dataset.uri):
            remove_history(self._dataset)
            self._acknowledge()

    def _ask(self, query: Callable[..., T], *given: object) -> T:
        with reading_store(self._dataset.uri):
            return query(self._dataset, *given)

    @property
    def _dataset(self) -> lance.LanceDataset:
        return self._table

    def _acknowledge(self) -> None:
        acknowledge(self._path, self._dataset, sync=self._sync)
