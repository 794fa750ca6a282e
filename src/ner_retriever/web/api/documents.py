"""``/documents`` and ``/uploads``: read what is indexed, add to it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from ner_retriever.indexing import as_documents
from ner_retriever.web.api import records
from ner_retriever.web.api.fields import Text, fields_of
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.errors import not_found

router = APIRouter(tags=["documents"])


@router.get("/documents")
def documents(
    service: ServiceOf,
    id: Annotated[
        list[Text], Query(min_length=1, max_length=100, description="Ids.", examples=["d1"])
    ],
) -> list[records.Document]:
    """Read documents by id; those that aren't there are left out."""
    return [
        records.Document(id=found.id, text=found.text, fields=fields_of(found.fields))
        for found in service.documents(id)
    ]


@router.post("/documents", status_code=202)
def add_documents(service: ServiceOf, body: records.NewDocuments) -> records.UploadAnswer:
    """Add documents in the background, and replace those whose text has changed."""
    given = [_flat(document) for document in body.documents]
    upload = service.uploads.submit_documents(
        f"{len(given):,} documents", list(as_documents(given))
    )
    return records.UploadAnswer.of(upload)


@router.get("/uploads")
def uploads(service: ServiceOf) -> list[records.UploadAnswer]:
    """List the last uploads, newest first."""
    return [records.UploadAnswer.of(upload) for upload in service.uploads.recent()]


@router.get("/uploads/{upload_id}")
def upload(service: ServiceOf, upload_id: str) -> records.UploadAnswer:
    """Say how far an upload has come."""
    found = service.uploads.get(upload_id)
    if found is None:
        raise not_found("there is no such upload; only the last ones are remembered")
    return records.UploadAnswer.of(found)


def _flat(document: records.NewDocument) -> dict[str, Any]:
    """Return a document as the library takes it: its fields beside its text."""
    own = document.model_dump(exclude_none=True, exclude={"fields"})
    return {**document.fields, **own}
