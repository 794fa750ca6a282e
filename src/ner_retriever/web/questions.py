"""What a server is asked, and what it answers."""

from dataclasses import dataclass, field
from typing import Literal

from ner_retriever.documents import Hit
from ner_retriever.search.cutoff import Cutoff
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Example, Query
from ner_retriever.search.results import Results
from ner_retriever.web.cursor import Cursor

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


def place_to_judge(hit: Hit) -> Example:
    """Return what is judged of a document: its first mention; all of it where it has none."""
    if not hit.mentions:
        return Example(id=hit.id, start=0, end=max(len(hit.text), 1))
    return Example(id=hit.id, start=hit.mentions[0].start, end=hit.mentions[0].end)
