"""The HTTP API's matrix of types."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ner_retriever import Retriever
from ner_retriever.search.query import Query
from ner_retriever.search.sheet import Sheet
from ner_retriever.search.sheet_export import cells, type_rows
from web_helpers import code, make_index, serving

TYPES = ["dinosaur", {"describe": "city", "exclude": ["river"]}]
QUERIES = [Query(describe="dinosaur"), Query(describe="city", exclude=("river",))]


@pytest.fixture
def client(tmp_path: Path, toy_preset: Path) -> Iterator[TestClient]:
    with serving(make_index(tmp_path, toy_preset)) as client:
        yield client


def expected(tmp_path: Path) -> Sheet:
    retriever = Retriever.open(tmp_path / "index")
    return Sheet.of(QUERIES, retriever.search_many(QUERIES, limit=None, cutoff=-1.0))


def test_a_matrix_is_the_librarys_sheet(client: TestClient, tmp_path: Path) -> None:
    body = {"types": TYPES, "cutoff": -1, "within": "sentence", "entities": 3}
    answer = client.post("/api/v1/matrix", json=body).json()
    sheet = expected(tmp_path)
    rows = type_rows(sheet)
    assert [found["type"] for found in answer["types"]] == [row.type for row in rows]
    assert [found["documents"] for found in answer["types"]] == [row.documents for row in rows]
    assert answer["together"] == sheet.together("sentence").tolist()
    assert len(answer["graph"]["nodes"]) == 3
    for edge in answer["graph"]["edges"]:
        assert 0 <= edge["first"] < edge["second"] < 3
    plain = client.post("/api/v1/matrix", json={"types": TYPES, "cutoff": -1}).json()
    assert plain["graph"] is None
    assert plain["together"] == sheet.together().tolist()


def test_cells_come_as_lines(client: TestClient, tmp_path: Path) -> None:
    body = {"types": TYPES, "cutoff": -1}
    lines = client.post("/api/v1/matrix/cells", json=body).text.splitlines()
    found = [json.loads(line) for line in lines]
    assert [(cell["type"], cell["id"]) for cell in found] == [
        (cell.type, cell.id) for cell in cells(expected(tmp_path))
    ]
    few = client.post("/api/v1/matrix/cells", params={"limit": 2}, json=body)
    assert few.text.splitlines() == lines[:2]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"types": []}, 422),
        ({"types": ["x"] * 301}, 422),
        ({"types": ["x"], "cutoff": 2}, 422),
        ({"types": ["x"], "within": "page"}, 422),
        ({"types": ["x", "x"]}, 422),
        ({"types": [{"exclude": ["x"]}]}, 422),
    ],
)
def test_what_is_refused(client: TestClient, body: dict[str, object], status: int) -> None:
    response = client.post("/api/v1/matrix", json=body)
    assert response.status_code == status, response.text
    assert code(response)
