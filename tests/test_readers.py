"""Readers: every format, every bad input, and how much is held at once."""

import csv
import gzip
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError, DocumentError, InputError
from ner_retriever.text.sources import count_hint
from reading_documents import read_documents


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def texts(path: Path, **options) -> list[str]:
    return [document.text for document in read_documents([path], **options)]


def texts_and_errors(path: Path, **options) -> tuple[list[str], list[str]]:
    errors: list[DocumentError] = []
    found = texts(path, on_error=errors.append, **options)
    return found, [str(error) for error in errors]


# --- every format -------------------------------------------------------------------------------


def test_text_file_is_a_line_a_document(tmp_path):
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbfone\r\n\n  \n two\x00 \nthree")
    documents = list(read_documents([path]))
    assert [(d.id, d.text) for d in documents] == [
        ("a.txt:1", "one"),
        ("a.txt:4", " two\x00 "),
        ("a.txt:5", "three"),
    ]
    assert documents[1].origin == f"{path}:4"
    assert documents[1].spans is None


def test_whole_text_file_keeps_its_line_ends(tmp_path):
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbfone\r\n\r\ntwo\n")
    assert list(read_documents([path], whole_file=True)) == [
        Document(id="a.txt", text="one\r\n\r\ntwo\n")
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".JSONL"])
def test_json_lines(tmp_path, suffix):
    path = write(
        tmp_path / f"a{suffix}",
        '{"id": 7, "text": "one\\r\\ntwo"}\r\n\n{"text": "Rome", "spans": [[0, 4]]}\n',
    )
    assert list(read_documents([path])) == [
        Document(id="7", text="one\r\ntwo"),
        Document(id=f"a{suffix}:3", text="Rome"),
    ]


def test_named_fields(tmp_path):
    path = write(
        tmp_path / "a.jsonl",
        '{"key": "x", "body": "In Rome", "at": [{"start": 3, "end": 7}]}\n'
        '{"key": "y", "body": "In Rome", "at": "[[3, 7]]"}\n',
    )
    documents = read_documents([path], id_field="key", text_field="body", spans_field="at")
    assert [(d.id, d.spans) for d in documents] == [("x", (Span(3, 7),)), ("y", (Span(3, 7),))]


@pytest.mark.parametrize(("suffix", "separator"), [(".csv", ","), (".tsv", "\t")])
def test_tables(tmp_path, suffix, separator):
    content = io.StringIO()
    writer = csv.writer(content, delimiter=separator)
    writer.writerow(["id", "text", "at", "more"])
    writer.writerow(["a", f'says "hi"{separator}\nand goes', "[[0, 4]]", ""])
    writer.writerow([])
    writer.writerow(["b", "Rome", '[{"start": 0, "end": 4}]', "x"])
    path = write(tmp_path / f"t{suffix}", "\ufeff" + content.getvalue())
    documents = list(read_documents([path], spans_field="at"))
    assert documents == [
        Document(id="a", text=f'says "hi"{separator}\nand goes', spans=(Span(0, 4),)),
        Document(id="b", text="Rome", spans=(Span(0, 4),), fields={"more": "x"}),
    ]
    assert [d.origin for d in documents] == [f"{path}:2", f"{path}:5"]


def test_long_table_fields_leave_the_csv_module_as_it_was(tmp_path):
    before = csv.field_size_limit()
    long = "x" * (before + 1)
    path = write(tmp_path / "a.csv", f"text\n{long}\nshort\n")
    reading = read_documents([path])
    assert next(reading).text == long
    assert csv.field_size_limit() == before
    assert [d.id for d in reading] == ["a.csv:3"]


def test_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    spans = [[{"start": 3, "end": 7}], [], [{"start": 0, "end": 1}]]
    years = [2001, None, 2003]
    table = {"text": ["In Rome", "", "x\x00"], "id": [1, None, 3], "at": spans, "year": years}
    pq.write_table(pa.table(table), path, row_group_size=2)
    assert list(read_documents([path], spans_field="at")) == [
        Document(id="1", text="In Rome", spans=(Span(3, 7),), fields={"year": 2001}),
        Document(id="a.parquet:2", text="", spans=()),
        Document(id="3", text="x\x00", spans=(Span(0, 1),), fields={"year": 2003}),
    ]


def test_parquet_with_json_spans_and_more_rows_than_a_batch(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"text": [f"t{i}" for i in range(150)], "at": ["[[0, 2]]"] * 150}), path
    )
    documents = list(read_documents([path], spans_field="at"))
    assert [d.text for d in documents] == [f"t{i}" for i in range(150)]
    assert {d.spans for d in documents} == {(Span(0, 2),)}


