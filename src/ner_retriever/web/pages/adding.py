"""Uploading and pasting documents, and how far they have come."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from ner_retriever.errors import DocumentError
from ner_retriever.indexing import as_documents
from ner_retriever.text.formats.registry import SUFFIXES
from ner_retriever.web.dependencies import ServiceOf
from ner_retriever.web.pages.render import page

router = APIRouter()


@router.get("/add")
def add(request: Request, service: ServiceOf) -> Response:
    """Show where documents are uploaded or pasted, and the last uploads."""
    return page(request, "add.html", uploads=service.uploads.recent(), suffixes=SUFFIXES)


@router.get("/uploads")
def uploads(request: Request, service: ServiceOf) -> Response:
    """Show how far the last uploads have come."""
    return page(request, "parts/uploads.html", uploads=service.uploads.recent())


@router.post("/upload")
async def upload(
    service: ServiceOf,
    file: Annotated[UploadFile | None, File()] = None,
    text: Annotated[str, Form()] = "",
    lines: Annotated[bool, Form()] = False,
) -> Response:
    """Take a file or pasted text and index it in the background."""
    if file is not None and file.filename:
        service.uploads.submit_file(file.filename, await file.read())
    elif text.strip():
        parts = text.splitlines() if lines else [text]
        texts = [part.strip() for part in parts if part.strip()]
        documents = list(as_documents(texts))
        name = "pasted text" if len(documents) == 1 else f"{len(documents):,} pasted documents"
        service.uploads.submit_documents(name, documents)
    else:
        raise DocumentError("there is no file and no text; choose a file or paste a text")
    return RedirectResponse("/add", status_code=303)
