"""Documents that come with a request, while others search, write and judge."""

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import document_files
from ner_retriever import Retriever
from ner_retriever.index.lock import write_lock
from web_helpers import code, finished, make_index, many_documents, serving


@pytest.fixture
def client(tmp_path: Path, toy_preset: Path) -> Iterator[TestClient]:
    with serving(make_index(tmp_path, toy_preset)) as client:
        yield client


def upload(client: TestClient, name: str, content: bytes) -> dict:
    """Upload a file and wait for it."""
    assert client.post("/upload", files={"file": (name, content)}).status_code == 303
    return finished(client, client.get("/api/v1/uploads").json()[0]["id"])


def test_documents_of_the_api_are_added_and_replaced(client: TestClient) -> None:
    body = {
        "documents": [
            {"id": "a", "text": "Sue is in Oslo.", "spans": [[10, 14]]},
            {"text": "Rome is a city.", "spans": [[0, 4]]},
        ]
    }
    answer = client.post("/api/v1/documents", json=body)
    assert answer.status_code == 202
    done = finished(client, answer.json()["id"])
    assert (done["state"], done["new"], done["replaced"], done["skipped"]) == ("done", 1, 1, 0)
    texts = client.get("/api/v1/documents", params={"id": "a"}).json()
    assert texts == [{"id": "a", "text": "Sue is in Oslo.", "fields": {}}]
    found = client.get("/api/v1/search", params={"q": "city"}).json()["results"]
    assert "Rome is a city." in {hit["text"] for hit in found}


def test_documents_of_every_kind_are_taken(
    tmp_path: Path, toy_preset: Path, capitals: None
) -> None:
    kinds = {
        "report.pdf": document_files.pdf([document_files.BLOCKS]),
        "letter.docx": document_files.docx(),
        "all.zip": document_files.archive({"in/a.jsonl": '{"text": "Oslo"}'}),
        "rows.jsonl.gz": gzip.compress(b'{"text": "Rome"}'),
    }
    with serving(make_index(tmp_path, toy_preset, detector="spacy")) as client:
        for name, content in kinds.items():
            done = upload(client, name, content)
            assert (done["state"], done["name"], done["new"]) == ("done", name, 1), done
        ids = {"id": ["report.pdf", "all.zip/in/a.jsonl:1"]}
        found = client.get("/api/v1/documents", params=ids).json()
    texts = {document["id"]: document["text"] for document in found}
    assert texts["all.zip/in/a.jsonl:1"] == "Oslo"
    assert "Supreme Court" in texts["report.pdf"]


def test_a_file_is_read_as_its_name_ends(client: TestClient) -> None:
    line = b'{"id": "x", "text": "Oslo", "spans": [[0, 4]]}\n'
    done = upload(client, "new.jsonl", line + b'{"id": "y", "te\n')
    assert (done["state"], done["new"], done["skipped"]) == ("done", 1, 1)
    assert done["messages"][0].startswith("new.jsonl:2: not JSON")
    rows = b'id,text,spans\nz,Rome,"[[0, 4]]"\n'
    assert upload(client, "new.csv", rows)["new"] == 1
    unknown = client.post("/upload", files={"file": ("a.exe", b"x")})
    assert unknown.status_code == 422
    assert "unknown kind of file" in unknown.text


def test_pasted_text_is_one_document_or_many(tmp_path: Path, toy_preset: Path) -> None:
    with serving(make_index(tmp_path, toy_preset, [], detector="spacy")) as client:
        for lines, new in (("", 1), ("true", 2)):
            sent = client.post("/upload", data={"text": "Oslo.\n\nRome.\n", "lines": lines})
            assert sent.status_code == 303
            last = client.get("/api/v1/uploads").json()[0]
            assert finished(client, last["id"])["new"] == new
        assert client.post("/upload", data={"text": " \n"}).status_code == 422


def test_a_bad_document_is_refused_before_anything_is_written(client: TestClient) -> None:
    body = {"documents": [{"text": "Oslo", "spans": [[2, 9]]}]}
    answer = client.post("/api/v1/documents", json=body)
    assert (answer.status_code, code(answer)) == (422, "bad_input")
    assert client.get("/api/v1/uploads").json() == []


def test_uploads_wait_for_another_writer(client: TestClient, tmp_path: Path) -> None:
    with write_lock(tmp_path / "index"):
        body = {"documents": [{"id": "late", "text": "Oslo", "spans": [[0, 4]]}]}
        sent = client.post("/api/v1/documents", json=body).json()
        while not (waiting := client.get(f"/api/v1/uploads/{sent['id']}").json())["messages"]:
            pass
        assert waiting["state"] == "waiting"
        assert "another process is writing" in waiting["messages"][0]
    done = finished(client, sent["id"])
    assert (done["state"], done["new"]) == ("done", 1)


def test_too_many_uploads_are_turned_away(tmp_path: Path, toy_preset: Path) -> None:
    index = make_index(tmp_path, toy_preset)
    with serving(index, waiting_uploads=1) as client, write_lock(index):
        body = {"documents": [{"text": "Oslo", "spans": []}]}
        answers = [client.post("/api/v1/documents", json=body) for _ in range(5)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert code(refused[0]) == "too_many_uploads"
        assert {answer.status_code for answer in answers} == {202, 429}


def test_stopping_the_server_keeps_what_was_written(tmp_path: Path, toy_preset: Path) -> None:
    index = make_index(tmp_path, toy_preset)
    documents = [
        {"id": d.id, "text": d.text, "spans": [[s.start, s.end] for s in d.spans or ()]}
        for d in many_documents(600)
    ]
    with serving(index) as client:
        sent = client.post("/api/v1/documents", json={"documents": documents}).json()
        while not client.get(f"/api/v1/uploads/{sent['id']}").json()["new"]:
            pass
    stored = Retriever.open(index).info().documents
    assert (stored - 4) % 256 == 0
    assert stored > 4


def test_two_browsers_and_a_writer_lose_nothing(client: TestClient, tmp_path: Path) -> None:
    client.post("/api/v1/queries", json={"name": "both", "query": "thing"})
    writer = Retriever.open(tmp_path / "index")
    batches = [many_documents(40)[first : first + 10] for first in range(0, 40, 10)]

    def write() -> None:
        for batch in batches:
            writer.add(batch)

    def browse(first: int) -> list[int]:
        statuses = []
        for number in range(first, 40, 2):
            body = {"id": f"n{number:03}", "start": 0, "end": 6, "relevant": True}
            judged = client.post("/api/v1/feedback", params={"saved": "both"}, json=body)
            searched = client.get("/api/v1/search", params={"q": "thing"})
            statuses += [judged.status_code, searched.status_code]
        return statuses

    writing = threading.Thread(target=write)
    writing.start()
    with ThreadPoolExecutor(2) as browsers:
        statuses = [status for part in browsers.map(browse, (0, 1)) for status in part]
    writing.join()
    assert set(statuses) == {200}
    judged = client.get("/api/v1/feedback", params={"saved": "both"}).json()["judgements"]
    assert {j["id"] for j in judged} == {f"n{number:03}" for number in range(40)}
    found = client.get("/api/v1/search", params={"q": "thing", "limit": "all"}).text
    assert len(found.splitlines()) == 43