@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".csv", ".parquet"])
def test_gzip_reads_the_same(tmp_path, suffix):
    plain = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table({"id": ["x", "y"], "text": ["one", "two"]}), plain)
    else:
        content = {
            ".txt": "one\ntwo\n",
            ".jsonl": '{"text": "one"}\n{"text": "two"}\n',
            ".csv": "text\none\ntwo\n",
        }
        write(plain, content[suffix])
    packed = write(tmp_path / f"a{suffix}.gz", gzip.compress(plain.read_bytes()))
    assert texts(plain) == texts(packed) == ["one", "two"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('\n \n  {"text": "a"}\n{"id": "x", "text": "b"}\n', [("stdin:3", "a"), ("x", "b")]),
        ("\ufeffplain\n{not json\n", [("stdin:1", "plain"), ("stdin:2", "{not json")]),
    ],
)
def test_standard_input(monkeypatch, content, expected):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    documents = list(read_documents(["-"]))
    assert [(d.id, d.text) for d in documents] == expected
    assert documents[0].origin == documents[0].id


def test_folder_is_read_recursively_in_order(tmp_path):
    write(tmp_path / "b.txt", "b1\nb2")
    write(tmp_path / "a" / "deep" / "c.txt.gz", gzip.compress(b"c"))
    write(tmp_path / "a" / "b.jsonl", '{"text": "j"}')
    write(tmp_path / "a" / "notes.unknown", "not read")
    assert [(d.id, d.text) for d in read_documents([tmp_path], lines=True)] == [
        ("a/b.jsonl:1", "j"),
        ("a/deep/c.txt.gz:1", "c"),
        ("b.txt:1", "b1"),
        ("b.txt:2", "b2"),
    ]
    # A text file that was not named itself is one document.
    assert [d.id for d in read_documents([tmp_path])] == [
        "a/b.jsonl:1",
        "a/deep/c.txt.gz",
        "b.txt",
    ]


mention = st.tuples(st.integers(0, 20), st.integers(1, 20))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), st.lists(mention)), min_size=1))
def test_spans_keep_their_surface(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("spans")
    expected = []
    for text, mentions in records:
        ranges = [(s % len(text), min(s % len(text) + n, len(text))) for s, n in mentions]
        expected.append([text[start:end] for start, end in ranges])
        line = json.dumps({"text": text, "spans": ranges}, ensure_ascii=len(ranges) % 2 == 0)
        with (folder / "a.jsonl").open("a", encoding="utf-8", newline="") as file:
            file.write(f"{line}\r\n")
    documents = list(read_documents([folder / "a.jsonl"], spans_field="spans"))
    assert [d.text for d in documents] == [text for text, _ in records]
    assert [[d.text[s.start : s.end] for s in d.spans] for d in documents] == expected


# --- what is checked before reading -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.txt", "no such file or folder"),
        ("a.doc", "unknown kind of file '.doc'"),
        ("a.tar.gz", "unknown kind of file '.tar'"),
        ("folder", "no file to read in this folder"),
        ("a.txt/b.txt", "cannot be opened"),
    ],
)
def test_sources_are_checked_at_once(tmp_path, name, message):
    good = write(tmp_path / "a.txt", "x")
    write(tmp_path / "a.doc", "x")
    write(tmp_path / "a.tar.gz", "x")
    write(tmp_path / "folder" / "program.exe", "x")
    with pytest.raises(InputError, match=message):
        read_documents([good, tmp_path / name])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_file_name_that_cannot_be_an_id(tmp_path):
    write(tmp_path / os.fsdecode(b"a\xff.txt"), "x")
    with pytest.raises(InputError, match="name is not UTF-8"):
        read_documents([tmp_path])


def test_no_source_is_an_error():
    with pytest.raises(InputError, match="no source given"):
        read_documents([])


def test_limit_must_be_positive(tmp_path):
    with pytest.raises(ConfigError, match="at least 1, not 0"):
        read_documents([write(tmp_path / "a.txt", "x")], max_characters=0)


def test_nothing_is_read_before_the_first_document(tmp_path):
    path = write(tmp_path / "a.txt", b"\xff")
    reading = read_documents([path])
    write(path, "mended")
    assert [d.text for d in reading] == ["mended"]


