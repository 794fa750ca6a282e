"""A small index with a tiny random model, served inside the test's own process."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from ner_retriever import Document, Retriever, Span
from ner_retriever.web.app import create_app
from ner_retriever.web.settings import ServerSettings

DOCUMENTS = [
    Document("a", "Sue the Tyrannosaurus stands in Chicago.", (Span(8, 21), Span(32, 39))),
    Document("b", "The Louvre is in Paris. It is a museum.", (Span(4, 10), Span(17, 22))),
    Document("c", "nothing to see here", ()),
    Document("d", "A <script>alert('Oslo')</script> & more", (Span(17, 21),)),
]


def make_index(
    folder: Path, preset: Path, documents: list[Document] = DOCUMENTS, detector: str = "spans"
) -> Path:
    """Index documents and return the index's folder."""
    index = folder / "index"
    Retriever.create(index, preset=str(preset), detector=detector).add(documents)
    return index


def many_documents(count: int) -> list[Document]:
    """Return documents with one mention each."""
    texts = (f"Number {number} names Thing{number:03}." for number in range(count))
    return [
        Document(f"n{number:03}", text, (Span(len(text) - 9, len(text) - 1),))
        for number, text in enumerate(texts)
    ]


@contextmanager
def serving(index: Path, **settings: Any) -> Iterator[TestClient]:
    """Serve an index to a client that asks by a name that the server knows."""
    app = create_app(index, ServerSettings(**settings))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Run a server on a free port, as other processes find it, and yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def code(response: Any) -> str:
    """Return the code of an error in the API's shape."""
    error = response.json()["error"]
    assert error.keys() == {"code", "message", "details"}
    assert error["message"]
    return str(error["code"])


def lines(text: str) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def finished(client: TestClient, upload: str) -> dict[str, Any]:
    """Wait until an upload is done or has failed, and return it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = client.get(f"/api/v1/uploads/{upload}").json()
        if found["state"] in {"done", "failed"}:
            return dict(found)
        time.sleep(0.02)
    raise AssertionError("the upload did not end")


# One mention was found with doubt, the other surely.
NOUN_AND_NAME = [
    Document("name", "He lives in Oslo.", (Span(12, 16),)),
    Document("noun", "He lives in a city.", (Span(14, 18, name_score=0.1),)),
]
DOUBTFUL = [
    Document("a", "Sue stands in Chicago.", (Span(0, 3, 0.25),)),
    Document("b", "The Louvre is in Paris.", (Span(4, 10, 0.75),)),
]
