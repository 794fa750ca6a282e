"""Text files in other encodings, and documents between blank lines."""

import bz2
import gzip
import io
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_helpers import error, run
from ner_retriever.documents import Document
from ner_retriever.errors import ConfigError, DocumentError
from reading_documents import read_documents

COMPRESS = {
    "": lambda content: content,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}
TEXT = "Zoë met Łukasz 東京😀\nin São Paulo\n"
# Line ends of Windows, which stay out of documents of a line.
LETTERS = st.text(st.characters(codec="utf-16", exclude_characters="\r\n\ufeff"), max_size=8)


def read(path: Path, content: bytes, **options: object) -> list[str]:
    path.write_bytes(content)
    found = read_documents([path], **options)  # type: ignore[arg-type]
    return [document.text for document in found]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("compression", COMPRESS)
def test_encodings_with_a_mark_are_recognised(
    tmp_path: Path, encoding: str, compression: str
) -> None:
    marked = TEXT if encoding in {"utf-16", "utf-32", "utf-8-sig"} else f"\ufeff{TEXT}"
    content = marked.encode(encoding)
    found = read(tmp_path / f"a.txt{compression}", COMPRESS[compression](content))
    assert found == TEXT.splitlines()


@pytest.mark.parametrize("compression", [".gz", ".bz2", ".xz"])
@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl", ".json", ".parquet"])
def test_compressed_files_of_each_kind(tmp_path: Path, compression: str, suffix: str) -> None:
    table = io.BytesIO()
    pq.write_table(pa.table({"text": ["Rome"]}), table)
    content = {
        ".txt": b"Rome\n",
        ".csv": b"text\nRome\n",
        ".jsonl": b'{"text": "Rome"}\n',
        ".json": b'[{"text": "Rome"}]',
        ".parquet": table.getvalue(),
    }[suffix]
    packed = COMPRESS[compression](content)
    path = tmp_path / f"a{suffix}{compression}"
    assert read(path, packed) == ["Rome"]
    assert read(path, packed, encoding="latin-1") == ["Rome"]
    with pytest.raises(DocumentError, match="cannot be read"):
        read(path, packed[: len(packed) // 2])
    with pytest.raises(DocumentError, match="cannot be read"):
        read(path, b"not compressed at all")


def test_columns_of_one_name(tmp_path: Path) -> None:
    both = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(both, tmp_path / "a.parquet")
    with pytest.raises(DocumentError, match="2 columns are called 'text'; rename all but one"):
        list(read_documents([tmp_path / "a.parquet"]))
    others = pa.Table.from_arrays([pa.array(["a"])] * 3, names=["text", "x", "x"])
    pq.write_table(others, tmp_path / "b.parquet")
    assert [found.text for found in read_documents([tmp_path / "b.parquet"])] == ["a"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1252", "Zoë paid 5 €"), ("latin-1", "São"), ("utf-16-le", "Łódź"), ("shift_jis", "東京")],
)
@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl", ".json"])
def test_an_encoding_can_be_named(tmp_path: Path, encoding: str, text: str, suffix: str) -> None:
    content = {
        ".txt": f"{text}\n",
        ".csv": f"text\n{text}\n",
        ".jsonl": f'{{"text": "{text}"}}\n',
        ".json": f'[{{"text": "{text}"}}]',
    }[suffix]
    assert read(tmp_path / f"a{suffix}", content.encode(encoding), encoding=encoding) == [text]


@given(st.lists(LETTERS.filter(str.strip), min_size=1, max_size=30))
def test_what_is_read_does_not_hang_on_the_encoding(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("encodings") / "a.txt"
    text = "\n".join(lines) + "\n"
    expected = read(path, text.encode("utf-8"))
    assert expected == lines
    assert read(path, text.encode("utf-16")) == expected
    assert read(path, text.encode("utf-16-be"), encoding="utf-16-be") == expected


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"caf\xe9\n", "read it with --encoding cp1252"),
        (gzip.compress(b"a"), "it is a gzip file by its first bytes; let its name end in .gz"),
        ("aŁ".encode("utf-16-le") + b"\xff\xff", "read it with --encoding utf-16-le"),
    ],
)
def test_what_is_no_utf8_is_named(tmp_path: Path, content: bytes, advice: str) -> None:
    with pytest.raises(DocumentError, match="not UTF-8") as caught:
        read(tmp_path / "a.txt", content)
    assert advice in str(caught.value)


def test_wrong_and_unknown_encodings(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        read(tmp_path / "a.txt", b"caf\xe9\n", encoding="ascii")
    for unknown in ("klingon", "hex", "base64"):
        with pytest.raises(ConfigError, match="unknown encoding"):
            read(tmp_path / "a.txt", b"a\n", encoding=unknown)


PARAGRAPHS = "One\ntwo\n\n\n  \nThree \r\nfour\r\n\r\nfive"


def test_blank_lines_part_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(PARAGRAPHS.encode())
    found = list(read_documents([path], paragraphs=True))
    assert found == [
        Document("a.txt:1", "One\ntwo"),
        Document("a.txt:6", "Three \r\nfour"),
        Document("a.txt:9", "five"),
    ]


def test_a_paragraph_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\n\nlong\nlong\nlong\n\nb\xe9d\nhere\n\nlast\n")
    errors: list[DocumentError] = []
    found = read_documents([path], paragraphs=True, max_characters=9, on_error=errors.append)
    assert [document.text for document in found] == ["one", "last"]
    long, bad = map(str, errors)
    assert long.startswith(f"{path}:3: a document of over 9")
    assert bad.startswith(f"{path}:7: not UTF-8")


def test_the_command_takes_them(tmp_path: Path, toy_preset: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("Zoë\nmet\n\nŁukasz\n".encode("utf-16-le"))
    options = ["--out", tmp_path / "index", "--preset", toy_preset, "--detector", "spacy"]
    outcome = run("index", file, *options, "--paragraphs", "--encoding", "utf-16-le")
    assert outcome.code == 0, outcome
    assert "2 new" in outcome.err
    assert "unknown encoding 'klingon'" in error("index", file, *options, "--encoding", "klingon")