# --- bad records --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"good\nbad \xe9t\xe9\nlast\n", "byte 0xe9 at offset 4.*--encoding"),
        (
            "a.jsonl",
            b'{"text": "good"}\n{"text": \n{"text": "last"}',
            "not JSON .* at character 10",
        ),
        (
            "a.jsonl",
            b'{"text": "good"}\n["bad"]\n{"text": "last"}',
            "must hold a JSON object.*list",
        ),
        ("a.jsonl", b'{"text": "good"}\n{"body": 1}\n{"text": "last"}', "no field 'text'.*body"),
        (
            "a.jsonl",
            b'{"text": "good"}\n{"text": 1}\n{"text": "last"}',
            "must hold a text, or a list of texts, not int",
        ),
        ("a.jsonl", b'{"text": "good"}\n{"text": "\\ud800"}\n{"text": "last"}', "surrogate"),
        ("a.jsonl", b'{"text": "good"}\n' + b"[" * 50_000 + b'\n{"text": "last"}', "not JSON"),
        ("a.csv", b'text\ngood\n"a"b\nlast\n', "not a row of a table.*double the quotes"),
        ("a.csv", b"text,n\ngood,1\na,2,3\nlast,3\n", "3 fields where the header has 2"),
        ("a.csv", b"text,n\ngood,1\nbad \xe9,2\nlast,3\n", "byte 0xe9 at offset 4"),
    ],
)
def test_bad_record_says_file_and_line_and_can_be_skipped(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    line = content[: content.index(b"good")].count(b"\n") + 2
    with pytest.raises(DocumentError, match=message) as caught:
        texts(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert "\n" not in str(caught.value)
    assert texts_and_errors(path) == (["good", "last"], [str(caught.value)])


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ("7", "must hold a list of spans, not int"),
        ('"[[0"', "field 'at': not JSON"),
        ("[[0, 9]]", "0-9 does not lie in a text of 4"),
        ("[[0]]", "a span must be"),
        ("null", "no field 'at'"),
    ],
)
def test_bad_spans(tmp_path, spans, message):
    path = write(tmp_path / "a.jsonl", f'{{"text": "Rome", "at": {spans}}}')
    with pytest.raises(DocumentError, match=message):
        texts(path, spans_field="at")


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.jsonl", "a.csv"])
def test_long_line_is_refused_and_can_be_skipped(tmp_path, name):
    def record(text: str) -> str:
        return f'{{"text": "{text}"}}' if name == "a.jsonl" else text

    content = ["text"] * (name == "a.csv") + [record("good"), record("é" * 200_000), record("last")]
    encoded = "\n".join(content).encode()
    path = write(tmp_path / name, gzip.compress(encoded) if name.endswith(".gz") else encoded)
    with pytest.raises(DocumentError, match=r"more than the limit of 20; .*--max-characters"):
        texts(path, max_characters=20)
    found, errors = texts_and_errors(path, max_characters=20)
    assert found == ["good", "last"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{path}:{len(content) - 1}: ")


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("character", ["x", "é", "漢", "🦖"])
def test_limit_counts_characters_of_the_line(tmp_path, character, line_end):
    path = write(tmp_path / "a.txt", "\ufeff" + character * 5 + line_end)
    for whole_file in (False, True):
        assert len(texts(path, max_characters=5, whole_file=whole_file)) == 1
        with pytest.raises(DocumentError, match="limit of 4"):
            texts(path, max_characters=4, whole_file=whole_file)


def test_limit_holds_for_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["abcd", "abcde", "abc"]}), path)
    found, errors = texts_and_errors(path, max_characters=4)
    assert found == ["abcd", "abc"]
    assert [error.split(": ")[0] for error in errors] == [f"{path}:2"]


def test_gzip_bomb_is_never_held_whole(tmp_path, monkeypatch):
    path = write(tmp_path / "bomb.jsonl.gz", gzip.compress(b"\x20" * 30_000_000))
    requests = []
    read = gzip.GzipFile.read1

    def watched(self, size=-1):
        requests.append(size)
        return read(self, size)

    monkeypatch.setattr(gzip.GzipFile, "read1", watched)
    found, errors = texts_and_errors(path, max_characters=1_000)
    assert (found, len(errors)) == ([], 1)
    assert 0 < min(requests) <= max(requests) < 100_000


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet"])
@pytest.mark.parametrize("missing", ["text", "at"])
def test_missing_column_is_one_error(tmp_path, name, missing):
    path = tmp_path / name
    kept = "at" if missing == "text" else "text"
    if name == "a.parquet":
        pq.write_table(pa.table({kept: ["[]", "[]"]}), path)
    else:
        write(path, f"{kept}\n[]\n[]\n")
    found, errors = texts_and_errors(path, spans_field="at")
    assert (found, len(errors)) == ([], 1)
    assert f"no column '{missing}' (columns here: {kept})" in errors[0]


