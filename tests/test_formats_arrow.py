"""Tables in columns: Arrow files of both formats, Feather, Parquet, and what they may not do."""

import random
import string
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats import arrow_messages
from reading_documents import read_documents

KINDS = ["a.parquet", "lz4.feather", "zstd.feather", "plain.feather", "file.arrow", "stream.arrow"]


def read(path: Path, **options) -> tuple[list[Document], list[DocumentError]]:
    errors: list[DocumentError] = []
    found = list(read_documents([path], on_error=errors.append, **options))
    assert all("\n" not in str(error) for error in errors)
    return found, errors


def write(path: Path, table: pa.Table, *, rows: int = 100) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=rows)
    elif path.suffix == ".feather":
        compression = "uncompressed" if path.stem == "plain" else path.stem
        pf.write_feather(table, path, compression=compression, chunksize=rows)
    else:
        new = pa.ipc.new_file if path.stem == "file" else pa.ipc.new_stream
        with new(path, table.schema) as file:
            file.write_table(table, max_chunksize=rows)
    return path


@pytest.mark.parametrize("name", KINDS)
def test_rows_of_many_batches(tmp_path, name):
    table = pa.table(
        {
            "id": range(250),
            "text": [f"In Rome {number}" for number in range(250)],
            "at": [[{"start": 3, "end": 7}]] * 250,
            "tags": [["a", "b"]] * 250,
            "kind": pa.array(["x", None] * 125).dictionary_encode(),
            "picture": [b"\x00"] * 250,
        }
    )
    steps: list[int] = []
    path = write(tmp_path / name, table)
    found, errors = read(path, spans_field="at", progress=steps.append)
    assert not errors
    assert [d.id for d in found] == [str(number) for number in range(250)]
    assert {d.spans for d in found} == {(Span(3, 7),)}
    assert [dict(d.fields) for d in found[:2]] == [
        {"tags": ("a", "b"), "kind": "x"},
        {"tags": ("a", "b")},
    ]
    assert {d.source for d in found} == {name}
    assert found[100].origin == f"{path}:101"
    assert sum(steps) == path.stat().st_size
    assert len(steps) >= 3


values = st.none() | st.text(string.printable) | st.text(st.characters(exclude_categories=["Cs"]))
records = st.lists(st.fixed_dictionaries({"text": st.text(), "field": values}), min_size=1)


@settings(max_examples=25, deadline=None)
@given(records, st.integers(1, 5))
def test_every_kind_gives_the_same_documents(tmp_path_factory, given_records, rows):
    folder = tmp_path_factory.mktemp("kinds")
    table = pa.Table.from_pylist(
        given_records, schema=pa.schema({"text": pa.string(), "field": pa.string()})
    )
    expected = [record["text"] for record in given_records]
    fields = None
    for name in KINDS:
        found, errors = read(write(folder / name, table, rows=rows))
        assert not errors
        assert [d.text for d in found] == expected
        assert [d.id for d in found] == [f"{name}:{n + 1}" for n in range(len(expected))]
        fields = fields or [d.fields for d in found]
        assert [d.fields for d in found] == fields


@pytest.mark.parametrize("name", KINDS)
def test_columns_that_are_missing_or_twice(tmp_path, name):
    path = write(tmp_path / name, pa.table({"body": ["x"]}))
    assert "no column 'text' (columns here: body)" in str(read(path)[1][0])
    if path.suffix == ".feather":
        return
    noted: list[str] = []
    table = pa.table([["x"], ["y"], ["z"]], names=["text", "kind", "kind"])
    found, errors = read(write(path, table), notice=noted.append)
    assert ([d.text for d in found], errors) == (["x"], [])
    assert noted == [f"{path}: columns called 'kind' are left out: not one"]
    table = pa.table([["x"], ["y"]], names=["text", "text"])
    assert "2 columns are called 'text'" in str(read(write(path, table))[1][0])


