"""The package in one class: make or open an index, add documents, ask for a type."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import DEFAULT_PRESET, EngineName, Preset
from ner_retriever.documents import Document, Hit, Span
from ner_retriever.errors import QueryError, StoreError
from ner_retriever.index.folder import check_free, make_folder, refuse_address, size
from ner_retriever.index.lock import write_lock
from ner_retriever.index.manifest import Manifest, read_manifest
from ner_retriever.index.records import StoredDocument
from ner_retriever.index.replacement import new_store
from ner_retriever.index.scan import Scan
from ner_retriever.index.store import Store
from ner_retriever.index.view import open_scan
from ner_retriever.indexing import Added, ErrorHandler, ProgressHandler, add_documents, as_documents
from ner_retriever.models import Models, new_manifest
from ner_retriever.search.algebra import Conditions
from ner_retriever.search.cutoff import CutoffParameters
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.mention_locations import (
    accepted_hits,
    example_vectors,
    judged_vectors,
    locate,
)
from ner_retriever.search.query import Query, as_query, check_detection
from ner_retriever.search.ranking import search
from ner_retriever.search.results import Results
from ner_retriever.search.saved import SavedQueries
from ner_retriever.search.vectors import core_vector, refine

if TYPE_CHECKING:
    from ner_retriever.reading.encoder import Encoder

# Bounds the scores that are held at once: one a query and document.
_QUERIES_A_PASS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexInfo:
    """What an index holds and was made with.

    Attributes:
        documents, mentions: how many there are.
        dimensions: of a mention's vector.
        bytes: of all files of the index, earlier versions and derived files included.
        version: of the store; grows with every change.
        manifest: what the index was made with.
    """

    path: str
    documents: int
    mentions: int
    dimensions: int
    bytes: int
    version: int
    manifest: Manifest


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
            device: as torch names it; by default a GPU where there is one.
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
        manifest = read_manifest(folder)
        missing = {"preset", "detector"} - manifest.settings.keys()
        if missing:
            raise StoreError(
                f"{folder}/manifest.json is damaged: its settings lack {', '.join(sorted(missing))}"
                "; restore it from a copy, or make the index again with --replace"
            )
        return cls(
            folder,
            manifest,
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

    def search(
        self,
        query: str | Query,
        *,
        limit: int | None = 10,
        min_score: float | None = None,
        min_detection: float | None = None,
        cutoff: float | Literal["auto"] | None = None,
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
            feedback: judgements, which refine the ranking; judged documents stay in it.

        Raises:
            QueryError: the query, limit, a least score or the cut-off makes no sense, or an
                example's document is not there.
            FingerprintMismatch: the models are not those that filled the index.
            StoreError: the index is damaged.
        """
        least = _least(min_score, cutoff)
        asked, judged = as_query(query), feedback or Feedback()
        scan = self._fresh_scan()
        rows = locate(scan, self._store, judged.current)
        vector = self._core(scan, asked)
        accepted, rejected = (
            judged_vectors(scan, rows, part) for part in (judged.accepted, judged.rejected)
        )
        return search(
            scan,
            self._store,
            vector,
            refined=refine(vector, accepted, rejected) if rows else None,
            query=str(asked),
            limit=limit,
            min_score=least,
            min_detection=min_detection,
            conditions=self._conditions(asked),
            known={row: judged.current[identifier].relevant for identifier, row in rows.items()},
            parameters=self.cutoff_parameters,
        )

    def search_many(
        self,
        queries: Iterable[str | Query],
        *,
        limit: int | None = 10,
        min_score: float | None = None,
        min_detection: float | None = None,
        cutoff: float | Literal["auto"] | None = None,
    ) -> list[Results]:
        """Ask for many types at once, which reads the index once for every few dozen of them.

        Args:
            queries: each as :meth:`search` takes it; the other arguments are as there, for all.

        Returns:
            What :meth:`search` gives for each, in their order.

        Raises:
            QueryError, FingerprintMismatch, StoreError: as :meth:`search`.
        """
        least = _least(min_score, cutoff)
        check_detection(min_detection)
        scan = self._fresh_scan()
        counted = scan if min_detection is None else scan.detected(min_detection)
        asked = [as_query(query) for query in queries]
        found: list[Results] = []
        for first in range(0, len(asked), _QUERIES_A_PASS):
            some = asked[first : first + _QUERIES_A_PASS]
            vectors = np.stack([self._core(scan, query) for query in some])
            best_scores = counted.best_scores(vectors)
            found += [
                search(
                    scan,
                    self._store,
                    vector,
                    query=str(query),
                    limit=limit,
                    min_score=least,
                    min_detection=min_detection,
                    conditions=self._conditions(query),
                    parameters=self.cutoff_parameters,
                    best=best,
                )
                for query, vector, best in zip(some, vectors, best_scores, strict=True)
            ]
        return found

    def warm(self) -> None:
        """Load now what queries need, so that the first one need not wait for it.

        Raises:
            ModelError: weights are nowhere to be had or damaged.
            FingerprintMismatch: they are not those that filled the index.
        """
        self._models.queries.warm()
        self._fresh_scan()

    def accepted(self, feedback: Feedback) -> list[Hit]:
        """Return the documents that were judged yes, each with the mention that was judged.

        Scores are 1. A document that has gone or no longer reaches that far is left out.
        """
        return accepted_hits(self._fresh_scan(), self._store, feedback)

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
                self._scan = open_scan(self.path, self._store, int8=self._int8)
        return deleted

    def _fresh_scan(self) -> Scan:
        self._store.refresh()
        if self._scan is None or self._scan.state != self._store.state:
            self._scan = open_scan(self.path, self._store, int8=self._int8)
        return self._scan

    def _core(self, scan: Scan, query: Query) -> NDArray[np.float32]:
        described = self._models.queries.of([] if query.describe is None else [query.describe])
        examples = example_vectors(scan, self._store, query.like, self._embed)
        return core_vector(described, examples)

    def _embed(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> list[NDArray[np.float32]]:
        # Not before it is called: most examples are mentions whose vectors are there.
        return self._models.encoder.mentions(texts, spans)

    def _conditions(self, query: Query) -> Conditions | None:
        if not query.conditions:
            return None
        return Conditions(
            exclude=self._models.queries.of(query.exclude),
            near=self._models.queries.of(query.near),
            alongside=self._models.queries.of(query.alongside),
        )

    @property
    def version(self) -> int:
        """The store's newest version; grows with every change."""
        self._store.refresh()
        return self._store.version

    def documents(self, ids: Iterable[str]) -> list[StoredDocument]:
        """Return those of some documents that are indexed, in the index's order."""
        rows = locate(self._fresh_scan(), self._store, ids)
        return self._store.read(sorted(rows.values()))

    def info(self) -> IndexInfo:
        """Count what the index holds."""
        self._store.refresh()
        return IndexInfo(
            path=str(self.path),
            documents=self._store.count(),
            mentions=self._store.mention_count(),
            dimensions=self.manifest.dimensions,
            bytes=size(self.path),
            version=self._store.version,
            manifest=self.manifest,
        )


def _least(
    min_score: float | None, cutoff: float | Literal["auto"] | None
) -> float | Literal["auto"] | None:
    if min_score is not None and cutoff is not None:
        raise QueryError("a least score and a cut-off are the same; give one of them")
    return min_score if cutoff is None else cutoff
