"""Datasets of the library datasets: saved folders, and what the library loads."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError, MissingExtra
from ner_retriever.text import readers
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.sources import count_hint, find_sources
from reading_documents import read_documents


def save(folder: Path, files: list[list[str]], **state) -> Path:
    """Write what ``save_to_disk`` writes."""
    folder.mkdir(parents=True)
    names = [f"data-{n:05}-of-{len(files):05}.arrow" for n in range(len(files))]
    for name, texts in zip(names, files, strict=True):
        table = pa.table({"text": texts, "label": [n % 2 for n in range(len(texts))]})
        with pa.ipc.new_stream(folder / name, table.schema) as stream:
            stream.write_table(table, max_chunksize=2)
    state = {"_data_files": [{"filename": name} for name in names], "_split": None, **state}
    (folder / "state.json").write_text(json.dumps(state))
    label = {"names": ["bad", "good"], "_type": "ClassLabel"}
    info = {"features": {"text": {"dtype": "string", "_type": "Value"}, "label": label}}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    return folder


def read(path: Path, **options) -> tuple[list[Document], list[DocumentError]]:
    errors: list[DocumentError] = []
    return list(read_documents([path], on_error=errors.append, **options)), errors


def test_saved_dataset_is_read_in_its_order(tmp_path):
    folder = save(tmp_path / "d", [["c", "a", "b"], ["d"]])
    source = find_sources([folder])
    assert [(s.path, s.in_folder) for s in source] == [(folder, True)]
    steps: list[int] = []
    errors: list[DocumentError] = []
    found = list(
        readers.read_documents([folder], ReadOptions(progress=steps.append), on_error=errors.append)
    )
    name = folder.as_posix()
    assert not errors
    assert [(d.id, d.text, d.source) for d in found] == [
        (f"{name}:{number}", text, name) for number, text in enumerate("cabd", start=1)
    ]
    assert [d.fields["label"] for d in found] == ["bad", "good", "bad", "bad"]
    assert sum(steps) == count_hint([folder])


def test_splits_and_files_beside_a_dataset(tmp_path):
    save(tmp_path / "all" / "dict" / "train", [["one"]])
    save(tmp_path / "all" / "dict" / "test", [["two"]])
    (tmp_path / "all" / "dict" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    (tmp_path / "all" / "a.txt").write_text("three")
    found, errors = read(tmp_path / "all")
    assert not errors
    assert [(d.id, d.text) for d in found] == [
        ("a.txt", "three"),
        ("dict/test:1", "two"),
        ("dict/train:1", "one"),
    ]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"_indices_files": [{"filename": "i.arrow"}]}, "only some of its rows count"),
        ({"_data_files": [{"filename": "../../x.arrow"}]}, "is no file of the folder"),
        ({"_data_files": [{}]}, "is no file of the folder"),
        ({"_data_files": "x"}, "names no files under _data_files"),
        ({"_data_files": [{"filename": "gone.arrow"}]}, "gone.arrow: cannot be read"),
    ],
)
def test_saved_dataset_that_cannot_be_read(tmp_path, state, message):
    found, errors = read(save(tmp_path / "d", [["x"]], **state))
    assert (found, len(errors)) == ([], 1)
    assert message in str(errors[0])
    assert "\n" not in str(errors[0])


def test_file_that_is_cut_ends_the_dataset(tmp_path):
    folder = save(tmp_path / "d", [list("abcdef"), ["g"]])
    first = folder / "data-00000-of-00002.arrow"
    first.write_bytes(first.read_bytes()[:-150])
    found, errors = read(folder)
    assert [d.text for d in found] == list("abcd")
    assert [error.reason for error in errors] == ["damaged"]


# --- through the library ------------------------------------------------------------------------


def load(name: str) -> tuple[list[Document], list[DocumentError]]:
    errors: list[DocumentError] = []
    return list(readers.read_documents([name], on_error=errors.append)), errors


def test_folder_of_files_through_the_library(tmp_path):
    pytest.importorskip("datasets")
    folder = tmp_path / "files"
    folder.mkdir()
    pq.write_table(pa.table({"text": ["one", "two"], "n": [1, 2]}), folder / "train.parquet")
    pq.write_table(pa.table({"text": ["three"], "n": [3]}), folder / "test.parquet")
    name = f"datasets:{folder}"
    found, errors = load(name)
    assert not errors
    assert sorted((d.id, d.text, d.fields["n"], d.source) for d in found) == [
        (f"{name}:test:1", "three", 3, name),
        (f"{name}:train:1", "one", 1, name),
        (f"{name}:train:2", "two", 2, name),
    ]
    assert load(name) == (found, [])
    one_split, errors = load(f"{name}:test")
    assert ([d.id for d in one_split], errors) == ([f"{name}:test:1"], [])
    assert count_hint([name]) is None
    _, errors = load(f"{name}:nope")
    assert "cannot be loaded (Bad split: nope" in str(errors[0])


def test_saved_folder_needs_no_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    folder = save(tmp_path / "d", [["x"]])
    assert [d.text for d in load(f"datasets:{folder}")[0]] == ["x"]


def test_missing_library_and_missing_network_are_told(monkeypatch):
    pytest.importorskip("datasets")
    monkeypatch.setenv("NER_RETRIEVER_OFFLINE", "1")
    assert "the network must not be asked" in str(load("datasets:owner/name")[1][0])
    assert "no name of a dataset" in str(load("datasets:a:b:c:d")[1][0])
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"ner-retriever\[datasets\]"):
        load("datasets:owner/name")


def test_hub_that_is_not_reached_is_one_error(monkeypatch):
    datasets = pytest.importorskip("datasets")

    def fail(*_, **__):
        raise ConnectionError("Couldn't reach 'owner/name'\non the Hub")

    monkeypatch.setenv("NER_RETRIEVER_OFFLINE", "0")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(datasets, "load_dataset", fail)
    found, errors = load("datasets:owner/name")
    assert found == []
    assert [str(error) for error in errors] == [
        "datasets:owner/name: cannot be loaded (Couldn't reach 'owner/name'); check the name, and "
        "that the hub can be reached"
    ]
