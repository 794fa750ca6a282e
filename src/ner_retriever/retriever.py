"""The package in one class: make or open an index, add documents, ask for a type."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ner_retriever.config import DEFAULT_PRESET, EngineName, Preset
from ner_retriever.documents import Document, Hit
from ner_retriever.index.field_table import FieldTable
from ner_retriever.index.folder import check_free, make_folder, refuse_address
from ner_retriever.index.info import IndexInfo, index_info
from ner_retriever.index.lock import write_lock
from ner_retriever.index.manifest import Manifest
from ner_retriever.index.records import StoredDocument
from ner_retriever.index.replacement import new_store
from ner_retriever.index.scan import Scan
from ner_retriever.index.store import Store
from ner_retriever.index.view import LazyFields, open_scan
from ner_retriever.indexing import Added, ErrorHandler, ProgressHandler, add_documents, as_documents
from ner_retriever.models import Models, new_manifest, usable_manifest
from ner_retriever.search.cutoff import CutoffParameters
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Query, as_query
from ner_retriever.search.results import Results
from ner_retriever.search.saved import SavedQueries
from ner_retriever.searching import Bounds, Searcher
from ner_retriever.source_sync import Plan, SourceSync, Synced
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.sources import PassOver, Source

if TYPE_CHECKING:
    from ner_retriever.reading.encoder import Encoder


class Retriever:
    """An index and the models that fill and search it.

    Models are loaded when they are first needed; opening an index loads none.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        *,
        device: str | None = None,
        engine: EngineName = "torch",
        int8: bool = False,
        query_cache: bool = True,
        store: Store | None = None,
        sync: bool = True,
    ) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self.path = path
        self.manifest = manifest
        self._models = Models(manifest, device=device, engine=engine, query_cache=query_cache)
        self._int8 = int8
        self._store = store or Store.open(path, sync=sync)
        self._scan: Scan | None = None
        self._fields: LazyFields | None = None

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        preset: str = DEFAULT_PRESET,
        detector: str | None = None,
        device: str | None = None,
        engine: EngineName = "torch",
        replace: bool = False,
        query_cache: bool = True,
        sync: bool = True,
    ) -> "Retriever":
        """Make an empty index in a folder.

        Args:
            preset: a preset's name, or a JSON file with the keys of a ``Preset``.
            detector: as ``--detector`` takes it; by default ``mention-head`` where one comes with
                the preset's head, else ``spacy``.
            device: as torch names it; by default a GPU where there is one.
            engine: what runs the backbone: ``torch``, ``onnx``, or ``auto`` for the quicker one
                that is there. An index does not keep it, for vectors are the same.
            replace: start over where there is an index already. That one stays until the first
                documents are stored, or anything else is asked of the new one.
            query_cache, sync: as :meth:`open` takes them.

        Raises:
            ConfigError: no such preset or detector.
            ModelError: the preset's weights are nowhere to be had.
            StoreError: the folder cannot be written, holds an index, or holds something else.
        """
        folder = Path(path)
        check_free(folder, replace=replace)
        manifest = new_manifest(preset, detector, device=device, engine=engine)
        make_folder(folder)
        with write_lock(folder):
            store = new_store(folder, manifest, sync=sync)
        return cls(
            folder, manifest, device=device, engine=engine, query_cache=query_cache, store=store
        )

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        device: str | None = None,
        engine: EngineName = "torch",
        int8: bool = False,
        query_cache: bool = True,
        sync: bool = True,
    ) -> "Retriever":
        """Open an index.

        Args:
            device, engine: as :meth:`create` takes them.
            int8: search with vectors of a byte a number, which are made from the index's float16
                once: half the memory and time, cosines within 0.02.
            query_cache: keep queries and their vectors in the user's cache, so that asking again
                is quick; with ``NER_RETRIEVER_QUERY_CACHE=0`` none are kept whatever this says.
            sync: return from :meth:`add` and :meth:`delete` only when the change is on the disk,
                where a power cut cannot take it back.

        Raises:
            IndexNotFound: there is none.
            IndexVersionError: another version of the package made it.
            StoreError: it is damaged.
        """
        folder = Path(path)
        refuse_address(folder)
        return cls(
            folder,
            usable_manifest(folder),
            device=device,
            engine=engine,
            int8=int8,
            query_cache=query_cache,
            sync=sync,
        )

    @property
    def preset(self) -> Preset:
        """The preset that the index was made with."""
        return self._models.preset

    @property
    def encoder(self) -> "Encoder":
        """The index's encoder, loaded when it is first asked for.

        Raises:
            ModelError: weights are nowhere to be had or damaged.
            FingerprintMismatch: they are not those that filled the index.
        """
        return self._models.encoder

    @property
    def cutoff_parameters(self) -> CutoffParameters:
        """What automatic cut-offs are found with: fitted for the head, else the general ones."""
        return self._models.cutoff_parameters

    def add(
        self,
        documents: Iterable[str | Mapping[str, Any] | Document],
        *,
        on_error: ErrorHandler | None = None,
        progress: ProgressHandler | None = None,
    ) -> Added:
        """Add what is new, replace documents whose text changed, leave the rest alone.

        Args:
            documents: texts (named after their content), mappings with ``text`` and, if they have
                them, ``id`` and ``spans``, or :class:`Document`. Taken as they come: any number.
            on_error: takes the error of a document that cannot be used, which is then left out.
            progress: called after each batch with what has been done so far.

        Raises:
            DocumentError: a document cannot be used, or two share an id.
            IndexLocked: another process is writing.
            StoreError: the index cannot be written; what was written before is safe.
        """
        with write_lock(self.path):
            self._store.refresh()
            added = add_documents(
                as_documents(documents),
                store=self._store,
                reader=self._models.reader,
                on_error=on_error,
                progress=progress,
            )
            # Where nothing was stored, an index to be replaced is still there.
            self._store.swap_in()
        return added

    def sync(
        self,
        sources: Sequence[str | Path],
        options: ReadOptions | None = None,
        *,
        encoding: str = "",
        dry_run: bool = False,
        on_plan: Callable[[Plan], None] | None = None,
        pass_over: PassOver | None = None,
        on_error: ErrorHandler | None = None,
        on_end: Callable[[Source, int], None] | None = None,
        progress: ProgressHandler | None = None,
    ) -> Synced:
        """Keep the index in step with files and folders, as they are named.

        Files that are as they were are not opened. Documents that are new or changed are added, and
        those of these sources that are no longer there are removed.

        Args:
            sources, options, encoding, on_end: as
                :func:`~ner_retriever.text.readers.read_documents` takes them.
            dry_run: change nothing; ``removed`` counts the documents of files that are gone.
            on_plan: called before the first file is opened.
            pass_over: called with each file below a folder that is not read, and why.
            on_error, progress: as :meth:`add` takes them. Of a file with an error, no document is
                removed.

        Raises:
            InputError: as ``read_documents``, or standard input is among the sources.
            DocumentError, IndexLocked, StoreError: as :meth:`add`.
        """
        with write_lock(self.path):
            self._store.refresh()
            sync = SourceSync(
                self.path,
                self._store,
                sources,
                options or ReadOptions(),
                encoding=encoding,
                pass_over=pass_over,
            )
            if on_plan:
                on_plan(sync.plan)
            if dry_run:
                return Synced(plan=sync.plan, removed=len(sync.documents_of_gone()))
            return sync.run(
                lambda: self._models.reader, on_error=on_error, on_end=on_end, progress=progress
            )

    def search(
        self,
        query: str | Query,
        *,
        limit: int | None = 10,
        min_score: float | None = None,
        min_detection: float | None = None,
        cutoff: float | Literal["auto"] | None = None,
        duplicates: Literal["fold", "show"] = "fold",
        feedback: Feedback | None = None,
    ) -> Results:
        """Return the documents that mention an entity of a type, best first.

        Args:
            query: the type, in free text (``dinosaur``, ``court that hears appeals``), or a
                :class:`~ner_retriever.search.query.Query` with examples and conditions.
            limit: most documents to return; ``None`` for all.
            min_score: least score of a document's best mention; ``None`` for any.
            min_detection: least detection score of a mention, in [0, 1]; others count neither for
                the ranking nor for conditions. ``None`` for any.
            cutoff: the same, or ``"auto"`` for the cut-off that the scores themselves suggest.
            duplicates: ``"fold"`` returns one of several documents that are equal, or nearly so,
                which tells how many more there are; ``"show"`` returns all.
            feedback: judgements, which refine the ranking; judged documents stay in it.

        Raises:
            QueryError: the query, limit, a least score or the cut-off makes no sense, or an
                example's document is not there.
            FingerprintMismatch: the models are not those that filled the index.
            StoreError: the index is damaged.
        """
        bounds = Bounds.of(limit, min_score, min_detection, cutoff, duplicates)
        return self._searcher().search(as_query(query), bounds, feedback or Feedback())

    def search_many(
        self,
        queries: Iterable[str | Query],
        *,
        limit: int | None = 10,
        min_score: float | None = None,
        min_detection: float | None = None,
        cutoff: float | Literal["auto"] | None = None,
        duplicates: Literal["fold", "show"] = "fold",
    ) -> list[Results]:
        """Ask for many types at once, which reads the index once for every few dozen of them.

        Arguments, errors and each result are as with :meth:`search`; results are in the queries'
        order.
        """
        bounds = Bounds.of(limit, min_score, min_detection, cutoff, duplicates)
        asked = [as_query(query) for query in queries]
        return list(self._searcher().search_many(asked, bounds))

    def warm(self) -> None:
        """Load now what queries need, so that the first one need not wait for it.

        Raises:
            ModelError: weights are nowhere to be had or damaged.
            FingerprintMismatch: they are not those that filled the index.
        """
        self._models.queries.warm()
        self._searcher()

    def accepted(self, feedback: Feedback) -> list[Hit]:
        """Return the documents that were judged yes, each with the mention that was judged.

        Scores are 1. A document that has gone or no longer reaches that far is left out.
        """
        return self._searcher().accepted(feedback)

    @property
    def queries(self) -> SavedQueries:
        """The queries saved in the index."""
        return SavedQueries(self.path)

    def delete(self, ids: Iterable[str], *, purge: bool = False) -> int:
        """Delete documents; return how many of them there were.

        Args:
            purge: also remove earlier versions, and with them the text, from disk.

        Raises:
            IndexLocked: another process is writing.
            StoreError: the index cannot be written.
        """
        with write_lock(self.path):
            self._store.refresh()
            deleted = self._store.delete(ids)
            if purge:
                self._store.purge()
                self._searcher()
        return deleted

    @property
    def version(self) -> int:
        """The store's newest version; grows with every change."""
        self._store.refresh()
        return self._store.version

    def documents(self, ids: Iterable[str]) -> list[StoredDocument]:
        """Return those of some documents that are indexed, in the index's order."""
        return self._searcher().documents(ids)

    def fields(self) -> FieldTable:
        """Return the fields of all documents, as columns in the index's order.

        Raises:
            StoreError: the index is damaged.
        """
        return self._searcher().fields()

    def info(self) -> IndexInfo:
        """Count what the index holds."""
        self._store.refresh()
        return index_info(self.path, self._store, self.manifest)

    def _searcher(self) -> Searcher:
        self._store.refresh()
        if self._scan is None or self._fields is None or self._scan.state != self._store.state:
            self._scan = open_scan(self.path, self._store, int8=self._int8)
            self._fields = LazyFields(self.path, self._store.snapshot())
        return Searcher(self._scan, self._store, self._models, self._fields)
