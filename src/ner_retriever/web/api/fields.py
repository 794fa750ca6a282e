"""What the API says of documents' fields: filters, facets and values."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ner_retriever.documents import FieldValue
from ner_retriever.search.filters.facets import Facet

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Where = Annotated[
    str, Field(min_length=1, max_length=4_000, examples=["year >= 2020 and source = 'Reuters'"])
]
FieldScalar = bool | int | float | str


class Request(BaseModel):
    """A body that a client sends; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class FieldCondition(Request):
    """A field beside a value."""

    field: Text = Field(examples=["year"])
    op: Literal[
        "=", "!=", "<", "<=", ">", ">=", "in", "like", "ilike", "is null", "is not null"
    ] = "="
    value: FieldScalar | list[FieldScalar] | None = Field(
        None, description="A list with `in`; none with `is null`.", examples=[2020]
    )


def fields_of(fields: Mapping[str, FieldValue]) -> dict[str, FieldScalar | list[str]]:
    """Return a document's fields as JSON has them."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()
    }


class FacetValue(BaseModel):
    """A value of a field."""

    value: str
    documents: int
    where: str = Field(description="The filter that keeps the documents with it.")


class FacetAnswer(BaseModel):
    """How an answer's documents spread over the values of a field."""

    field: str
    kind: Literal["text", "number", "date", "boolean", "list"]
    documents: int = Field(description="How many have it.")
    values: list[FacetValue] = Field(description="The commonest; of dates, their years.")
    least: str | None
    greatest: str | None

    @classmethod
    def of(cls, facet: Facet) -> "FacetAnswer":
        """Return a facet as the API gives it."""
        return cls.model_validate(asdict(facet))
