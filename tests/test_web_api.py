"""The HTTP API: answers, pages of them, saved queries, judgements, files, errors."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cli_helpers import run
from ner_retriever import Retriever
from web_helpers import (
    DOCUMENTS,
    DOUBTFUL,
    NOUN_AND_NAME,
    code,
    lines,
    make_index,
    many_documents,
    serving,
)


@pytest.fixture
def client(tmp_path: Path, toy_preset: Path) -> Iterator[TestClient]:
    with serving(make_index(tmp_path, toy_preset)) as client:
        yield client


@pytest.fixture
def crowd(tmp_path: Path, toy_preset: Path) -> Iterator[TestClient]:
    with serving(make_index(tmp_path, toy_preset, many_documents(30))) as client:
        yield client


def test_an_answer_is_the_librarys(client: TestClient, tmp_path: Path) -> None:
    answer = client.get("/api/v1/search", params={"q": "dinosaur"}).json()
    expected = Retriever.open(tmp_path / "index").search("dinosaur", limit=None)
    assert [hit["id"] for hit in answer["results"]] == [hit.id for hit in expected]
    assert answer["found"] == 3
    assert answer["documents"] == 4
    assert answer["next"] is None
    for given, hit in zip(answer["results"], expected, strict=True):
        assert given["text"] == hit.text
        assert given["score"] == pytest.approx(hit.score)
        for mention in given["mentions"]:
            assert hit.text[mention["start"] : mention["end"]] == mention["text"]


def test_get_and_post_ask_the_same(client: TestClient) -> None:
    by_address = client.get(
        "/api/v1/search",
        params={"q": "dinosaur", "exclude": "city", "like": "a:8-21", "cutoff": "-1"},
    )
    by_body = client.post(
        "/api/v1/search",
        json={
            "query": {
                "describe": "dinosaur",
                "exclude": ["city"],
                "like": [{"id": "a", "start": 8, "end": 21}],
            },
            "cutoff": -1,
        },
    )
    assert by_address.status_code == by_body.status_code == 200
    assert by_address.json() == by_body.json()


def test_pages_follow_each_other_without_gap_or_repeat(crowd: TestClient) -> None:
    whole = crowd.get("/api/v1/search", params={"q": "thing", "limit": 30}).json()["results"]
    cursor, seen = None, []
    for size in (7, 20, 3):
        params = {"q": "thing", "limit": size} | ({"cursor": cursor} if cursor else {})
        page = crowd.get("/api/v1/search", params=params).json()
        seen += page["results"]
        cursor = page["next"]
    assert cursor is None
    assert seen == whole
    assert len({hit["id"] for hit in seen}) == 30


def test_all_streams_a_line_a_result(crowd: TestClient) -> None:
    answer = crowd.get("/api/v1/search", params={"q": "thing", "limit": "all"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    page = crowd.get("/api/v1/search", params={"q": "thing", "limit": 30}).json()
    assert lines(answer.text) == page["results"]


def test_a_cursor_outlives_a_change_but_not_another_query(crowd: TestClient) -> None:
    first = crowd.get("/api/v1/search", params={"q": "thing", "limit": 10}).json()
    rest = {"q": "thing", "limit": 20, "cursor": first["next"]}
    before = crowd.get("/api/v1/search", params=rest).json()["results"]
    Retriever.open(_index_of(crowd)).delete(["n003"])
    assert crowd.get("/api/v1/search", params=rest).json()["results"] == before
    other = crowd.get("/api/v1/search", params=rest | {"q": "city"})
    assert (other.status_code, code(other)) == (410, "cursor_expired")
    service = crowd.app.state.service  # type: ignore[attr-defined]
    service._answers.clear()
    forgotten = crowd.get("/api/v1/search", params=rest)
    assert (forgotten.status_code, code(forgotten)) == (410, "cursor_expired")


@pytest.mark.parametrize("cursor", ["x", "!!", "e30", "eyJhbnN3ZXIiOjEsIm9mZnNldCI6MH0", "ä"])
def test_a_made_up_cursor_is_refused(client: TestClient, cursor: str) -> None:
    answer = client.get("/api/v1/search", params={"q": "x y", "cursor": cursor})
    assert (answer.status_code, code(answer)) == (400, "bad_cursor")


def test_the_etag_changes_with_index_query_and_judgements(client: TestClient) -> None:
    def etag(**params: str) -> str:
        return client.get("/api/v1/search", params={"q": "dinosaur"} | params).headers["etag"]

    first = etag()
    again = client.get(
        "/api/v1/search", params={"q": "dinosaur"}, headers={"if-none-match": f'"x", {first}'}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert len({first, etag(q="city"), etag(cutoff="0")}) == 3
    assert etag() == first
    Retriever.open(_index_of(client)).delete(["b"])
    changed = client.get(
        "/api/v1/search", params={"q": "dinosaur"}, headers={"if-none-match": first}
    )
    assert changed.status_code == 200
    assert changed.headers["etag"] != first


def test_a_cutoff_ends_the_answer_and_is_estimated(client: TestClient) -> None:
    whole = client.get("/api/v1/search", params={"q": "dinosaur"}).json()
    best, second = (hit["score"] for hit in whole["results"][:2])
    cut = client.get("/api/v1/search", params={"q": "dinosaur", "cutoff": (best + second) / 2})
    answer = cut.json()
    assert answer["found"] == 1
    assert answer["cutoff"]["documents"] == 1
    # Cut-offs are whole thousandths.
    assert answer["cutoff"]["score"] == pytest.approx((best + second) / 2, abs=1e-3)
    for name in ("precision", "missed"):
        estimate = answer["cutoff"][name]
        assert estimate["low"] <= estimate["value"] <= estimate["high"]


def test_entities_join_surface_forms(tmp_path: Path, toy_preset: Path) -> None:
    from ner_retriever import Document, Span

    documents = [
        Document("a", "The Louvre is large.", (Span(0, 10),)),
        Document("b", "We saw the Louvre's roof.", (Span(11, 19),)),
    ]
    with serving(make_index(tmp_path, toy_preset, documents)) as client:
        answer = client.get(
            "/api/v1/entities", params={"q": "museum", "cutoff": -1, "order": "documents"}
        ).json()
    assert len(answer["entities"]) == 1
    assert answer["entities"][0]["mentions"] == 2
    assert sorted(answer["entities"][0]["documents"]) == ["a", "b"]


def test_documents_by_id(client: TestClient) -> None:
    answer = client.get("/api/v1/documents", params={"id": ["d", "nowhere", "a"]}).json()
    texts = {document.id: document.text for document in DOCUMENTS}
    assert {found["id"]: found["text"] for found in answer} == {i: texts[i] for i in ("a", "d")}


def test_a_saved_query_is_judged_undone_exported_and_deleted(client: TestClient) -> None:
    made = client.post("/api/v1/queries", json={"name": "dinos", "query": "dinosaur"})
    assert made.status_code == 201
    assert made.json()["query"]["describe"] == "dinosaur"
    twice = client.post("/api/v1/queries", json={"name": "dinos", "query": "city"})
    assert twice.status_code == 422
    which = {"saved": "dinos"}
    for identifier, start, end, relevant in (("a", 8, 21, True), ("b", 4, 10, False)):
        body = {"id": identifier, "start": start, "end": end, "relevant": relevant}
        judged = client.post("/api/v1/feedback", params=which, json=body)
        assert judged.status_code == 200
    assert [j["relevant"] for j in judged.json()["judgements"]] == [True, False]
    listed = client.get("/api/v1/queries").json()
    assert [(q["name"], q["accepted"], q["rejected"]) for q in listed] == [("dinos", 1, 1)]
    refined = client.get("/api/v1/search", params=which).json()
    inline = client.post(
        "/api/v1/search",
        json={"query": "dinosaur", "feedback": judged.json()["judgements"]},
    ).json()
    assert refined["results"] == inline["results"]
    undone = client.delete("/api/v1/feedback", params=which).json()
    assert [j["id"] for j in undone["judgements"]] == ["a"]
    assert client.delete("/api/v1/queries", params=which).status_code == 204
    gone = client.get("/api/v1/feedback", params=which)
    assert (gone.status_code, code(gone)) == (404, "not_found")


def test_a_random_check_is_drawn_until_everything_is_read(client: TestClient) -> None:
    client.post("/api/v1/queries", json={"name": "dinos", "query": "dinosaur"})
    which = {"saved": "dinos"}
    body = {"id": "a", "start": 8, "end": 21, "relevant": True}
    client.post("/api/v1/feedback", params=which, json=body)
    before = client.get("/api/v1/coverage", params=which).json()
    assert (before["documents"], before["read"], before["found"]) == (4, 1, 1)
    assert (before["missed_at_most"], before["missed"], before["next"]) == (3, None, None)
    known = client.post("/api/v1/coverage", params=which).json()
    drawn = []
    while known["next"] is not None:
        drawn.append(known["next"]["id"])
        client.post("/api/v1/feedback", params=which, json={**known["next"], "relevant": False})
        known = client.get("/api/v1/coverage", params=which).json()
    assert sorted(drawn) == ["b", "c", "d"]
    assert (known["population"], known["drawn"], known["drawn_relevant"]) == (3, 3, 0)
    assert (known["missed_at_most"], known["recall_at_least"]) == (0, 1.0)
    # What is taken back is to be drawn again, though it was judged before the check began.
    for _ in range(4):
        client.delete("/api/v1/feedback", params=which)
    again = client.get("/api/v1/coverage", params=which).json()
    assert (again["population"], again["drawn"]) == (4, 0)


def test_a_review_is_reported(client: TestClient, tmp_path: Path) -> None:
    client.post("/api/v1/queries", json={"name": "dinos | all", "query": "dinosaur"})
    which = {"saved": "dinos | all"}
    body = {"id": "a", "start": 8, "end": 21, "relevant": True}
    client.post("/api/v1/feedback", params=which, json=body)
    drawn = client.post("/api/v1/coverage", params=which).json()["next"]
    client.post("/api/v1/feedback", params=which, json={**drawn, "relevant": False})
    record = client.get("/api/v1/report", params=which).json()
    flow = record["flow"]
    assert (flow["documents"], flow["read"], flow["unread"]) == (4, 2, 2)
    assert (flow["found"], flow["rejected"], flow["drawn"]) == (1, 1, 1)
    assert record["index"]["fingerprints"].keys() >= {"backbone", "head"}
    assert [one["id"] for one in record["judgements"]] == ["a", drawn["id"]]
    file = client.get("/api/v1/report", params={**which, "format": "md"})
    assert file.headers["content-disposition"] == 'attachment; filename="dinos-all-review.md"'
    assert "# Review: dinosaur" in file.text
    assert "dinos \\| all" in file.text
    assert "| recall, at least (95% confidence) | 0.333 |" in file.text
    assert "| a | 8–21 | yes |" in file.text
    # The command line says the same.
    index = next(tmp_path.rglob("manifest.json")).parent
    outcome = run("queries", "report", index, "dinos | all")
    assert (outcome.code, outcome.out) == (0, file.text)
    asked = ["queries", "report", index, "dinos | all", "--format", "json", "--stop-at", "0.95"]
    unproved = run(*asked)
    assert unproved.code == 1
    assert json.loads(unproved.out) == record


def test_what_was_accepted_is_exported_in_each_format(client: TestClient) -> None:
    client.post("/api/v1/queries", json={"name": "dinos", "query": "dinosaur"})
    client.post(
        "/api/v1/feedback",
        params={"saved": "dinos"},
        json={"id": "a", "start": 8, "end": 21, "relevant": True},
    )

    def export(format: str, **params: str) -> bytes:
        answer = client.get("/api/v1/export", params={"saved": "dinos", "format": format} | params)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith('attachment; filename="dinos.')
        return answer.content

    (record,) = lines(export("jsonl").decode())
    assert (record["id"], record["mentions"][0]["text"]) == ("a", "Tyrannosaurus")
    assert "Tyrannosaurus" in export("csv").decode()
    assert "Tyrannosaurus\tB-" in export("conll").decode()
    with zipfile.ZipFile(io.BytesIO(export("brat"))) as archive:
        assert len(archive.namelist()) == 2
    assert len(lines(export("jsonl", what="answer").decode())) >= 1


def test_new_since_it_was_seen(client: TestClient) -> None:
    client.post("/api/v1/queries", json={"name": "dinos", "query": "dinosaur"})
    client.post("/api/v1/queries/seen", params={"saved": "dinos"})
    new = {"saved": "dinos", "new": "true"}
    assert client.get("/api/v1/search", params=new).json()["results"] == []
    Retriever.open(_index_of(client)).add([many_documents(1)[0]])
    found = client.get("/api/v1/search", params=new).json()["results"]
    assert [hit["id"] for hit in found] == ["n000"]


@pytest.mark.parametrize(
    ("method", "path", "arguments", "status", "expected"),
    [
        ("GET", "/search", {"params": {}}, 422, "bad_input"),
        ("GET", "/search", {"params": {"q": "…"}}, 422, "bad_input"),
        ("GET", "/search", {"params": {"q": "x", "limit": "0"}}, 422, "invalid_request"),
        ("GET", "/search", {"params": {"q": "x", "cutoff": "nan"}}, 422, "invalid_request"),
        ("GET", "/search", {"params": {"q": "x", "like": "a"}}, 422, "bad_input"),
        ("GET", "/search", {"params": {"like": "nowhere:0-1"}}, 422, "bad_input"),
        ("GET", "/search", {"params": {"saved": "no"}}, 404, "not_found"),
        ("POST", "/search", {"json": {}}, 422, "bad_input"),
        ("POST", "/search", {"json": {"query": "x", "limitt": 3}}, 422, "invalid_request"),
        ("POST", "/search", {"json": {"query": "x", "saved": "y"}}, 422, "bad_input"),
        ("POST", "/search", {"content": b"{"}, 422, "invalid_request"),
        ("POST", "/search", {"json": {"query": "\ud800"}}, 422, "invalid_request"),
        ("POST", "/documents", {"json": {"documents": []}}, 422, "invalid_request"),
        ("GET", "/uploads/none", {}, 404, "not_found"),
        ("GET", "/nowhere", {}, 404, "not_found"),
        ("PUT", "/search", {}, 405, "method_not_allowed"),
    ],
)
def test_errors_have_one_shape(
    client: TestClient, method: str, path: str, arguments: dict, status: int, expected: str
) -> None:
    if arguments.get("json") == {"query": "\ud800"}:
        arguments = {"content": b'{"query": "\\ud800"}'}
    answer = client.request(method, f"/api/v1{path}", **arguments)
    assert (answer.status_code, code(answer)) == (status, expected)


def test_info_and_health(client: TestClient) -> None:
    info = client.get("/api/v1/info").json()
    assert (info["documents"], info["mentions"], info["detector"]) == (4, 5, "spans")
    assert client.get("/api/v1/health").json() == {"status": "ok"}


def test_more_searches_than_places_are_turned_away(tmp_path: Path, toy_preset: Path) -> None:
    with serving(make_index(tmp_path, toy_preset), searches=1) as client:
        service = client.app.state.service  # type: ignore[attr-defined]
        answers: list[int] = []
        with service._searching:
            waiting = threading.Thread(
                target=lambda: answers.append(_search(client).status_code), daemon=True
            )
            waiting.start()
            while service.gate._places._value:
                pass
            refused = _search(client)
        waiting.join()
    assert (refused.status_code, code(refused)) == (429, "too_many_searches")
    assert refused.headers["retry-after"] == "1"
    assert answers == [200]


def test_a_search_that_takes_too_long_keeps_its_place_until_it_ends(
    tmp_path: Path, toy_preset: Path
) -> None:
    with serving(make_index(tmp_path, toy_preset), searches=1, seconds=0.05) as client:
        service = client.app.state.service  # type: ignore[attr-defined]
        with service._searching:
            slow = _search(client)
            assert (slow.status_code, code(slow)) == (504, "too_slow")
            assert _search(client).status_code == 429
        while not service.gate._places._value:
            pass
        service.gate._seconds = 30.0
        assert _search(client).status_code == 200


def _search(client: TestClient):
    return client.get("/api/v1/search", params={"q": "dinosaur"})


def _index_of(client: TestClient) -> Path:
    return client.app.state.service._retriever.path  # type: ignore[attr-defined]


def test_mentions_that_were_detected_surely_enough(tmp_path: Path, toy_preset: Path) -> None:
    with serving(make_index(tmp_path, toy_preset, DOUBTFUL)) as client:

        def ids(**fields: object) -> list[str]:
            asked = client.get("/api/v1/search", params={"q": "city", **fields})
            posted = {"query": "city"} if "saved" not in fields else {}
            body = client.post("/api/v1/search", json={**posted, **fields})
            assert asked.json() == body.json()
            return sorted(hit["id"] for hit in asked.json()["results"])

        assert ids() == ids(min_detection=0.25) == ["a", "b"]
        assert ids(min_detection=0.5) == ["b"]
        entities = client.get("/api/v1/entities", params={"q": "city", "min_detection": 0.8})
        assert entities.json()["entities"] == []
        refused = client.get("/api/v1/search", params={"q": "city", "min_detection": 1.5})
        assert (refused.status_code, code(refused)) == (422, "invalid_request")
        body = {"name": "cities", "query": "city", "min_detection": 0.5}
        assert client.post("/api/v1/queries", json=body).json()["min_detection"] == 0.5
        assert [hit["id"] for hit in lines(export(client, "cities"))] == ["b"]
        answer = client.get("/api/v1/search", params={"saved": "cities"}).json()
        assert [hit["id"] for hit in answer["results"]] == ["b"]
        answer = client.get("/api/v1/search", params={"saved": "cities", "min_detection": 0})
        assert len(answer.json()["results"]) == 2


def test_only_names_count_if_that_is_asked(tmp_path: Path, toy_preset: Path) -> None:
    with serving(make_index(tmp_path, toy_preset, NOUN_AND_NAME)) as client:

        def ids(found: object) -> list[str]:
            return sorted(hit["id"] for hit in found.json()["results"])  # type: ignore[attr-defined]

        asked = {"q": "city", "names_only": True}
        every = client.get("/api/v1/search", params={"q": "city"})
        assert ids(every) == ["name", "noun"]
        scores = {hit["id"]: hit["mentions"][0]["name_score"] for hit in every.json()["results"]}
        assert scores == pytest.approx({"name": 1.0, "noun": 0.1})
        assert ids(client.get("/api/v1/search", params=asked)) == ["name"]
        query = {"describe": "city", "names_only": True}
        assert ids(client.post("/api/v1/search", json={"query": query})) == ["name"]
        found = client.get("/api/v1/entities", params={"q": "city", "cutoff": -1}).json()
        assert [(entity["name"], entity["is_name"]) for entity in found["entities"]] == [
            ("Oslo", True),
            ("city", False),
        ]
        saved = client.post("/api/v1/queries", json={"name": "cities", "query": query}).json()
        assert saved["query"]["names_only"]
        assert ids(client.get("/api/v1/search", params={"saved": "cities"})) == ["name"]


def export(client: TestClient, name: str) -> str:
    client.get("/api/v1/queries")
    return client.get("/api/v1/export", params={"saved": name, "what": "answer"}).text
