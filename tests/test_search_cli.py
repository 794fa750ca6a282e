"""The options of ``search`` beyond a type, and ``queries``."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from cli_helpers import DOCUMENTS, error, make_index, run, write_jsonl
from ner_retriever import Document, Retriever, Span

ALL = ("--limit", "all", "--format", "jsonl")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, toy_preset: Path) -> Path:
    return make_index(tmp_path_factory.mktemp("cli"), toy_preset)


def ids(*arguments: str | Path) -> list[str]:
    outcome = run("search", *arguments, *ALL)
    assert outcome.code == 0, outcome
    return [record["id"] for record in outcome.records]


def test_by_example_alone(index: Path) -> None:
    outcome = run("search", index, "--like", "b:17-22", "--limit", "1", "--format", "jsonl")
    (record,) = outcome.records
    assert record["mentions"][0]["text"] == "Paris"
    assert record["score"] == pytest.approx(1, abs=1e-3)


def test_conditions(index: Path) -> None:
    everything = sorted(ids(index, "city"))
    assert everything == ["a", "b"]
    for option in ("--not", "--near", "--with"):
        assert sorted(ids(index, "city", option, "river", "--like", "b:17-22")) == everything


def test_a_cut_off_says_how_far_to_trust_the_answer(index: Path) -> None:
    outcome = run("search", index, "city", "--cutoff", "auto", *ALL)
    assert outcome.code == 0
    lines = outcome.err.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("at or above 0.")
    assert f"{len(outcome.records)} documents, estimated" in lines[1]
    assert lines[1].endswith("rough, as nothing was fitted for this head")
    assert len(run("search", index, "city", "--cutoff", "-1", *ALL).records) == 2
    assert run("search", index, "city", "--cutoff", "1", *ALL).records == []


def test_by_entity(index: Path) -> None:
    outcome = run("search", index, "city", "--by", "entity", *ALL)
    names = {record["name"]: record["documents"] for record in outcome.records}
    assert set(names) <= {"Tyrannosaurus", "Chicago", "Louvre", "Paris"}
    assert {"a", "b"} == {identifier for found in names.values() for identifier in found}
    rows = csv.DictReader(
        io.StringIO(run("search", index, "city", "--by", "entity", "--format", "csv").out)
    )
    assert {row["name"] for row in rows} == set(names)
    table = run("search", index, "city", "--by", "entity").out
    assert table.split()[:4] == ["score", "entity", "documents", "mentions"]


def test_conll_and_brat(index: Path, tmp_path: Path) -> None:
    conll = run("search", index, "big city", "--limit", "all", "--format", "conll").out
    assert conll.count("# id = ") == 2
    assert "\tB-big_city\n" in conll
    file = tmp_path / "spans.zip"
    outcome = run("search", index, "city", "--limit", "all", "--format", "brat", "--out", file)
    assert (outcome.code, outcome.out) == (0, "")
    with zipfile.ZipFile(file) as archive:
        assert sorted(name[7:] for name in archive.namelist()) == [
            "a.ann",
            "a.txt",
            "b.ann",
            "b.txt",
        ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a type in words or an example"),
        (["--like", "b17-22"], "an example is ID:START-END"),
        (["--like", "z:0-1"], "no document 'z'"),
        (["--like", "b:0-999"], "does not lie in its text"),
        (["x", "--cutoff", "high"], "--cutoff takes a score or auto, not 'high'"),
        (["x", "--cutoff", "2"], "must be a cosine"),
        (["x", "--cutoff", "nan"], "must be a cosine"),
        (["x", "--cutoff", "auto", "--min-score", "0.5"], "give one of them"),
        (["x", "--not", "??"], "holds no word"),
        (["x", "--format", "brat"], "name it with --out"),
        (["x", "--by", "entity", "--format", "conll"], "leave --by out"),
        (["x", "--save", "a\nb"], "a name on one line"),
    ],
)
def test_bad_options(index: Path, arguments: list[str], message: str) -> None:
    assert message in error("search", index, *arguments)


def test_a_saved_query_and_what_is_new(tmp_path: Path, toy_preset: Path) -> None:
    index = make_index(tmp_path, toy_preset)
    assert (
        run("search", index, "city", "--near", "river", "--cutoff", "-1", "--save", "c").code == 0
    )
    assert "'c' already" in error("search", index, "city", "--save", "c")
    listed = run("queries", "list", index)
    assert "city, near river" in listed.out

    nothing = run("queries", "run", index, "c", "--new", "--format", "jsonl")
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err.endswith("0 new or changed since it last ran\n")

    more = write_jsonl(
        tmp_path / "more.jsonl",
        [*DOCUMENTS, {"id": "e", "text": "Oslo it is.", "spans": [[0, 4]]}],
    )
    assert run("index", more, "--out", index, "--spans-field", "spans").code == 0
    fresh = run("queries", "run", index, "c", "--new", "--format", "jsonl")
    assert [record["id"] for record in fresh.records] == ["e"]
    assert fresh.err.startswith("1 shown of 3 documents")
    assert "0 new" in run("queries", "run", index, "c").err

    assert run("queries", "delete", index, "c").code == 0
    assert "no saved query 'c'" in error("queries", "run", index, "c")


def test_a_damaged_saved_query(tmp_path: Path, toy_preset: Path) -> None:
    index = make_index(tmp_path, toy_preset)
    run("search", index, "city", "--save", "c")
    (file,) = (index / "queries").glob("*.json")
    file.write_text(json.dumps({"format": 1, "name": "c"}))
    assert "correct or remove it" in error("queries", "list", index)


def test_mentions_that_were_detected_surely_enough(tmp_path: Path, toy_preset: Path) -> None:
    retriever = Retriever.create(tmp_path / "index", preset=str(toy_preset), detector="spans")
    retriever.add(
        [
            Document("a", "Sue in Chicago", (Span(0, 3, 0.25), Span(7, 14, 0.75))),
            Document("b", "The Louvre", (Span(4, 10, 0.25),)),
        ]
    )
    index = tmp_path / "index"
    assert sorted(ids(index, "city")) == ["a", "b"]
    assert ids(index, "city", "--min-detection", "0.5", "--save", "cities") == ["a"]
    (record,) = run("queries", "run", index, "cities", "--format", "jsonl").records
    assert [mention["text"] for mention in record["mentions"]] == ["Chicago"]


def test_vectors_of_two_bytes_a_number(tmp_path: Path, toy_preset: Path) -> None:
    small = make_index(tmp_path, toy_preset)
    source, plain = tmp_path / "documents.jsonl", tmp_path / "float16"
    options = ("--preset", toy_preset, "--spans-field", "spans", "--vectors")
    assert run("index", source, "--out", plain, *options, "float16").code == 0
    scores = {one["id"]: one["score"] for one in run("search", plain, "city", *ALL).records}
    assert {one["id"]: one["score"] for one in run("search", small, "city", *ALL).records} == {
        identifier: pytest.approx(score, abs=0.01) for identifier, score in scores.items()
    }
    outcome = run("index", source, "--out", plain, *options, "int8")
    assert outcome.code == 2
    assert "made with vectors 'float16', not with 'int8'; leave --vectors out" in outcome.err
