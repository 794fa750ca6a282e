"""The application: routes, what guards them, and what becomes of an error."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from ner_retriever.errors import NerRetrieverError
from ner_retriever.web.api import routes as api
from ner_retriever.web.errors import RequestError, json_answer, wants_json
from ner_retriever.web.pages import routes as pages
from ner_retriever.web.pages.render import error_page
from ner_retriever.web.security import Guard
from ner_retriever.web.service import Service
from ner_retriever.web.settings import ServerSettings

_STATIC = Path(__file__).parent / "static"
_DESCRIPTION = """Ask an index for every document that mentions an entity of a type in free text.

Offsets count characters, end exclusive. A score is a cosine, not a probability. An error's body is
always `{"error": {"code", "message", "details"}}`."""


def create_app(index: str | Path, settings: ServerSettings | None = None) -> FastAPI:
    """Make the application that serves an index.

    Args:
        index: the index's folder.
        settings: how it listens and what it bears; decides who may ask.

    Raises:
        IndexNotFound: there is none.
        StoreError: it cannot be used.
    """
    settings = settings or ServerSettings()
    service = Service(Path(index), settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="ner-retriever",
        version=metadata.version("ner-retriever"),
        description=_DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=_STATIC))
    for kind in (RequestError, NerRetrieverError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer_error)
    app.add_middleware(Guard, settings=settings, answer_error=_answer)
    return app


async def _answer_error(request: Request, error: Exception) -> Response:
    return _answer(request, error)


def _answer(request: Request, error: Exception) -> Response:
    return json_answer(error) if wants_json(request) else error_page(request, error)
