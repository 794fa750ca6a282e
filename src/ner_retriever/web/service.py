"""The one index that a server serves: searched through one handle, filled through another."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ner_retriever.documents import Hit
from ner_retriever.errors import QueryError, first_line
from ner_retriever.index.field_table import FieldTable
from ner_retriever.index.info import IndexInfo
from ner_retriever.index.records import StoredDocument
from ner_retriever.retriever import Retriever
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Query
from ner_retriever.search.report import review_record
from ner_retriever.search.results import Results
from ner_retriever.search.saved import SavedQueries, SavedQuery
from ner_retriever.search.stopping import Coverage
from ner_retriever.web.cursor import Cursor
from ner_retriever.web.errors import RequestError, not_found
from ner_retriever.web.gate import Gate
from ner_retriever.web.questions import Answer, CutoffChoice, Duplicates, Question
from ner_retriever.web.settings import ServerSettings
from ner_retriever.web.together import Together
from ner_retriever.web.uploads import Uploads

_REMEMBERED = 32


class Service:
    """What routes ask; its methods may be called from any thread.

    Attributes:
        name: of the index's folder.
        settings: how the server listens and what it bears.
        gate: where searches run.
        uploads: documents on their way into the index.
    """

    def __init__(self, index: Path, settings: ServerSettings) -> None:
        self.name = index.resolve().name
        self.settings = settings
        self.gate = Gate(at_once=settings.searches, seconds=settings.seconds)
        opened = partial(
            Retriever.open, index, engine=settings.engine, precision=settings.precision
        )
        self._retriever = opened(int8=settings.int8)
        self._searching = threading.Lock()
        self._together = Together(self._results, _alike, self._searching)
        self._remembering = threading.Lock()
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self.uploads = Uploads(
            opened,
            waiting=settings.waiting_uploads,
            document_characters=settings.document_characters,
        )

    @property
    def queries(self) -> SavedQueries:
        """The saved queries."""
        return self._retriever.queries

    def warm(self) -> None:
        """Load now what queries need, so that the first search need not wait for it.

        Raises:
            ModelError: weights are nowhere to be had or damaged.
            FingerprintMismatch: they are not those that filled the index.
        """
        self._retriever.warm()

    def close(self) -> None:
        """Stop the background work after the batch that is being written."""
        self.gate.close()
        self.uploads.close()

    def version(self) -> int:
        """Return the index's newest version."""
        with self._searching:
            return self._retriever.version

    def info(self) -> IndexInfo:
        """Count what the index holds."""
        with self._searching:
            return self._retriever.info()

    def key(self, question: Question) -> str:
        """Return the name of a question's answer at the index's newest version."""
        return _key(question, self.version())

    def answer(self, question: Question) -> Answer:
        """Search, or return what the same search gave before.

        Raises:
            QueryError: the question cannot be answered.
            StoreError: the index is damaged.
        """
        known = self._recall(self.key(question))
        if known is not None:
            return known
        results = self._together.ask(question)
        if question.since:
            results = results.since(question.since)
        version = results.store.version
        answer = Answer(
            key=_key(question, version), version=version, question=question, results=results
        )
        with self._remembering:
            self._answers[answer.key] = answer
            while len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
        return answer

    def answers(
        self, queries: Sequence[Query], *, cutoff: CutoffChoice, min_detection: float | None
    ) -> list[Results]:
        """Ask for many types at once, each down to its cut-off.

        Raises:
            QueryError: one of them cannot be answered.
            StoreError: the index is damaged.
        """
        with self._searching:
            return self._retriever.search_many(
                queries, limit=None, cutoff=cutoff, min_detection=min_detection
            )

    def continued(self, question: Question, cursor: Cursor) -> Answer:
        """Return the answer that a cursor leads on in, though the index may have changed since.

        Raises:
            RequestError: that answer isn't remembered any more, and asking again gives another.
            QueryError: the question cannot be answered.
        """
        answer = self._recall(cursor.answer) or self.answer(question)
        if answer.key != cursor.answer or answer.question != question:
            raise _expired()
        return answer

    def remembered(self, cursor: Cursor) -> Answer:
        """Return the answer that a cursor leads on in, whatever has changed since.

        Raises:
            RequestError: it isn't remembered any more.
        """
        answer = self._recall(cursor.answer)
        if answer is None:
            raise _expired()
        return answer

    def documents(self, ids: Sequence[str]) -> list[StoredDocument]:
        """Return those of some documents that are indexed, in the index's order."""
        with self._searching:
            return self._retriever.documents(ids)

    def fields(self) -> FieldTable:
        """Return the fields of all documents."""
        with self._searching:
            return self._retriever.fields()

    def saved(self, name: str) -> SavedQuery:
        """Return a saved query.

        Raises:
            RequestError: there is none of that name.
        """
        try:
            return self.queries.read(name)
        except QueryError as error:
            raise not_found(first_line(error)) from error

    def change(self, name: str, change: Callable[[SavedQuery], SavedQuery]) -> SavedQuery:
        """Change a saved query while no one else can; see :meth:`SavedQueries.change`.

        Raises:
            RequestError: there is none of that name.
        """
        self.saved(name)
        return self.queries.change(name, change)

    def coverage(
        self, saved: SavedQuery, *, duplicates: Duplicates = "fold"
    ) -> tuple[Coverage, Hit | None]:
        """Return how much of a saved query is found; see :meth:`Results.coverage`."""
        question = Question(
            query=saved.query, min_detection=saved.min_detection, duplicates=duplicates
        )
        # The judgements move the ranking alone, so one answer serves after each of them.
        return self.answer(question).results.coverage(
            saved.feedback, saved.checks, fold=duplicates == "fold"
        )

    def review(self, saved: SavedQuery) -> dict[str, Any]:
        """Return what there is to report of a review; see :meth:`Retriever.review`."""
        question = Question(
            query=saved.query, feedback=saved.feedback, min_detection=saved.min_detection
        )
        return review_record(saved, self.answer(question).results, self._retriever.manifest)

    def accepted(self, feedback: Feedback) -> list[Hit]:
        """See :meth:`Retriever.accepted`."""
        with self._searching:
            return self._retriever.accepted(feedback)

    def _results(self, questions: Sequence[Question]) -> list[Results]:
        """Search for questions that are alike."""
        first = questions[0]
        if len(questions) > 1:
            return self._retriever.search_many(
                [question.query for question in questions],
                limit=None,
                min_detection=first.min_detection,
                cutoff=first.cutoff,
                duplicates=first.duplicates,
            )
        results = self._retriever.search(
            first.query,
            limit=None,
            min_detection=first.min_detection,
            cutoff=first.cutoff,
            duplicates=first.duplicates,
            feedback=first.feedback,
        )
        return [results]

    def _recall(self, key: str) -> Answer | None:
        with self._remembering:
            if key not in self._answers:
                return None
            self._answers.move_to_end(key)
            return self._answers[key]


def _alike(question: Question) -> Hashable:
    """Return what questions must have in common to be searched for together."""
    if question.feedback != Feedback():
        return None
    return question.min_detection, question.cutoff, question.duplicates


def _expired() -> RequestError:
    return RequestError(
        410,
        "cursor_expired",
        "index, judgements or query have changed since this cursor was given; search again",
    )


def _key(question: Question, version: int) -> str:
    return blake2b(repr((version, question)).encode(errors="replace"), digest_size=16).hexdigest()
