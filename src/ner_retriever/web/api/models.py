"""What searches and saved queries take and give, as OpenAPI describes it."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ner_retriever.documents import Hit
from ner_retriever.search import cutoff as trust
from ner_retriever.search import feedback as judging
from ner_retriever.search import query as asking
from ner_retriever.search.filters.conditions import from_records
from ner_retriever.search.filters.facets import facets as facets_of
from ner_retriever.search.frames import record_of
from ner_retriever.search.rollup import Entity
from ner_retriever.web.api.fields import (
    FacetAnswer,
    FieldCondition,
    FieldScalar,
    Request,
    Text,
    Where,
    fields_of,
)
from ner_retriever.web.questions import Answer, Duplicates

MOST_RESULTS = 1000
Score = Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)]
Detection = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Offset = Annotated[int, Field(ge=0, le=2**31 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=100, examples=["courts"])]
Cutoff = Annotated[
    Score | Literal["auto"] | None,
    Field(description="Where the answer ends: a cosine, `auto`, or null for the last document."),
]


class Place(Request):
    """A span of an indexed document, in characters, end exclusive."""

    id: Text = Field(description="The document's id.", examples=["d017"])
    start: Offset = Field(examples=[8])
    end: Offset = Field(examples=[21])


class Judgement(Place):
    """Yes or no to a document that an answer holds, for the mention that was shown."""

    relevant: bool


class Query(Request):
    """What is asked: a type in words, examples, and conditions."""

    describe: Text | None = Field(
        None, description="The type, in free text.", examples=["court that hears appeals"]
    )
    like: list[Place] = Field([], max_length=1000, description="Mentions that are of the type.")
    exclude: list[Text] = Field([], max_length=20, description="Types it must not be of.")
    near: list[Text] = Field(
        [], max_length=20, description="Types that another mention of its sentence must be of."
    )
    alongside: list[Text] = Field(
        [], max_length=20, description="Types that another mention of its document must be of."
    )

    names_only: bool = Field(False, description="Ordinary nouns do not count as mentions.")
    where: Where | list[FieldCondition] | None = Field(
        None,
        description="What must hold of a document's fields: an expression as behind SQL's WHERE, "
        "or a list of conditions that must all hold.",
    )

    def ours(self) -> asking.Query:
        """Return the library's query.

        Raises:
            QueryError: it has neither a description nor an example.
        """
        record = self.model_dump()
        if isinstance(self.where, list):
            conditions = [condition.model_dump() for condition in self.where]
            record["where"] = from_records(conditions) or None
        return asking.Query.from_record(record)

    @classmethod
    def of(cls, query: asking.Query) -> "Query":
        """Return a library's query as the API gives it."""
        return cls.model_validate(query.to_record())


class SearchRequest(Request):
    """A search. Give `query` or `saved`."""

    query: Text | Query | None = Field(
        None, description="The type in words, or a query.", examples=["dinosaur"]
    )
    saved: Name | None = Field(None, description="A saved query, with its judgements.")
    feedback: list[Judgement] = Field(
        [], max_length=10_000, description="Judgements that refine the ranking, oldest first."
    )
    cutoff: Cutoff = None
    min_detection: Detection | None = Field(
        None, description="Least detection score of a mention; others do not count."
    )
    limit: Annotated[int, Field(ge=1, le=MOST_RESULTS)] | Literal["all"] = Field(
        20, description="Results a page; `all` streams every one as JSON lines."
    )
    cursor: Annotated[str, Field(max_length=500)] | None = Field(
        None, description="`next` of the page before."
    )
    duplicates: Duplicates = Field(
        "fold", description="Of documents that are equal, or nearly so: one, or all."
    )
    facets: bool = Field(False, description="Count the values of the answer's fields.")


class Mention(BaseModel):
    """A mention that answers the query."""

    start: int
    end: int
    text: str
    score: float = Field(description="Cosine.")
    detection_score: float = Field(description="How sure the detector was, 0 to 1.")
    name_score: float = Field(description="How likely it is a name and no ordinary noun, 0 to 1.")
    page: int | None = Field(description="From 1; null in a document without pages.")


