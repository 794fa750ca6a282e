"""What documents, uploads and the index itself take and give, as OpenAPI describes it."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ner_retriever.text.formats.field_values import MOST_FIELDS
from ner_retriever.web.api.fields import FieldScalar, Request
from ner_retriever.web.api.models import Offset
from ner_retriever.web.uploads import Upload


class NewDocument(Request):
    """A document to add."""

    text: str = Field(max_length=2_000_000, examples=["The Louvre is in Paris."])
    id: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        None, description="Without one, it is named after its content.", examples=["d900"]
    )
    spans: list[tuple[Offset, Offset]] | None = Field(
        None, description="Mentions known beforehand; found by the index's detector otherwise."
    )
    fields: dict[str, FieldScalar | list[str]] = Field(
        {},
        max_length=MOST_FIELDS,
        description="What else is known of it.",
        examples=[{"year": 2020}],
    )


class NewDocuments(Request):
    """Documents to add; those of a known id replace the earlier ones."""

    documents: list[NewDocument] = Field(min_length=1, max_length=10_000)


class Document(BaseModel):
    """A document as it was indexed."""

    id: str
    text: str
    fields: dict[str, FieldScalar | list[str]]


class FieldAnswer(BaseModel):
    """A field of the documents."""

    name: str
    kind: Literal["text", "number", "date", "boolean", "list"]
    documents: int = Field(description="How many have it.")


class UploadAnswer(BaseModel):
    """Documents on their way into the index."""

    id: str
    name: str
    state: Literal["waiting", "running", "done", "failed"]
    new: int
    replaced: int
    updated: int = Field(description="Only their fields had changed.")
    unchanged: int
    skipped: int
    messages: list[str] = Field(description="Why documents were skipped, or why it failed.")

    @classmethod
    def of(cls, upload: Upload) -> "UploadAnswer":
        """Return an upload as the API gives it."""
        return cls(
            id=upload.id,
            name=upload.name,
            state=upload.state,
            new=upload.added.new,
            replaced=upload.added.replaced,
            updated=upload.added.updated,
            unchanged=upload.added.unchanged,
            skipped=upload.skipped,
            messages=list(upload.messages),
        )


class IndexAnswer(BaseModel):
    """What the index holds and was made with."""

    name: str
    documents: int
    mentions: int
    dimensions: int
    bytes: int
    version: int
    preset: str
    detector: str
    created: str
    fingerprints: dict[str, str]


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok"] = "ok"
