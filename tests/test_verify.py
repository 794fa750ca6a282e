"""`verify` tells what is damaged and what can be made again, and `--repair` makes it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli_helpers import DOCUMENTS, error, found, make_index, run, write_jsonl
from index_toys import in_one_sentence
from ner_retriever import Retriever
from ner_retriever.index.lock import write_lock
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store

ALL = {record["id"]: record["text"] for record in DOCUMENTS if record["spans"]}


@pytest.fixture
def index(tmp_path: Path, toy_preset: Path) -> Path:
    path = make_index(tmp_path, toy_preset)
    assert run("search", path, "thing", "--save", "things").code == 0
    return path


def report(index: Path, *options: str, code: int) -> dict[str, Any]:
    outcome = run("verify", index, "--format", "json", *options)
    assert outcome.code == code, outcome
    (record,) = [json.loads(outcome.out)]
    return record


def damages(record: dict[str, Any]) -> list[tuple[str, bool, bool]]:
    return [(one["part"], one["derived"], one["repaired"]) for one in record["damages"]]


def spoil(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def only(folder: Path, pattern: str) -> Path:
    (file,) = folder.glob(pattern)
    return file


def test_a_whole_index(index: Path) -> None:
    record = report(index, code=0)
    assert (record["intact"], record["documents"], record["mentions"]) == (True, 3, 4)
    # Four of the store, one of the view.
    assert record["files"] == 5
    assert record["damages"] == []
    assert f"{index} is intact: 3 documents with 4 mentions, 5 files" in run("verify", index).out


@pytest.mark.parametrize("name", ["*.arrow", "view.json"])
@pytest.mark.parametrize("gone", [False, True])
def test_the_search_view_is_derived(index: Path, name: str, gone: bool) -> None:
    file = only(index, f"scan/{name}")
    if gone:
        file.unlink()
    else:
        spoil(file)
    record = report(index, code=1)
    assert damages(record) == [("search view", True, False)]
    assert record["damages"][0]["file"] == file.relative_to(index).as_posix()
    assert "can be made again with --repair" in run("verify", index).out
    assert damages(report(index, "--repair", code=0)) == [("search view", True, True)]
    assert report(index, code=0)["files"] == 5


@pytest.mark.parametrize("pattern", ["data/*", "_versions/*", "_indices/*/*"])
def test_the_store_is_the_record(index: Path, pattern: str) -> None:
    # The manifest of the newest version comes first.
    file = min((index / "store.lance").glob(pattern))
    content = file.read_bytes()
    spoil(file)
    record = report(index, "--repair", code=2)
    assert damages(record) == [("store", False, False)]
    assert record["damages"][0]["file"] == file.relative_to(index).as_posix()
    assert "restore the index from a copy" in run("verify", index).out
    file.unlink()
    assert report(index, code=2)["damages"][0]["what"] == "the file is missing"
    file.write_bytes(content)
    assert report(index, code=0)["intact"]


def test_saved_queries_and_the_manifest_are_the_record(index: Path) -> None:
    query = only(index, "queries/*.json")
    content = query.read_text()
    query.write_text(content.replace("thing", "think"))
    assert damages(report(index, code=2)) == [("saved query", False, False)]
    query.write_text(content)
    manifest = index / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"prefix": ""', '"prefix": "x"'))
    assert damages(report(index, code=2)) == [("manifest", False, False)]
    assert "its content does not match its checksum" in error("search", index, "thing")


@pytest.mark.parametrize("content", [None, "", '{"format": 1}'])
def test_lost_checksums_are_made_again(index: Path, content: str | None) -> None:
    file = index / "checksums.json"
    whole = file.read_text()
    if content is None:
        file.unlink()
        assert found(index) == ALL
    else:
        file.write_text(content)
        assert f"ner-retriever verify {index} --repair" in error("search", index, "thing")
    assert damages(report(index, code=1)) == [("checksums", True, False)]
    assert damages(report(index, "--repair", code=0)) == [("checksums", True, True)]
    assert json.loads(file.read_text())["files"].keys() == json.loads(whole)["files"].keys()
    assert report(index, code=0)["intact"]


def test_a_change_that_a_power_cut_has_cut_off_is_taken_back(index: Path) -> None:
    before = (index / "checksums.json").read_bytes()
    files = set(index.glob("store.lance/*/*"))
    Retriever.open(index).add([{"id": "new", "text": "Lima", "spans": [[0, 4]]}])
    # The disk has kept names alone, and nothing was acknowledged.
    (index / "checksums.json").write_bytes(before)
    for file in set(index.glob("store.lance/*/*")) - files:
        file.write_bytes(b"")
    assert "cannot read" in error("search", index, "thing")
    assert damages(report(index, code=1)) == [("store", True, False)]
    assert damages(report(index, "--repair", code=0)) == [("store", True, True)]
    assert found(index) == ALL
    Retriever.open(index).add([{"id": "new", "text": "Lima", "spans": [[0, 4]]}])
    assert found(index) == {**ALL, "new": "Lima"}
    assert report(index, code=0)["documents"] == 4


def test_a_whole_change_that_was_not_acknowledged_is_kept(index: Path) -> None:
    before = (index / "checksums.json").read_bytes()
    Retriever.open(index).add([{"id": "new", "text": "Lima", "spans": [[0, 4]]}])
    (index / "checksums.json").write_bytes(before)
    assert found(index) == {**ALL, "new": "Lima"}
    assert report(index, "--repair", code=0)["documents"] == 4
    assert (index / "checksums.json").read_bytes() != before


def test_a_purge_that_was_stopped_before_it_was_acknowledged(index: Path) -> None:
    before = (index / "checksums.json").read_bytes()
    # The files on record are gone now.
    Retriever.open(index).delete(["c"], purge=True)
    (index / "checksums.json").write_bytes(before)
    shutil.rmtree(index / "scan")
    assert found(index) == ALL
    assert report(index, code=0)["documents"] == 2
    Retriever.open(index).delete(["b"], purge=True)
    assert found(index).keys() == {"a"}
    assert report(index, code=0)["documents"] == 1


def test_rows_that_make_no_sense(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from ner_retriever.documents import Span

    one = Record(
        id="odd",
        text="ab",
        digest=digest_of("ab", None),
        run=1,
        spans=(Span(0, 9),),
        vectors=np.eye(1, 32, dtype=np.float16),
        **in_one_sentence(1),
    )
    Store.open(index).write([one], replace=False)
    assert "document 'odd' has a mention that does not lie" in run("verify", index).out
    assert report(index, code=2)["documents"] == 0


def test_what_has_no_checksums_is_opened_and_made_anew(index: Path) -> None:
    """As after their loss."""
    (index / "checksums.json").unlink()
    view = only(index, "scan/view.json")
    view.write_text(json.dumps({"documents": 3, "mentions": 4, "dimensions": 32}))
    saved = only(index, "queries/*.json")
    record = json.loads(saved.read_text())
    del record["checksum"]
    saved.write_text(json.dumps(record))
    assert found(index) == ALL
    assert "checksum" in json.loads(view.read_text())
    assert "things" in run("queries", "list", index).out
    Retriever.open(index).add([{"id": "new", "text": "Lima", "spans": [[0, 4]]}])
    assert report(index, code=0)["documents"] == 4


def test_a_copy_is_whole(index: Path, tmp_path: Path) -> None:
    shutil.copytree(index, tmp_path / "copy")
    assert found(tmp_path / "copy") == ALL
    assert report(tmp_path / "copy", code=0)["intact"]


def test_what_cannot_be_verified(index: Path, tmp_path: Path) -> None:
    assert "no index at" in error("verify", tmp_path)
    assert not (tmp_path / "write.lock").exists()
    with write_lock(index):
        assert "another process is writing" in error("verify", index)


def test_addresses_are_refused(tmp_path: Path, toy_preset: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    source = write_jsonl(tmp_path / "documents.jsonl", DOCUMENTS)
    for command in (["index", source, "--preset", toy_preset, "--out"], ["search"], ["info"]):
        rest = ["x"] if command == ["search"] else []
        message = error(*command, "s3://bucket/new", *rest)
        assert message.startswith("s3://bucket/new is an address, and an index must be in a folder")
    assert [entry.name for entry in tmp_path.iterdir()] == ["documents.jsonl"]


def test_a_replacement_that_fails_at_the_first_batch_keeps_the_index(
    index: Path, toy_preset: Path, tmp_path: Path
) -> None:
    source = write_jsonl(tmp_path / "more.jsonl", [{"id": "x", "text": "no spans here"}])
    options = ["--out", index, "--preset", toy_preset, "--replace", "--detector", "spans"]
    assert "'spans' finds none" in error("index", source, *options)
    assert found(index) == ALL
    assert report(index, code=0)["intact"]
    source = write_jsonl(tmp_path / "more.jsonl", [{"id": "x", "text": "Lima", "spans": [[0, 4]]}])
    assert run("index", source, *options, "--spans-field", "spans", "--no-fsync").code == 0
    assert found(index) == {"x": "Lima"}
    assert report(index, code=0)["documents"] == 1


@pytest.mark.parametrize("pattern", ["store.lance/_versions/*", "store.lance/data/*", "*.json"])
def test_a_damaged_index_can_be_replaced(index: Path, toy_preset: Path, pattern: str) -> None:
    for file in index.glob(pattern):
        file.write_bytes(b"")
    options = ["--out", index, "--preset", toy_preset, "--replace", "--spans-field", "spans"]
    assert run("index", index.parent / "documents.jsonl", *options).code == 0
    assert found(index) == ALL
    assert report(index, code=0)["intact"]
    assert not [file for file in index.iterdir() if file.suffix in {".damaged", ".replaced"}]
