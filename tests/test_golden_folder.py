"""A folder of some sixty files of every kind, from the files to an index of them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cli_helpers import error, run
from golden_folder import GOLDEN, golden, make
from ner_retriever import Retriever

EXPECTED: dict[str, Any] = json.loads(GOLDEN.read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("golden")
    (made / "files").mkdir()
    make(made / "files")
    return made


def test_there_is_one_of_each(folder: Path) -> None:
    files = [name for _, _, names in os.walk(folder) for name in names]
    assert len(files) >= 60


def test_each_file_gives_what_is_expected_of_it(folder: Path) -> None:
    found = golden(folder)
    assert found["documents"].keys() == EXPECTED["documents"].keys()
    for identifier, record in EXPECTED["documents"].items():
        assert found["documents"][identifier] == record, identifier
    assert found["errors"] == EXPECTED["errors"]
    assert found["notices"] == EXPECTED["notices"]
    assert found["passed over"] == EXPECTED["passed over"]


def test_reading_again_gives_the_same(folder: Path) -> None:
    assert golden(folder) == golden(folder)


def test_one_command_indexes_all_of_it(
    folder: Path, toy_preset: Path, monkeypatch: pytest.MonkeyPatch, capitals: None
) -> None:
    monkeypatch.chdir(folder)
    options = ["--out", "index", "--preset", toy_preset, "--on-error", "skip", "--sync"]
    outcome = run("index", "files", *options, "--report", "report.jsonl")
    assert outcome.code == 0, outcome
    assert f"{len(EXPECTED['documents'])} new" in outcome.err
    retriever = Retriever.open("index")
    documents = {document.id: document for document in retriever.documents(EXPECTED["documents"])}
    for identifier, record in EXPECTED["documents"].items():
        stored = documents[identifier]
        fields = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in stored.fields.items()
            if name != "file"
        }
        assert stored.text == record["text"]
        assert fields == record.get("fields", {})
        assert list(stored.pages) == record.get("pages", [])
    for hit in retriever.search("city", limit=None, duplicates="show"):
        for mention in hit.mentions:
            assert hit.text[mention.start : mention.end] == mention.text
            assert (mention.page is None) == ("pages" not in EXPECTED["documents"][hit.id])
    report = [json.loads(line) for line in Path("report.jsonl").read_text().splitlines()]
    skipped = sum("reason" in line for line in report)
    assert skipped == len(EXPECTED["errors"])
    again = run("index", "files", *options)
    assert "0 new, 0 replaced" in again.err
    assert f"{skipped:,} skipped" in again.err


@pytest.mark.parametrize(
    "name",
    [
        "documents/report.pdf",
        "documents/box.mbox",
        "tables/rows.parquet",
        "tables/rows.arrow",
        "tables/records.xlsx",
        "corpora/all.zip",
        "corpora/pubmed.xml",
        "corpora/c.conllu",
    ],
)
def test_standard_input_can_be_of_any_kind(
    folder: Path, name: str, tmp_path: Path, toy_preset: Path, capitals: None
) -> None:
    content = (folder / "files" / name).read_bytes()
    options = ["--out", tmp_path / "index", "--preset", toy_preset]
    outcome = run(
        "index", "-", *options, "--format", name.rsplit(".", maxsplit=1)[-1], stdin=content
    )
    assert outcome.code == 0, outcome
    texts = {document["text"] for document in EXPECTED["documents"].values()}
    index = Retriever.open(tmp_path / "index")
    found = {hit.text for hit in index.search("x", limit=None)}
    assert found
    assert found <= texts


def test_kinds_that_standard_input_cannot_be(tmp_path: Path) -> None:
    message = error("index", "-", "--out", tmp_path / "index", "--format", "doc")
    assert "unknown --format 'doc'; known are txt, json," in message