def test_quote_that_is_never_closed_swallows_nothing(tmp_path):
    path = write(tmp_path / "a.csv", 'text\ngood\n"never closed\nlost\n')
    found, errors = texts_and_errors(path)
    assert found == ["good"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{path}:3: not a row of a table (unexpected end of data)")


def test_row_of_many_lines_is_bounded(tmp_path):
    path = write(tmp_path / "a.csv", 'text\ngood\n"' + "a line\n" * 10 + '"\nlost\n')
    found, errors = texts_and_errors(path, max_characters=20)
    assert found == ["good"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{path}:3: ")
    assert texts(path, max_characters=72)[1] == "a line\n" * 10


def test_row_with_a_bad_line_inside_is_not_read_without_it(tmp_path):
    path = write(tmp_path / "a.csv", b'text\ngood\n"first\nb\xe9d\nthird"\n')
    found, errors = texts_and_errors(path)
    assert found == ["good"]
    assert [error.split(": ")[0] for error in errors] == [f"{path}:4"]


# --- errors that end a file ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.txt.gz"])
@pytest.mark.parametrize("content", [b"", b"\n\r\n"])
@pytest.mark.parametrize("whole_file", [False, True])
def test_empty_file(tmp_path, name, content, whole_file):
    write(tmp_path / name, gzip.compress(content) if name.endswith(".gz") else content)
    write(tmp_path / "next.txt", "next")
    with pytest.raises(DocumentError, match=f"{name} is empty"):
        texts(tmp_path / name, whole_file=whole_file)
    found, errors = texts_and_errors(tmp_path, whole_file=whole_file)
    assert (found, len(errors)) == (["next"], 1)


def test_table_without_rows_is_empty(tmp_path):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    for path in (tmp_path / "a.parquet", write(tmp_path / "a.csv", "text\n")):
        with pytest.raises(DocumentError, match="is empty"):
            texts(path)


def test_truncated_gzip_gives_what_is_whole_and_an_error(tmp_path):
    noise = np.random.default_rng(0).bytes(100_000).hex()
    content = gzip.compress(f"first\n{noise}\nlast\n".encode())
    path = write(tmp_path / "a" / "a.txt.gz", content[: len(content) // 2])
    write(tmp_path / "b" / "b.txt", "next")
    found, errors = texts_and_errors(tmp_path, lines=True)
    assert found == ["first", "next"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{path}:2: cannot be read (Compressed file ended")


@pytest.mark.parametrize("name", ["a.txt.gz", "a.parquet", "a.parquet.gz"])
def test_file_of_another_kind(tmp_path, name):
    path = write(tmp_path / name, "this is neither gzip nor parquet")
    found, errors = texts_and_errors(path)
    assert (found, len(errors)) == ([], 1)
    assert errors[0].startswith(f"{path}:1: cannot be read (")
    assert "\n" not in errors[0]


def test_corrupted_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"text": [f"{i} {'x' * i}" for i in range(500)]})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[40:400] = bytes(360)
    write(path, bytes(content))
    found, errors = texts_and_errors(path)
    assert (found, len(errors)) == ([], 1)
    assert "cannot be read" in errors[0]


def test_bad_string_in_parquet_is_one_bad_row(tmp_path):
    path = tmp_path / "a.parquet"
    strings = pa.array([b"good", b"b\xe9d", b"last"]).view(pa.string())
    pq.write_table(pa.table({"text": strings}), path)
    found, errors = texts_and_errors(path)
    assert found == ["good", "last"]
    assert [error.split(": ")[0] for error in errors] == [f"{path}:2"]


def test_file_that_vanishes_is_an_error_of_that_file(tmp_path):
    gone = [write(tmp_path / name, "x") for name in ("a.txt", "b.parquet")]
    kept = write(tmp_path / "c.txt", "kept")
    errors: list[DocumentError] = []
    reading = read_documents([*gone, kept], on_error=errors.append)
    for path in gone:
        path.unlink()
    assert [d.text for d in reading] == ["kept"]
    assert [str(error).split(": ")[0] for error in errors] == [f"{path}:1" for path in gone]


# --- progress -----------------------------------------------------------------------------------


def test_progress_adds_up_to_the_hint(tmp_path):
    write(tmp_path / "a.txt", "line\n" * 50_000)
    write(tmp_path / "b.jsonl.gz", gzip.compress(b'{"text": "x"}\n' * 1_000))
    pq.write_table(pa.table({"text": ["x"] * 300}), tmp_path / "c.parquet")
    write(tmp_path / "d.csv", "text\nx\n")
    steps: list[int] = []
    assert len(list(read_documents([tmp_path], progress=steps.append, lines=True))) == 51_301
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert sum(steps) == count_hint([tmp_path]) == size
    assert len([step for step in steps if step]) > 6


def test_length_of_standard_input_is_unknown(tmp_path):
    assert count_hint([write(tmp_path / "a.txt", "x"), "-"]) is None
