"""The pages' routes; none stands in the API's description."""

from fastapi import APIRouter

from ner_retriever.web.pages import adding, judging, login, saving, searching

router = APIRouter(include_in_schema=False)
for part in (searching, judging, saving, adding, login):
    router.include_router(part.router)
