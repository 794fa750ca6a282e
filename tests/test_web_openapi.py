"""schemathesis asks the API what its OpenAPI description allows, and what it doesn't."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.types import ASGIApp, Receive, Scope, Send

from ner_retriever.web.api.routes import router
from ner_retriever.web.app import create_app
from ner_retriever.web.settings import ServerSettings
from web_helpers import make_index


def _cases() -> list[tuple[str, str, schemathesis.GenerationMode]]:
    """Name all operations, and again those that take something that can be wrong."""
    bare = FastAPI()
    bare.include_router(router)
    cases = []
    for path, item in bare.openapi()["paths"].items():
        for method, operation in item.items():
            cases.append((path, method, schemathesis.GenerationMode.POSITIVE))
            parameters = [given["in"] for given in operation.get("parameters", [])]
            if "query" in parameters or "requestBody" in operation:
                cases.append((path, method, schemathesis.GenerationMode.NEGATIVE))
    return cases


_FEW = settings(
    max_examples=8,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, toy_preset: Path) -> Iterator[FastAPI]:
    index = make_index(tmp_path_factory.mktemp("openapi"), toy_preset)
    app = create_app(index, ServerSettings(waiting_uploads=1000))
    service = app.state.service
    yield app
    service.close()


def _without_lifespan(app: FastAPI) -> ASGIApp:
    """Keep schemathesis from shutting the application down after a request."""

    async def only_requests(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)

    return only_requests


@pytest.mark.parametrize(("path", "method", "mode"), _cases())
def test_an_operation_keeps_to_its_description(
    app: FastAPI, path: str, method: str, mode: schemathesis.GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = _without_lifespan(app)

    @_FEW
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        # A description cannot say that "…" is no type in words, or that a span must have an end.
        case.call_and_validate(
            base_url="http://localhost", excluded_checks=[positive_data_acceptance]
        )

    check()


def test_every_operation_describes_itself_and_its_errors(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert set(paths) >= {
        f"/api/v1/{name}"
        for name in ("search", "documents", "queries", "feedback", "export", "info", "health")
    }
    for operations in paths.values():
        for operation in operations.values():
            assert operation["description"]
            for status in ("401", "403", "413", "422", "429"):
                schema = operation["responses"][status]["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}