class Result(BaseModel):
    """A document that answers the query."""

    id: str
    score: float = Field(description="Cosine of the best mention.")
    text: str
    mentions: list[Mention] = Field(
        description="Best first, but for a name near the best, which comes before a noun."
    )
    fields: dict[str, FieldScalar | list[str]] = Field(
        description="What else is known of the document."
    )
    duplicates: int = Field(
        description="How many more answer that are equal to it, or nearly so, and left out."
    )

    @classmethod
    def of(cls, hit: Hit) -> "Result":
        """Return a hit as the API gives it."""
        return cls.model_validate(record_of(hit) | {"fields": fields_of(hit.fields)})


class Estimate(BaseModel):
    """A number and its interval of 90 %."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, estimate: trust.Estimate) -> "Estimate":
        """Return an estimate as the API gives it."""
        return cls(value=estimate.value, low=estimate.low, high=estimate.high)


class CutoffAnswer(BaseModel):
    """What is known of the documents at or above a score."""

    score: float
    documents: int
    precision: Estimate = Field(description="Share of relevant ones among them.")
    missed: Estimate = Field(description="Relevant documents below the score.")

    @classmethod
    def of(cls, cutoff: trust.Cutoff) -> "CutoffAnswer":
        """Return a cut-off as the API gives it."""
        return cls(
            score=cutoff.score,
            documents=cutoff.documents,
            precision=Estimate.of(cutoff.precision),
            missed=Estimate.of(cutoff.missed),
        )


class SearchAnswer(BaseModel):
    """A page of results, best first."""

    query: Query
    version: int = Field(description="Of the index; grows with every change.")
    documents: int = Field(description="How many were searched.")
    found: int = Field(description="How many results there are in all.")
    cutoff: CutoffAnswer = Field(description="The cut-off asked for, or the automatic one.")
    rough: bool = Field(description="The estimates weren't fitted for this index's models.")
    results: list[Result]
    next: str | None = Field(description="Cursor of the next page.")
    facets: list[FacetAnswer] | None = Field(description="Where they were asked for.")

    @classmethod
    def of(cls, answer: Answer, first: int, last: int, *, facets: bool = False) -> "SearchAnswer":
        """Return a page of an answer."""
        results = answer.results
        return cls(
            query=Query.of(answer.question.query),
            version=answer.version,
            documents=results.documents,
            found=len(results),
            cutoff=CutoffAnswer.of(answer.cutoff),
            rough=not results.trust.fitted,
            results=[Result.of(hit) for hit in results[first:last]],
            next=answer.next_cursor(last),
            facets=list(map(FacetAnswer.of, facets_of(results.fields(), results.rows)))
            if facets
            else None,
        )


class EntityAnswer(BaseModel):
    """Mentions whose surface forms match, taken together."""

    name: str
    forms: list[str] = Field(description="As they stand in the texts, most frequent first.")
    documents: list[str] = Field(description="Ids, best first.")
    mentions: int
    score: float = Field(description="Of the best mention.")
    is_name: bool = Field(description="Likelier a name than an ordinary noun; names come first.")

    @classmethod
    def of(cls, entity: Entity) -> "EntityAnswer":
        """Return an entity as the API gives it."""
        return cls(
            name=entity.name,
            forms=list(entity.forms),
            documents=list(entity.documents),
            mentions=entity.mentions,
            is_name=entity.is_name,
            score=entity.score,
        )


class Entities(BaseModel):
    """An answer rolled up by entity."""

    version: int
    entities: list[EntityAnswer]


def feedback_of(judgements: Iterable[Judgement]) -> judging.Feedback:
    """Return the library's feedback."""
    history = tuple(judging.Judgement(**judgement.model_dump()) for judgement in judgements)
    return judging.Feedback(history=history)


def query_of(query: str | Query) -> asking.Query:
    """Return the library's query.

    Raises:
        QueryError: it has neither a description nor an example.
    """
    return asking.as_query(query) if isinstance(query, str) else query.ours()
