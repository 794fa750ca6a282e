"""The package in one class: make or open an index, add documents, ask for a type."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ner_retriever.documents import Document, Hit
from ner_retriever.index.field_table import FieldTable
from ner_retriever.index.lock import write_lock
from ner_retriever.index.records import StoredDocument
from ner_retriever.indexing import Added, ErrorHandler, ProgressHandler, add_documents, as_documents
from ner_retriever.open_index import OpenIndex
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Query, as_query
from ner_retriever.search.report import review_record
from ner_retriever.search.results import Results
from ner_retriever.search.saved import SavedQueries, SavedQuery
from ner_retriever.searching import Bounds
from ner_retriever.source_sync import Plan, SourceSync, Synced
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.sources import PassOver, Source


class Retriever(OpenIndex):
    """An index and the models that fill and search it: see ``create`` and ``open``."""

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

    def review(self, saved: SavedQuery) -> dict[str, Any]:
        """Return what there is to report of a review: numbers, bounds, models, judgements.

        ``search.report.review_markdown`` makes a page of it.

        Raises:
            QueryError, FingerprintMismatch, StoreError: as :meth:`search`.
        """
        results = self.search(
            saved.query, limit=None, min_detection=saved.min_detection, feedback=saved.feedback
        )
        return review_record(saved, results, self.manifest)

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

    def documents(self, ids: Iterable[str]) -> list[StoredDocument]:
        """Return those of some documents that are indexed, in the index's order."""
        return self._searcher().documents(ids)

    def fields(self) -> FieldTable:
        """Return the fields of all documents, as columns in the index's order.

        Raises:
            StoreError: the index is damaged.
        """
        return self._searcher().fields()
