"""What saved queries and their judgements take and give, as OpenAPI describes it."""

from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, Field

from ner_retriever.documents import Hit
from ner_retriever.search.saved import SavedQuery
from ner_retriever.search.stopping import Coverage
from ner_retriever.web.api.fields import Request, Text
from ner_retriever.web.api.models import Detection, Judgement, Name, Place, Query, Score
from ner_retriever.web.questions import place_to_judge


class NewQuery(Request):
    """A query to save."""

    name: Name
    query: Text | Query
    cutoff: Score | Literal["auto"] = "auto"
    min_detection: Detection | None = None


class SavedAnswer(BaseModel):
    """A saved query."""

    name: str
    query: Query
    cutoff: float | Literal["auto"]
    min_detection: float | None
    created: str
    revision: int = Field(description="Grows with every change.")
    accepted: int
    rejected: int

    @classmethod
    def of(cls, saved: SavedQuery) -> "SavedAnswer":
        """Return a saved query as the API gives it."""
        return cls(
            name=saved.name,
            query=Query.of(saved.query),
            cutoff="auto" if isinstance(saved.cutoff, str) else saved.cutoff,
            min_detection=saved.min_detection,
            created=saved.created,
            revision=saved.revision,
            accepted=len(saved.feedback.accepted),
            rejected=len(saved.feedback.rejected),
        )


class CoverageAnswer(BaseModel):
    """How much of what is relevant has been found, and what to read next to know it better."""

    documents: int = Field(description="How many there are to be read.")
    read: int = Field(description="How many have been judged.")
    found: int = Field(description="How many were judged relevant.")
    population: int = Field(description="How many the last random check draws from.")
    drawn: int = Field(description="How many it has drawn.")
    drawn_relevant: int
    confidence: float = Field(description="That the two bounds hold.")
    missed: float | None = Field(description="Estimated relevant documents that are unread.")
    missed_at_most: int
    recall_at_least: float
    next: Place | None = Field(
        description="The document that the check draws next, with a mention of it or as a whole."
    )

    @classmethod
    def of(cls, coverage: Coverage, drawn: Hit | None) -> "CoverageAnswer":
        """Return a coverage as the API gives it."""
        place = None
        if drawn is not None:
            place = Place.model_construct(**place_to_judge(drawn).to_record())
        return cls(**asdict(coverage), recall_at_least=coverage.recall_at_least, next=place)


class FeedbackAnswer(BaseModel):
    """A saved query's judgements, the last one of each document, oldest first."""

    revision: int
    judgements: list[Judgement]
    dry: bool = Field(description="The last ten judgements were all no.")

    @classmethod
    def of(cls, saved: SavedQuery) -> "FeedbackAnswer":
        """Return a saved query's judgements as the API gives them."""
        feedback = saved.feedback
        current = [Judgement.model_construct(**j.to_record()) for j in feedback.current.values()]
        return cls(revision=saved.revision, judgements=current, dry=feedback.dry)
