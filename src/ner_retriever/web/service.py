"""The one index that a server serves: searched through one handle, filled through another."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from ner_retriever.documents import Hit
from ner_retriever.errors import QueryError, first_line
from ner_retriever.index.field_table import FieldTable
from ner_retriever.index.info import IndexInfo
from ner_retriever.index.records import StoredDocument
from ner_retriever.retriever import Retriever
from ner_retriever.search.cutoff import Cutoff
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Query
from ner_retriever.search.results import Results
from ner_retriever.search.saved import SavedQueries, SavedQuery
from ner_retriever.web.cursor import Cursor
from ner_retriever.web.errors import RequestError, not_found
from ner_retriever.web.gate import Gate
from ner_retriever.web.settings import ServerSettings
from ner_retriever.web.uploads import Uploads

_REMEMBERED = 32

CutoffChoice = float | Literal["auto"] | None
Duplicates = Literal["fold", "show"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """All that decides an answer, the index apart.

    Attributes:
        query: what is asked.
        feedback: what refines it.
        cutoff: where the answer ends; ``None`` with the last document.
        min_detection: least detection score of a mention that counts; ``None`` for any.
        since: only documents that were indexed after this run.
        duplicates: whether one of several documents that are equal, or nearly so, stands for all.
    """

    query: Query
    feedback: Feedback = field(default_factory=Feedback)
    cutoff: CutoffChoice = None
    min_detection: float | None = None
    since: int = 0
    duplicates: Duplicates = "fold"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Answer:
    """A question's results at one version of the index.

    Attributes:
        key: names question and version; equal keys mean equal answers.
        version: of the index.
        question: what was asked.
        results: all documents down to the cut-off.
    """

    key: str
    version: int
    question: Question
    results: Results

    @property
    def cutoff(self) -> Cutoff:
        """The cut-off that was asked for, or the automatic one, and what is known of it."""
        asked = self.question.cutoff
        trust = self.results.trust
        return trust.at(asked) if isinstance(asked, float) else trust.automatic

    def next_cursor(self, offset: int) -> str | None:
        """Return the cursor of what follows the first ``offset`` results, if anything does."""
        if offset >= len(self.results):
            return None
        return Cursor(answer=self.key, offset=offset).encode()


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
        self._retriever = Retriever.open(index, engine=settings.engine)
        self._searching = threading.Lock()
        self._remembering = threading.Lock()
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self.uploads = Uploads(
            lambda: Retriever.open(index, engine=settings.engine),
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
        with self._searching:
            results = self._retriever.search(
                question.query,
                limit=None,
                min_detection=question.min_detection,
                cutoff=question.cutoff,
                duplicates=question.duplicates,
                feedback=question.feedback,
            )
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

    def accepted(self, feedback: Feedback) -> list[Hit]:
        """See :meth:`Retriever.accepted`."""
        with self._searching:
            return self._retriever.accepted(feedback)

    def _recall(self, key: str) -> Answer | None:
        with self._remembering:
            if key not in self._answers:
                return None
            self._answers.move_to_end(key)
            return self._answers[key]


def _expired() -> RequestError:
    return RequestError(
        410,
        "cursor_expired",
        "index, judgements or query have changed since this cursor was given; search again",
    )


def _key(question: Question, version: int) -> str:
    return blake2b(repr((version, question)).encode(errors="replace"), digest_size=16).hexdigest()
