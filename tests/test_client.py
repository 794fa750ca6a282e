"""The client of the HTTP API, against a server."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ner_retriever import Document, Retriever, Span
from ner_retriever.client import ApiError, Client
from ner_retriever.search.query import Query
from ner_retriever.web.app import create_app
from ner_retriever.web.settings import ServerSettings
from web_helpers import listening, make_index

TOKEN = "a-token-of-sixteen-or-more"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, toy_preset: Path) -> Path:
    return make_index(tmp_path_factory.mktemp("client"), toy_preset)


@pytest.fixture(scope="module")
def url(index: Path) -> Iterator[str]:
    with listening(create_app(index, ServerSettings(token=TOKEN))) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, TOKEN) as client:
        yield client


def test_an_answer_is_the_librarys(client: Client, index: Path) -> None:
    expected = list(Retriever.open(index).search("dinosaur", limit=None, min_score=-1.0))
    page = client.search("dinosaur", cutoff=-1.0)
    assert [hit.id for hit in page.hits] == [hit.id for hit in expected]
    assert page.found == len(expected)
    for found, hit in zip(page.hits, expected, strict=True):
        assert found.text == hit.text
        assert [(one.start, one.end, one.text) for one in found.mentions] == [
            (one.start, one.end, one.text) for one in hit.mentions
        ]
    assert page.next is None
    assert page.cutoff["score"] == -1.0


def test_pages_and_streams_hold_the_same(client: Client) -> None:
    whole = [hit.id for hit in client.search_all("city", cutoff=-1.0)]
    paged: list[str] = []
    cursor = None
    while True:
        page = client.search("city", limit=2, cutoff=-1.0, cursor=cursor)
        paged += [hit.id for hit in page.hits]
        cursor = page.next
        if cursor is None:
            break
    assert paged == whole
    assert len(whole) == 3


def test_queries_with_conditions(client: Client, index: Path) -> None:
    query = Query(describe="city", exclude=("museum",), names_only=True)
    expected = Retriever.open(index).search(query, limit=None)
    assert [hit.id for hit in client.search_all(query)] == [hit.id for hit in expected]


def test_many_types(client: Client) -> None:
    answer = client.matrix(["city", Query(describe="river")], cutoff=-1.0, entities=5)
    assert [found["type"] for found in answer["types"]] == ["city", "river"]
    assert answer["together"] == [[3, 3], [3, 3]]
    assert len(answer["graph"]["nodes"]) == 5
    assert {cell["type"] for cell in client.cells(["city"], cutoff=-1.0)} == {"city"}
    assert client.entities("city")[0].keys() >= {"name", "forms", "documents"}


def test_documents_are_added_and_read(client: Client) -> None:
    new = Document("new", "Oslo has a port.", (Span(0, 4),), fields={"year": 2021, "tag": "x"})
    before = client.info()["documents"]
    upload = client.add([new])
    assert (upload["state"], upload["new"]) == ("done", 1)
    (read,) = client.documents(["new", "nowhere"])
    assert (read.id, read.text, dict(read.fields)) == ("new", new.text, {"year": 2021, "tag": "x"})
    assert client.info()["documents"] == before + 1
    # Documents that the server cannot use are refused, or told of, and nothing is lost.
    with pytest.raises(ApiError) as refused:
        client.add([])
    assert refused.value.status == 422


def test_errors_say_what_is_wrong(url: str) -> None:
    with Client(url, TOKEN) as client, pytest.raises(ApiError) as error:
        client.search(" ")
    assert error.value.status == 422
    assert error.value.code
    with Client(url, TOKEN) as client, pytest.raises(ApiError) as streamed:
        list(client.search_all(" "))
    assert streamed.value.code == error.value.code
    with Client(url, "wrong") as client, pytest.raises(ApiError) as denied:
        client.info()
    assert denied.value.status == 401
    with Client("http://127.0.0.1:9") as client, pytest.raises(ApiError, match="did not answer"):
        client.info()


def test_what_is_no_api_is_an_error() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>bad gateway"))
    with Client("http://x", transport=transport) as client, pytest.raises(ApiError) as error:
        client.info()
    assert str(error.value) == "the server answered 502"
