"""What saved queries and their judgements take and give, as OpenAPI describes it."""

from typing import Literal

from pydantic import BaseModel, Field

from ner_retriever.search.saved import SavedQuery
from ner_retriever.web.api.fields import Request, Text
from ner_retriever.web.api.models import Detection, Judgement, Name, Query, Score


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
