"""What the rows of an answer show."""

from dataclasses import dataclass

import numpy as np

from ner_retriever.documents import Hit, Mention
from ner_retriever.search.feedback import Feedback
from ner_retriever.search.query import Example
from ner_retriever.web.pages.filtering import About, about
from ner_retriever.web.pages.marking import Piece, other_forms, sentence
from ner_retriever.web.questions import Answer

PAGE = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A document of an answer.

    Attributes:
        hit: the document and its mentions.
        moved: how many places judgements have moved it up.
        verdict: ``yes``, ``no``, or empty.
        below: whether it stands below the cut-off.
    """

    hit: Hit
    moved: int = 0
    verdict: str = ""
    below: bool = False

    @property
    def pieces(self) -> list[Piece]:
        """The sentence of the best mention."""
        return sentence(self.hit)

    @property
    def others(self) -> str:
        """The other mentions, by name."""
        return "" if self.below else other_forms(self.hit)

    @property
    def about(self) -> About:
        """What the document is about, by its fields."""
        return about(self.hit.fields)

    @property
    def place(self) -> Example:
        """Where the best mention stands."""
        return example_of(self.hit.id, self.hit.mentions[0])


def example_of(identifier: str, mention: Mention) -> Example:
    """Return a mention as an example to ask by."""
    return Example(id=identifier, start=mention.start, end=mention.end)


def rows_of(
    answer: Answer,
    first: int,
    *,
    feedback: Feedback,
    plain: Answer | None = None,
    below: bool = False,
) -> list[Row]:
    """Return a page of rows.

    Args:
        first: how many documents come before.
        feedback: the judgements to show.
        plain: the same answer without refinement, to say what has moved.
        below: whether the rows stand below the cut-off.
    """
    hits = answer.results[first : first + PAGE]
    moves = _moves(answer, plain, first, len(hits)) if plain else [0] * len(hits)
    return [
        Row(hit=hit, moved=moved, verdict=verdict_on(hit.id, feedback), below=below)
        for hit, moved in zip(hits, moves, strict=True)
    ]


def verdict_on(identifier: str, feedback: Feedback) -> str:
    """Return ``yes`` or ``no`` where a document has been judged, else nothing."""
    judgement = feedback.current.get(identifier)
    return "" if judgement is None else ("yes" if judgement.relevant else "no")


def _moves(answer: Answer, plain: Answer, first: int, count: int) -> list[int]:
    if answer.version != plain.version:
        return [0] * count
    rows = answer.results.rows[first : first + count]
    before = np.flatnonzero(np.isin(plain.results.rows, rows))
    places = dict(zip(plain.results.rows[before].tolist(), before.tolist(), strict=True))
    return [places.get(row, rank) - rank for rank, row in enumerate(rows.tolist(), first)]
