"""The API's routes under one prefix."""

from fastapi import APIRouter

from ner_retriever.web.api import about, documents, matrix, queries, search
from ner_retriever.web.errors import RESPONSES

router = APIRouter(prefix="/api/v1", responses=RESPONSES)
for part in (search, matrix, documents, queries, about):
    router.include_router(part.router)
