"""Packed files: compressions and zip archives, and what hostile ones may not do."""

import bz2
import gzip
import io
import json
import lzma
import random
import stat
import struct
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text import inflation
from ner_retriever.text.formats import zip_entries
from ner_retriever.text.sources import count_hint
from ner_retriever.text.suffixes import COMPRESSIONS
from reading_documents import read_documents


def compress(content: bytes, compression: str) -> bytes:
    match compression:
        case ".gz":
            return gzip.compress(content)
        case ".bz2":
            return bz2.compress(content)
        case ".xz":
            return lzma.compress(content)
    return pa.compress(content, codec="zstd", asbytes=True)


def read(path: Path, **options) -> tuple[list[Document], list[DocumentError]]:
    errors: list[DocumentError] = []
    found = list(read_documents([path], on_error=errors.append, **options))
    assert all("\n" not in str(error) for error in errors)
    return found, errors


def texts(path: Path, **options) -> list[str]:
    found, errors = read(path, **options)
    assert not errors
    return [document.text for document in found]


def make_zip(path: Path, entries: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """A file of each kind that is read without extras, with the same two texts."""
    records = [{"id": "x", "text": "one"}, {"id": "y", "text": "two"}]
    table = pa.Table.from_pylist(records)
    pq.write_table(table, folder / "made")
    parquet = (folder / "made").read_bytes()
    with pa.ipc.new_file(folder / "made", table.schema) as file:
        file.write_table(table)
    arrow = (folder / "made").read_bytes()
    (folder / "made").unlink()
    return {
        ".json": json.dumps(records).encode(),
        ".jsonl": b"\n".join(json.dumps(record).encode() for record in records),
        ".csv": b"id,text\nx,one\ny,two\n",
        ".tsv": b"id\ttext\nx\tone\ny\ttwo\n",
        ".parquet": parquet,
        ".arrow": arrow,
        ".feather": arrow,
        ".conll": b"one O\n\ntwo O\n",
    }


RANDOM = random.Random(0)  # noqa: S311
SUFFIXES = [".json", ".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".feather", ".conll"]


# --- the same as without ------------------------------------------------------------------------


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_compressed_reads_the_same(tmp_path, suffix, compression):
    path = tmp_path / f"a{suffix}{compression}"
    path.write_bytes(compress(contents(tmp_path)[suffix], compression))
    assert texts(path) == ["one", "two"]


@pytest.mark.parametrize("compression", ["", *COMPRESSIONS])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_zip_reads_the_same_as_the_folder(tmp_path, suffix, compression):
    content = contents(tmp_path)[suffix]
    packed = compress(content, compression) if compression else content
    names = {f"b/a{suffix}{compression}": packed, f"a{suffix}{compression}": packed}
    for name, data in names.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    archive = make_zip(tmp_path / "z.zip", names)
    below, unpacked = read(archive)[0], read(tmp_path / "folder")[0]
    assert len(below) == 4
    assert [(d.id.removeprefix("z.zip/"), d.text, d.fields) for d in below] == [
        (d.id, d.text, d.fields) for d in unpacked
    ]
    assert {d.source for d in below} == {"z.zip"}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_every_packing_gives_the_same_documents(tmp_path_factory, given_texts):
    folder = tmp_path_factory.mktemp("packed")
    content = "".join(json.dumps({"text": text}) + "\n" for text in given_texts).encode()
    (folder / "a.jsonl").write_bytes(content)
    make_zip(folder / "a.zip", {"a.jsonl": content})
    for compression in COMPRESSIONS:
        (folder / f"a.jsonl{compression}").write_bytes(compress(content, compression))
    for path in folder.iterdir():
        assert texts(path) == given_texts
        assert read(path) == read(path)


def test_two_frames_of_zstandard_are_one_file(tmp_path):
    path = tmp_path / "a.txt.zst"
    path.write_bytes(compress(b"one\n", ".zst") + compress(b"two\n", ".zst"))
    assert texts(path) == ["one", "two"]


def test_progress_adds_up(tmp_path):
    noise = RANDOM.randbytes(300_000).hex()
    make_zip(tmp_path / "a.zip", {"a.txt": noise, "b.jsonl": '{"text": "x"}', "c.unknown": noise})
    (tmp_path / "b.txt.zst").write_bytes(compress(noise.encode(), ".zst"))
    steps: list[int] = []
    found, errors = read(tmp_path, progress=steps.append)
    assert (len(found), errors) == (3, [])
    assert sum(steps) == count_hint([tmp_path])
    assert len(steps) > 4


# --- what an archive may hold -------------------------------------------------------------------


def test_what_is_no_document_is_passed_over(tmp_path):
    noted: list[str] = []
    path = make_zip(
        tmp_path / "a.zip",
        {
            "kept.txt": "kept",
            "__MACOSX/x.txt": "x",
            ".git/x.txt": "x",
            "deep/.hidden.txt": "x",
            "~$lock.txt": "x",
            "a.bin": "x",
            "b.bin": "x",
            "README": "x",
            "lone.ann": "x",
        },
    )
    assert texts(path, notice=noted.append) == ["kept"]
    (note,) = noted
    assert note.startswith(f"{path}: 4 files of unknown kind passed over (.bin, ")


def test_zip_in_a_zip_is_read_and_no_deeper(tmp_path):
    third = make_zip(tmp_path / "3.zip", {"x.txt": "third"}).read_bytes()
    second = make_zip(tmp_path / "2.zip", {"x.txt": "second", "3.zip": third}).read_bytes()
    path = make_zip(tmp_path / "1.zip", {"x.txt": "first", "in/2.zip": second})
    found, errors = read(path)
    assert [(d.id, d.text, d.source) for d in found] == [
        ("1.zip/in/2.zip/x.txt", "second", "1.zip"),
        ("1.zip/x.txt", "first", "1.zip"),
    ]
    assert [str(error) for error in errors] == [
        f"{path}/in/2.zip/3.zip: is an archive in an archive in an archive; unpack it"
    ]


@pytest.mark.parametrize(
    "name", ["../x.txt", "/etc/x.txt", "a/../../x.txt", "..\\x.txt", "C:\\x.txt", "a\nb.txt"]
)
def test_paths_that_lead_elsewhere_are_refused(tmp_path, name):
    path = make_zip(tmp_path / "a.zip", {name: "evil", "good.txt": "good"})
    found, errors = read(path)
    assert [d.id for d in found] == ["a.zip/good.txt"]
    (error,) = errors
    assert "leads out of the archive" in str(error)


def test_the_last_of_equal_names_counts_and_links_do_not(tmp_path):
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.txt", "first")
        archive.writestr(link, "/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x.txt", "second")
    assert texts(tmp_path / "a.zip") == ["second"]


def test_encrypted_entries_are_told_and_the_others_read(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a.txt": "secret", "b.txt": "plain"})
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    found, errors = read(path)
    assert [d.text for d in found] == ["plain"]
    assert [(str(e), e.reason) for e in errors] == [
        (f"{path}/a.txt: is encrypted; unpack the archive first", "encrypted")
    ]


def test_empty_archives_and_entries(tmp_path):
    assert [e.reason for e in read(make_zip(tmp_path / "a.zip", {}))[1]] == ["empty"]
    found, errors = read(make_zip(tmp_path / "b.zip", {"a.txt": " ", "b.txt": "b"}))
    assert ([d.text for d in found], [e.reason for e in errors]) == (["b"], ["empty"])


# --- damage -------------------------------------------------------------------------------------


def test_truncated_files_are_an_error(tmp_path):
    noise = "\n".join(RANDOM.randbytes(200).hex() for _ in range(500))
    archive = make_zip(tmp_path / "a.zip", {"a.txt": noise}).read_bytes()
    for compression in (*COMPRESSIONS, ".zip"):
        packed = archive if compression == ".zip" else compress(noise.encode(), compression)
        name = "cut.zip" if compression == ".zip" else f"cut.txt{compression}"
        for share in (0.05, 0.5, 0.99):
            (tmp_path / name).write_bytes(packed[: int(len(packed) * share)])
            _, errors = read(tmp_path / name)
            assert [error.reason for error in errors] == ["damaged"], (name, share)


def test_entry_that_is_not_what_was_packed_is_its_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "hello world")
        archive.writestr("b.txt", "kept")
    content = (tmp_path / "a.zip").read_bytes().replace(b"hello world", b"hello woes!")
    (tmp_path / "a.zip").write_bytes(content)
    found, errors = read(tmp_path / "a.zip")
    assert [d.text for d in found] == ["kept"]
    assert "Bad CRC-32" in str(errors[0])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_changed_bytes_never_raise(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("changed")
    inner = make_zip(folder / "in.zip", {"x.txt": "x" * 50}).read_bytes()
    content = bytearray(
        make_zip(folder / "a.zip", {"a.txt": "one", "b.jsonl": "{}", "c.zip": inner}).read_bytes()
    )
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "a.zip").write_bytes(content)
    read(folder / "a.zip")


# --- bombs --------------------------------------------------------------------------------------


@pytest.fixture
def small_bounds(monkeypatch):
    monkeypatch.setattr(inflation, "FREE_BYTES", 1 << 20)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_bomb_is_an_error(tmp_path, small_bounds, compression):
    bomb = tmp_path / f"a.txt{compression}"
    bomb.write_bytes(compress((b"x" * 9_999 + b"\n") * 2_000, compression))
    found, errors = read(bomb)
    assert [error.reason for error in errors] == ["too large"]
    assert "inflates more than 250-fold" in str(errors[0])
    assert len(found) < 2_000


def test_what_shrinks_well_is_read_whole(tmp_path, small_bounds):
    lines = "".join(f'{{"text": "line {number}"}}\n' for number in range(100_000))
    path = tmp_path / "a.jsonl.xz"
    path.write_bytes(compress(lines.encode(), ".xz"))
    assert len(lines) > 20 * path.stat().st_size
    assert len(texts(path)) == 100_000


def test_archive_bombs_are_errors(tmp_path, small_bounds):
    zeros = bytes(3 << 20)
    many = make_zip(tmp_path / "many.zip", {f"{n}.txt": zeros for n in range(9)})
    _, errors = read(many)
    assert "too large" in {error.reason for error in errors}
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.txt.gz", gzip.compress(zeros * 9))
    _, errors = read(make_zip(tmp_path / "nested.zip", {"in.zip": nested.getvalue()}))
    assert [error.reason for error in errors] == ["too large"]


def test_directory_of_a_million_entries_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_entries, "_LARGEST_DIRECTORY", 10_000)
    path = make_zip(tmp_path / "a.zip", {f"{number}.txt": "x" for number in range(1_000)})
    found, errors = read(path)
    assert (found, len(errors)) == ([], 1)
    assert "its directory takes" in str(errors[0])


def test_directory_that_claims_to_be_huge_is_not_read(tmp_path):
    content = bytearray(make_zip(tmp_path / "a.zip", {"a.txt": "x"}).read_bytes())
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = struct.pack("<I", 0x7FFFFFFF)
    (tmp_path / "a.zip").write_bytes(content)
    assert [error.reason for error in read(tmp_path / "a.zip")[1]] == ["damaged"]