@pytest.mark.parametrize("name", ["plain.feather", "file.arrow", "stream.arrow"])
def test_bad_string_is_one_bad_row(tmp_path, name):
    strings = pa.array([b"good", b"b\xe9d", b"last"]).view(pa.string())
    path = write(tmp_path / name, pa.table({"text": strings}))
    found, errors = read(path)
    assert [d.text for d in found] == ["good", "last"]
    assert [str(error).split(": ")[0] for error in errors] == [f"{path}:2"]


def test_long_texts_are_errors_of_their_rows(tmp_path):
    path = write(tmp_path / "file.arrow", pa.table({"text": ["abcd", "abcde", "abc"]}))
    found, errors = read(path, max_characters=4)
    assert [d.text for d in found] == ["abcd", "abc"]
    assert [error.reason for error in errors] == ["too large"]


def test_values_that_python_cannot_hold_are_errors_of_their_rows(tmp_path):
    far = pa.array([0, 2**60], pa.int64()).view(pa.timestamp("s"))
    found, errors = read(write(tmp_path / "file.arrow", pa.table({"text": ["a", "b"], "at": far})))
    assert [d.text for d in found] == ["a"]
    assert len(errors) == 1


def test_feather_of_version_1_is_told(tmp_path):
    (tmp_path / "a.feather").write_bytes(b"FEA1" + bytes(100))
    assert "Feather file of version 1" in str(read(tmp_path / "a.feather")[1][0])


# --- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_truncated_and_changed_files_are_errors(tmp_path, name):
    table = pa.table(
        {
            "text": [f"text {number}" for number in range(300)],
            "kind": pa.array(["x", "y", "z"] * 100).dictionary_encode(),
            "tags": [["a", "b"]] * 300,
        }
    )
    content = write(tmp_path / name, table, rows=50).read_bytes()
    chance = random.Random(name)  # noqa: S311
    for turn in range(40):
        changed = bytearray(content)
        if turn % 2:
            changed = changed[: chance.randrange(len(changed) - 20)]
        else:
            for _ in range(5):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
        (tmp_path / name).write_bytes(changed)
        found, errors = read(tmp_path / name)
        if turn % 2:
            assert errors
            assert [d.text for d in found] == [f"text {n}" for n in range(len(found))]


@pytest.mark.parametrize("content", [b"", b"no arrow at all", b"ARROW1\0\0", bytes(100)])
def test_no_arrow_file(tmp_path, content):
    (tmp_path / "a.arrow").write_bytes(content)
    found, errors = read(tmp_path / "a.arrow")
    assert (found, len(errors)) == ([], 1)


# --- bombs --------------------------------------------------------------------------------------


def one_text(rows: int, characters: int) -> pa.Table:
    texts = pa.DictionaryArray.from_arrays(
        pa.array([0] * rows, pa.int32()), pa.array(["x" * characters])
    )
    return pa.table({"text": texts})


@pytest.mark.parametrize("name", ["a.parquet", "zstd.feather", "stream.arrow"])
def test_one_text_for_many_rows_is_not_handed_out_for_each(tmp_path, name):
    table = one_text(100_000, 10_000_000)
    path = tmp_path / name
    if name == "a.parquet":
        pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=1 << 30)
    else:
        table = one_text(100_000, 300_000) if name == "stream.arrow" else table
        write(path, table, rows=100_000)
    _, errors = read(path, max_characters=20_000_000)
    assert [error.reason for error in errors] == ["too large"]


@pytest.mark.parametrize("name", ["a.parquet", "zstd.feather"])
def test_column_that_inflates_without_bound_is_refused(tmp_path, name):
    path = tmp_path / name
    table = pa.table({"text": ["x" * 1_000_000] * 100})
    if name == "a.parquet":
        pq.write_table(table, path, compression="zstd", use_dictionary=False)
    else:
        write(path, table)
    found, errors = read(path)
    assert (found, [error.reason for error in errors]) == ([], ["too large"])


def test_batch_that_fits_no_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow_messages, "_LARGEST_BATCH", 100)
    path = write(tmp_path / "file.arrow", pa.table({"text": ["x" * 1000]}))
    found, errors = read(path)
    assert (found, [error.reason for error in errors]) == ([], ["too large"])
