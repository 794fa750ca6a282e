"""Documents' fields, pages and duplicates from files to answers, in every shell."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import Client
from starlette.testclient import TestClient

from cli_helpers import error, run
from ner_retriever import Document, Retriever, Span
from ner_retriever.errors import QueryError
from ner_retriever.search.query import Query
from ner_retriever.web.app import create_app
from ner_retriever.web.assistant import create_server
from ner_retriever.web.pages.filtering import about
from web_helpers import serving

LONG = " ".join(f"word{number} and Oslo" for number in range(30))
RECORDS: list[dict[str, Any]] = [
    {"id": "a", "text": "Oslo is a city.", "year": 2019, "source": "Reuters", "tags": ["x", "y"]},
    {"id": "b", "text": "Rome is a city.", "year": 2021, "source": "AP", "headline": "On Rome"},
    {"id": "c", "text": "Bonn is a city.", "date": "2021-05-01", "link": "javascript:alert(1)"},
    {"id": "d", "text": LONG, "source": "AP", "link": "https://example.org/d"},
    {"id": "e", "text": f"{LONG} indeed", "source": "<b>Reuters</b>"},
    {"id": "f", "text": "Oslo is a city.", "meta": {"author": "Ada"}},
]


def spans_of(text: str) -> list[list[int]]:
    first = next(text.find(name) for name in ("Oslo", "Rome", "Bonn") if name in text)
    return [[first, first + 4]]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus" / "all.jsonl"
    path.parent.mkdir()
    rows = ({**record, "spans": spans_of(record["text"])} for record in RECORDS)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.fixture
def index(corpus: Path, tmp_path: Path, toy_preset: Path) -> Path:
    out = tmp_path / "index"
    options = ["--out", out, "--preset", toy_preset, "--spans-field", "spans"]
    outcome = run("index", corpus, *options)
    assert outcome.code == 0, outcome
    assert "2 of the index's documents equal or nearly equal an earlier one" in outcome.err
    return out


def found(index: Path, *options: str) -> list[str]:
    outcome = run("search", index, "city", "--limit", "all", "--format", "jsonl", *options)
    assert outcome.code == 0, outcome
    return sorted(record["id"] for record in outcome.records)


def test_a_search_is_restricted_to_documents_that_fit(index: Path) -> None:
    show = ("--duplicates", "show")
    assert found(index, "--where", "year >= 2020", *show) == ["b"]
    assert found(index, "--where", "source = 'AP' and not year = 1", *show) == ["b"]
    assert found(index, "--where", "tags = 'y' or meta.author = 'Ada'", *show) == ["a", "f"]
    assert found(index, "--where", "title is not null", *show) == ["b"]
    assert found(index, "--where", "file ilike '%ALL.jsonl' and date > 2020", *show) == ["c"]
    assert "no field 'yaer'" in error("search", index, "city", "--where", "yaer = 1")
    assert "cannot understand" in error("search", index, "city", "--where", "year = 1; drop")


def test_a_filter_restricts_exactly(index: Path) -> None:
    retriever = Retriever.open(index)
    every = retriever.search("city", limit=None, duplicates="show")
    kept = {hit.id: hit.score for hit in every if hit.fields.get("source") == "AP"}
    query = Query(describe="city", where="source = 'AP'")
    some = retriever.search(query, limit=None, duplicates="show")
    assert {hit.id: hit.score for hit in some} == kept
    assert (some.documents, some.mentions) == (2, 2)
    (many,) = retriever.search_many([query], limit=None, duplicates="show")
    assert [hit.id for hit in many] == [hit.id for hit in some]
    combined = Query(describe="city", where="year > 0", exclude=("animal",))
    assert {hit.id for hit in retriever.search(combined, limit=None)} <= {"a", "b"}


def test_equal_documents_are_folded(index: Path) -> None:
    retriever = Retriever.open(index)
    folded = retriever.search("city", limit=None)
    counts = {hit.id: hit.duplicates for hit in folded}
    assert sum(counts.values()) == 2
    assert len({"a", "f"} & counts.keys()) == len({"d", "e"} & counts.keys()) == 1
    assert counts["b"] == counts["c"] == 0
    every = retriever.search("city", limit=None, duplicates="show")
    assert len(every) == 6
    assert {hit.duplicates for hit in every} == {0}
    assert folded.document_scores.tolist() == every.document_scores.tolist()
    top = retriever.search("city", limit=2)
    assert [hit.id for hit in top] == [hit.id for hit in folded][:2]
    outcome = run("search", index, "city", "--limit", "all")
    assert "2 duplicates are left out: --duplicates show" in outcome.err
    assert outcome.out.count("+1 alike") == 2
    with pytest.raises(QueryError, match="to fold or to show"):
        retriever.search("city", duplicates="none")  # type: ignore[arg-type]


def test_only_the_best_of_equal_documents_stays(index: Path) -> None:
    results = Retriever.open(index).search("city", limit=None)
    groups = results.scan.documents["group"]
    for row in results.rows.tolist():
        alike = np.flatnonzero(groups == groups[row])
        assert results.document_scores[row] == results.document_scores[alike].max()


def test_fields_alone_are_brought_up_to_date(index: Path, corpus: Path, toy_preset: Path) -> None:
    before = Retriever.open(index)
    run_of = {hit.id for hit in before.search("city", limit=None, duplicates="show")}
    lines = corpus.read_text().replace('"year": 2019', '"year": 1999')
    corpus.write_text(lines)
    outcome = run("index", corpus, "--out", index, "--spans-field", "spans")
    assert "0 new, 0 replaced, 1 updated, 5 unchanged documents; 0 mentions" in outcome.err
    assert found(index, "--where", "year = 1999") == ["a"]
    assert found(index, "--where", "year = 2019") == []
    after = Retriever.open(index).search("city", limit=None, duplicates="show")
    assert {hit.id for hit in after} == run_of


def test_info_lists_the_fields(index: Path) -> None:
    record = json.loads(run("info", index, "--format", "json").out)
    assert record["fields"]["year"] == "number"
    assert record["fields"]["tags"] == "list"


def test_which_fields_are_kept(corpus: Path, tmp_path: Path, toy_preset: Path) -> None:
    options = ["--preset", toy_preset, "--spans-field", "spans"]
    named = tmp_path / "named"
    kept = ["--field", "year", "--field", "meta.author"]
    assert run("index", corpus, "--out", named, *options, *kept).code == 0
    assert Retriever.open(named).fields().names == ["file", "year", "meta.author"]
    none = tmp_path / "none"
    assert run("index", corpus, "--out", none, *options, "--no-fields").code == 0
    assert Retriever.open(none).fields().names == ["file"]
    both = error("index", corpus, "--out", none, *options, "--no-fields", "--field", "year")
    assert "leave one of them out" in both


def test_a_saved_query_keeps_its_filter(index: Path) -> None:
    options = ["--where", "year >= 2020", "--save", "late"]
    assert run("search", index, "city", *options).code == 0
    outcome = run("queries", "run", index, "late", "--format", "jsonl")
    assert [record["id"] for record in outcome.records] == ["b"]


def test_a_folder_is_kept_in_step(corpus: Path, tmp_path: Path, toy_preset: Path) -> None:
    out = tmp_path / "index"
    options = ["--out", out, "--preset", toy_preset, "--spans-field", "spans", "--sync"]
    folder = corpus.parent
    assert "no index at" in error("index", folder, *options, "--dry-run")
    report = tmp_path / "report.jsonl"
    assert "6 new" in run("index", folder, *options, "--report", report).err
    again = run("index", folder, *options).err
    assert "0 new, 0 replaced, 0 unchanged documents" in again
    corpus.unlink()
    (folder / "b.jsonl").write_text('{"id": "z", "text": "Oslo", "spans": [[0, 4]]}\n')
    planned = run("index", folder, *options, "--dry-run")
    assert "new or changed: 1; unchanged: 0; gone: 1, with 6 documents to remove" in planned.err
    assert planned.out.splitlines() == [f"read\t{folder}/b.jsonl", f"remove\t{corpus}"]
    assert (
        "1 new, 0 replaced, 0 unchanged, 6 removed documents" in run("index", folder, *options).err
    )
    assert found(out) == ["z"]
    assert "--dry-run says what --sync would do" in error(
        "index", folder, "--out", out, "--dry-run"
    )


def test_an_index_in_a_folder_of_documents_is_no_document(
    corpus: Path, toy_preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus.parent)
    options = ["--out", "here.index", "--preset", toy_preset, "--spans-field", "spans"]
    assert run("index", ".", *options, "--sync").code == 0
    outcome = run("index", ".", *options, "--sync")
    assert outcome.code == 0, outcome
    assert ["files", "an", "index", "1"] in [line.split() for line in outcome.err.splitlines()]
    assert len(found(Path("here.index"), "--duplicates", "show")) == 6


PAGES = Document(
    "report.pdf",
    "Oslo on one.\n\nRome on two.",
    (Span(0, 4), Span(14, 18)),
    fields={"title": "A report", "year": 2020},
    pages=(0, 14),
)


def test_a_mention_knows_its_page(tmp_path: Path, toy_preset: Path) -> None:
    retriever = Retriever.create(tmp_path / "i", preset=str(toy_preset), detector="spans")
    retriever.add([PAGES])
    (hit,) = retriever.search("city", min_score=-1.0)
    assert {mention.text: mention.page for mention in hit.mentions} == {"Oslo": 1, "Rome": 2}
    out = run("search", tmp_path / "i", "city").out
    assert f"report.pdf p. {hit.mentions[0].page}" in out
    with serving(tmp_path / "i") as client:
        text = client.get("/search?q=city&cutoff=-1").text
        assert f"<span>p. {hit.mentions[0].page}</span>" in text
        assert "A report" in text
        opened = client.get("/document?q=city&id=report.pdf").text
        assert ">Page</th>" in opened
        assert "<dt>year</dt><dd>2020</dd>" in opened


# --- the API and the page ------------------------------------------------------------------------


@pytest.fixture
def client(index: Path) -> Iterator[TestClient]:
    app = create_app(index)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def test_the_api_filters_counts_and_shows(client: TestClient) -> None:
    where = "source = 'AP'"
    params = {"q": "city", "where": where, "facets": "true", "duplicates": "show"}
    answer = client.get("/api/v1/search", params=params).json()
    assert {hit["id"] for hit in answer["results"]} == {"b", "d"}
    assert answer["query"]["where"] == where
    facets = {facet["field"]: facet for facet in answer["facets"]}
    assert facets["source"]["values"] == [
        {"value": "AP", "documents": 2, "where": "\"source\" = 'AP'"}
    ]
    (b,) = (hit for hit in answer["results"] if hit["id"] == "b")
    assert b["fields"] | {"file": ""} == {
        "year": 2021,
        "source": "AP",
        "headline": "On Rome",
        "file": "",
    }
    plain = client.get("/api/v1/search", params={"q": "city"}).json()
    assert plain["facets"] is None
    assert sum(hit["duplicates"] for hit in plain["results"]) == 2


def test_the_api_takes_conditions_as_objects(client: TestClient) -> None:
    conditions = [
        {"field": "source", "op": "in", "value": ["AP", "x'y"]},
        {"field": "year", "op": ">=", "value": 2020},
    ]
    body = {"query": {"describe": "city", "where": conditions}}
    answer = client.post("/api/v1/search", json=body).json()
    assert [hit["id"] for hit in answer["results"]] == ["b"]
    bad = client.post(
        "/api/v1/search",
        json={"query": {"describe": "city", "where": [{"field": "year", "op": "in", "value": 1}]}},
    )
    assert (bad.status_code, bad.json()["error"]["code"]) == (422, "bad_input")
    wrong = client.get("/api/v1/search", params={"q": "city", "where": "year = 'x'"})
    assert wrong.status_code == 422
    assert "holds numbers" in wrong.json()["error"]["message"]


def test_the_api_lists_fields_and_takes_them(client: TestClient) -> None:
    fields = {field["name"]: field for field in client.get("/api/v1/fields").json()}
    assert fields["year"] == {"name": "year", "kind": "number", "documents": 2}
    assert fields["tags"]["kind"] == "list"
    new = {"id": "n", "text": "Oslo", "spans": [[0, 4]], "fields": {"year": 3000, "tags": ["z"]}}
    upload = client.post("/api/v1/documents", json={"documents": [new]}).json()
    for _ in range(200):
        if client.get(f"/api/v1/uploads/{upload['id']}").json()["state"] == "done":
            break
    answer = client.get("/api/v1/search", params={"q": "city", "where": "year = 3000"}).json()
    assert [hit["fields"] for hit in answer["results"]] == [{"year": 3000, "tags": ["z"]}]
    (document,) = client.get("/api/v1/documents", params={"id": "n"}).json()
    assert document["fields"] == {"year": 3000, "tags": ["z"]}


def test_the_page_narrows_down_and_widens_again(client: TestClient) -> None:
    text = client.get("/search", params={"q": "city", "cutoff": "-1"}).text
    assert "1 alike" in text
    text = client.get("/search?q=city&cutoff=-1&duplicates=show").text
    assert "Narrow it down" in text
    assert "&lt;b&gt;Reuters&lt;/b&gt;" in text
    assert "<b>Reuters</b>" not in text
    assert text.count('<article class="row') == 6
    narrowed = client.get("/search", params={"q": "city", "where": "year = 2021"}).text
    assert "<b>where</b> year = 2021" in narrowed
    assert 'data-id="b"' in narrowed
    assert 'data-id="a"' not in narrowed
    assert client.get("/search", params={"q": "city", "where": "nothing = 1"}).status_code == 422


def test_a_script_is_no_address() -> None:
    assert about({"link": "javascript:alert(1)"}).url == ""
    found = about({"link": "https://example.org", "Byline": "Ada", "n": 1, "file": "x"})
    assert (found.url, found.author) == ("https://example.org", "Ada")
    assert found.others == (("n", "1"),)


def test_an_assistant_filters_too(index: Path) -> None:
    def call(**arguments: Any) -> Any:
        async def ask() -> Any:
            async with Client(create_server(index)) as client:
                return await client.call_tool("search", {"type": "city", **arguments})

        return asyncio.run(ask())

    (hit,) = call(where="year >= 2020").structured_content["documents"]
    assert (hit["id"], hit["fields"]["headline"]) == ("b", "On Rome")
    failed = call(where="nothing = 1")
    assert failed.is_error
    assert "no field 'nothing'" in failed.content[0].text
