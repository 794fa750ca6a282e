"""Queries against an index: from a type, its examples and conditions to ranked documents."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Hit, Span
from ner_retriever.errors import QueryError
from ner_retriever.index.field_table import FieldTable
from ner_retriever.index.records import StoredDocument
from ner_retriever.index.scan import Scan
from ner_retriever.index.store import Store
from ner_retriever.models import Models
from ner_retriever.search.algebra import Conditions
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.mention_locations import (
    accepted_hits,
    example_vectors,
    judged_mentions,
    locate,
)
from ner_retriever.search.query import Query, check_detection
from ner_retriever.search.ranking import search
from ner_retriever.search.refinement import refine
from ner_retriever.search.results import Results
from ner_retriever.search.vectors import core_vector

# Bounds the scores that are held at once: one a query and document.
_QUERIES_A_PASS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How much of an answer is wanted.

    Attributes:
        limit: most documents; ``None`` for all.
        least: least score of a document's best mention, ``"auto"`` for the cut-off that the scores
            themselves suggest; ``None`` for any.
        min_detection: least detection score of a mention, in [0, 1]; ``None`` for any.
        fold: whether one of several documents that are equal, or nearly so, stands for all.
    """

    limit: int | None
    least: float | Literal["auto"] | None
    min_detection: float | None
    fold: bool

    @classmethod
    def of(
        cls,
        limit: int | None,
        min_score: float | None,
        min_detection: float | None,
        cutoff: float | Literal["auto"] | None,
        duplicates: Literal["fold", "show"] = "fold",
    ) -> "Bounds":
        """Take the arguments of ``Retriever.search``.

        Raises:
            QueryError: a least score and a cut-off are both given, or duplicates are to be treated
                in a way that there isn't.
        """
        if min_score is not None and cutoff is not None:
            raise QueryError("a least score and a cut-off are the same; give one of them")
        if duplicates not in ("fold", "show"):
            raise QueryError(f"duplicates are to fold or to show, not {duplicates!r}")
        least = min_score if cutoff is None else cutoff
        fold = duplicates == "fold"
        return cls(limit=limit, least=least, min_detection=min_detection, fold=fold)


@dataclass(frozen=True, slots=True)
class Searcher:
    """Answers queries from one state of an index.

    Args:
        scan: that state.
        store: reads the documents to be shown.
        models: embeds queries, and examples that are no detected mention.
        fields: gives the documents' fields, which are read when they are first needed.
    """

    scan: Scan
    store: Store
    models: Models
    fields: Callable[[], FieldTable]

    def search(self, query: Query, bounds: Bounds, feedback: Feedback) -> Results:
        """Return ranked documents; see ``Retriever.search``."""
        rows = locate(self.scan, self.store, feedback.current)
        (vector,) = self._cores([query])
        return self._ranked(
            query,
            vector,
            bounds,
            refined=self._refined(vector, feedback, rows) if rows else None,
            known={row: feedback.current[name].relevant for name, row in rows.items()},
        )

    def search_many(self, queries: Sequence[Query], bounds: Bounds) -> Iterator[Results]:
        """Yield what :meth:`search` gives for each query, reading the index once for many."""
        check_detection(bounds.min_detection)
        scan = self.scan
        if bounds.min_detection is not None:
            scan = scan.detected(bounds.min_detection)
        for first in range(0, len(queries), _QUERIES_A_PASS):
            some = queries[first : first + _QUERIES_A_PASS]
            vectors = self._cores(some)
            best_scores = np.empty((len(some), len(scan.documents)), np.float32)
            names_only = np.array([query.names_only for query in some])
            if not names_only.all():
                best_scores[~names_only] = scan.best_scores(vectors[~names_only])
            if names_only.any():
                best_scores[names_only] = scan.names().best_scores(vectors[names_only])
            for query, vector, best in zip(some, vectors, best_scores, strict=True):
                yield self._ranked(query, vector, bounds, best=best)

    def accepted(self, feedback: Feedback) -> list[Hit]:
        """Return the documents that were judged yes; see ``Retriever.accepted``."""
        return accepted_hits(self.scan, self.store, feedback)

    def documents(self, ids: Iterable[str]) -> list[StoredDocument]:
        """Return those of some documents that are indexed, in the index's order."""
        rows = locate(self.scan, self.store, ids)
        return self.store.read(sorted(rows.values()))

    def _ranked(
        self,
        query: Query,
        vector: NDArray[np.float32],
        bounds: Bounds,
        *,
        refined: NDArray[np.float32] | None = None,
        known: Mapping[int, bool] | None = None,
        best: NDArray[np.float32] | None = None,
    ) -> Results:
        return search(
            self.scan,
            self.store,
            vector,
            refined=refined,
            query=str(query),
            limit=bounds.limit,
            min_score=bounds.least,
            min_detection=bounds.min_detection,
            names_only=query.names_only,
            conditions=self._conditions(query),
            known=known,
            parameters=self.models.cutoff_parameters,
            best=best,
            kept=self._kept(query),
            fold=bounds.fold,
            fields=self.fields,
        )

    def _refined(
        self, vector: NDArray[np.float32], feedback: Feedback, rows: Mapping[str, int]
    ) -> NDArray[np.float32]:
        documents = [rows[judged.id] for judged in feedback.rejected if judged.id in rows]
        return refine(
            self.scan,
            vector,
            accepted=judged_mentions(self.scan, rows, feedback.accepted),
            rejected=judged_mentions(self.scan, rows, feedback.rejected),
            rejected_documents=np.array(documents, np.int64),
        )

    def _kept(self, query: Query) -> NDArray[np.bool_] | None:
        if query.where is None:
            return None
        from ner_retriever.search.filters.matching import matching
        from ner_retriever.search.filters.where import parse_where

        return matching(parse_where(query.where), self.fields())

    def _cores(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Return the vectors of queries, whose types are read together."""
        types = [query.describe for query in queries if query.describe is not None]
        described = self.models.queries.of(types)
        cores, first = [], 0
        for query in queries:
            own = described[first : first + (query.describe is not None)]
            first += len(own)
            examples = example_vectors(self.scan, self.store, query.like, self._embed)
            cores.append(core_vector(own, examples))
        return np.stack(cores)

    def _embed(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> list[NDArray[np.float32]]:
        # Not before it is called: most examples are mentions whose vectors are there.
        return self.models.encoder.mentions(texts, spans)

    def _conditions(self, query: Query) -> Conditions | None:
        if not query.conditions:
            return None
        return Conditions(
            exclude=self.models.queries.of(query.exclude),
            near=self.models.queries.of(query.near),
            alongside=self.models.queries.of(query.alongside),
        )
