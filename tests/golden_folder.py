"""A folder as people have it: some sixty files, one of each kind, good and bad.

    python tests/golden_folder.py

writes tests/golden_folder.json anew: what is expected of each file. Read the difference.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import feather, parquet
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

import document_files as made
from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.readers import read_documents
from ner_retriever.text.sources import find_sources

GOLDEN = Path(__file__).with_suffix(".json")
_FRONT_MATTER = "---\ntitle: On Oslo\ntags: [a, b]\ndate: 2020-01-31\n---\nOslo.\n"
_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
_ROWS: dict[str, list[Any]] = {
    "text": ["Ada met Bo in Oslo.", "Rome is old.", "Bonn lies on the Rhine."],
    "year": [2019, 2020, None],
    "tags": [["a", "b"], [], ["c"]],
    "meta": [{"author": "Ada"}, {"author": None}, {"author": "Bo"}],
}
_WRAPPED = (
    "The court of appeal in Oslo heard the case on Mon-\n"
    "day. Judge Anna van der\nBerg spoke first.\n\nThe case goes on.\n"
)
_WIKI = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/">
<siteinfo><base>https://en.wikipedia.org/wiki/Main_Page</base></siteinfo>
<page><title>Rome</title><ns>0</ns><id>1</id><revision><id>2</id>
<timestamp>2024-05-01T12:00:00Z</timestamp><model>wikitext</model>
<text>'''Rome''' is the capital of [[Italy]].

* [[Trevi Fountain]]</text></revision></page></mediawiki>"""
_PUBMED = """<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>7</PMID><Article>
<Journal><Title>Journal of Migraine</Title><JournalIssue><PubDate><Year>2020</Year></PubDate>
</JournalIssue></Journal><ArticleTitle>Sumatriptan again</ArticleTitle>
<Abstract><AbstractText Label="RESULTS">Sumatriptan helped.</AbstractText></Abstract>
<AuthorList><Author><LastName>Berg</LastName><ForeName>Anna</ForeName></Author></AuthorList>
</Article></MedlineCitation></PubmedArticle></PubmedArticleSet>"""
_CONLLU = """# newdoc id = d1
# sent_id = s1
# text = Ada lives in Rome.
1\tAda\tAda\tPROPN\t_\t_\t2\tnsubj\t_\tNER=B-PER
2\tlives\tlive\tVERB\t_\t_\t0\troot\t_\tNER=O
3\tin\tin\tADP\t_\t_\t4\tcase\t_\tNER=O
4\tRome\tRome\tPROPN\t_\t_\t2\tobl\t_\tNER=B-LOC|SpaceAfter=No
5\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\tNER=O

"""
_WEBANNO = (
    "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.Named|value\n\n\n"
    "#Text=Ada met Bo Berg.\n"
    "1-1\t0-3\tAda\tPER\n1-2\t4-7\tmet\t_\n1-3\t8-10\tBo\tPER[1]\n1-4\t11-15\tBerg\tPER[1]\n"
    "1-5\t15-16\t.\t_\n"
)
_MAIL = (
    b"From: Ada Berg <ada@example.org>\nTo: bo@example.org\nSubject: =?utf-8?q?Caf=C3=A9?=\n"
    b"Date: Wed, 31 Jan 2024 10:00:00 +0100\nMessage-ID: <1@example.org>\nMIME-Version: 1.0\n"
)
_PLAIN_MAIL = (
    _MAIL + b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable"
    b"\n\nSee you in the Caf=C3=A9 Einstein=\n, says Bo.\n"
)
_ATTACHED = (
    _MAIL + b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/html\n\n'
    b"<p>The <b>minutes</b> are attached.</p>\n--b\nContent-Type: text/plain\n"
    b'Content-Disposition: attachment; filename="minutes.txt"\n\nThe board met in Lyon.\n--b\n'
    b'Content-Type: image/png\nContent-Disposition: attachment; filename="logo.png"\n\nx\n--b--\n'
)
_ENCRYPTED = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (%s) /U (%s) /P -4 >>" % (
    b"x" * 32,
    b"y" * 32,
)


def make(folder: Path) -> None:
    """Write the files into a folder that is there."""
    for name, content in {**_texts(), **_tables(), **_documents(), **_corpora(), **_bad()}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    tables = folder / "tables"
    parquet.write_table(_table("p"), tables / "rows.parquet", compression="zstd")
    feather.write_feather(_table("f"), tables / "rows.feather")
    _saved_dataset(tables / "saved", _table("s"))
    (folder / "bad" / "gone.txt").symlink_to("nowhere.txt")
    os.mkfifo(folder / "bad" / "pipe.txt")


def golden(folder: Path) -> dict[str, Any]:
    """Read a folder of these files; return documents, errors, notices and what is passed over."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        passed: dict[str, str] = {}
        errors: list[DocumentError] = []
        notices: list[str] = []
        find_sources(["files"], pass_over=lambda path, reason: passed.update({str(path): reason}))
        options = ReadOptions(notice=notices.append)
        documents = list(read_documents(["files"], options, on_error=errors.append))
    finally:
        os.chdir(before)
    return {
        "documents": {document.id: _record(document) for document in documents},
        # How large a bomb is depends on the library that packed it.
        "errors": sorted([_where(error), error.reason] for error in errors),
        "notices": notices,
        "passed over": passed,
    }


def _where(error: DocumentError) -> str:
    assert "\n" not in str(error)
    return re.split(r": | is ", str(error))[0]


def _record(document: Document) -> dict[str, Any]:
    record: dict[str, Any] = {"text": document.text}
    if document.fields:
        record["fields"] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in document.fields.items()
        }
    if document.pages:
        record["pages"] = list(document.pages)
    if document.spans is not None:
        record["mentions"] = [document.text[span.start : span.end] for span in document.spans]
    return record


def _texts() -> dict[str, str | bytes]:
    return {
        "texts/plain.txt": "Ada met Bo in Oslo.\nThey left.\n",
        "texts/wrapped.txt": _WRAPPED,
        "texts/windows.txt": b"Anna Berg\r\nSiemens AG\r\n",
        "texts/utf16.txt": "Zürich".encode("utf-16"),
        "texts/deep/er/inner.txt": "Deep down in Lima.",
        "texts/old.txt.gz": gzip.compress(b"Packed in Rome.", mtime=0),
        "texts/older.txt.bz2": bz2.compress(b"Packed in Bonn."),
        "texts/oldest.txt.xz": lzma.compress(b"Packed in Oslo."),
        "texts/new.txt.zst": pa.compress(b"Packed in Nice.", codec="zstd", asbytes=True),
    }


def _tables() -> dict[str, str | bytes]:
    lines = [json.dumps({"text": text, "n": n}) for n, text in enumerate(_ROWS["text"])]
    arrow = io.BytesIO()
    table = _table("a")
    with pa.ipc.new_stream(arrow, table.schema) as writer:
        writer.write_table(table)
    return {
        "tables/array.json": json.dumps([{"id": 1, "text": "One."}, "Two in Rome."]),
        "tables/one.json": '{\n  "text": "Alone.",\n  "article": {"date": "2020-01-31"}\n}\n',
        "tables/lines.jsonl": "\n".join(lines) + "\n",
        "tables/lines.ndjson.gz": gzip.compress("\n\n".join(lines).encode(), mtime=0),
        "tables/comma.csv": 'id,text,year,zip\na,"Oslo, Norway",2020,007\nb,"Say ""hi""",x,12\n',
        "tables/semicolon.csv": "id;text;date\nc;Rome, Italy;2020-01-31\n",
        "tables/tabs.tsv": 'id\ttext\nd\tA stray " in Bonn\ne\tNext\n',
        "tables/rows.arrow": arrow.getvalue(),
        "tables/records.xlsx": made.xlsx(
            {"Cases": [["id", "text", "year"], ["x1", "The court sat in Lyon.", 2020]]}
        ),
        "tables/sheets.xlsx": made.xlsx(
            {"Names": [["Anna Berg", "Munich"], ["Bo Li", "Oslo"]], "More": [["Siemens", 3]]}
        ),
    }


def _table(name: str) -> pa.Table:
    return pa.table({"id": [f"{name}1", None, f"{name}3"], **_ROWS})


def _documents() -> dict[str, str | bytes]:
    pages = [made.BLOCKS[:3], made.BLOCKS[3:]]
    return {
        "documents/report.pdf": made.pdf(pages),
        "documents/letter.docx": made.docx(),
        "documents/letter.odt": made.odt(),
        "documents/letter.rtf": made.rtf(),
        "documents/slides.pptx": made.pptx(pages),
        "documents/book.epub": made.epub(pages),
        "documents/page.html": made.html(),
        "documents/short.htm": "<title>T</title><p>Bonn &amp; Oslo",
        "documents/read.md": "# On Rome\n\n- Trevi\n- Tiber\n",
        "documents/front.markdown": _FRONT_MATTER,
        "documents/one.eml": _PLAIN_MAIL,
        "documents/attached.eml": _ATTACHED,
        "documents/box.mbox": b"".join(
            b"From ada@example.org Wed Jan 31 10:00:00 2024\n" + mail + b"\n"
            for mail in (_PLAIN_MAIL, _ATTACHED)
        ),
    }


def _corpora() -> dict[str, str | bytes]:
    return {
        "corpora/wiki.xml.bz2": bz2.compress(_WIKI.encode()),
        "corpora/pubmed.xml": _PUBMED,
        "corpora/crawl.warc.gz": _warc(),
        "corpora/a.conll": "Ada B-PER\nmet O\nBo B-PER\n\nRome B-LOC\n",
        "corpora/b.iob2": "# id = s9\nOslo\tB-LOC\n",
        "corpora/c.conllu": _CONLLU,
        "corpora/d.txt": "Ada met Bo Berg.",
        "corpora/d.ann": "T1\tPerson 0 3\tAda\nT2\tPerson 8 15\tBo Berg\n",
        "corpora/e.tsv": _WEBANNO,
        "corpora/all.zip": made.archive(
            {
                "inner/a.txt": "Zipped in Lyon.",
                "inner/b.jsonl": '{"text": "Zipped in Nice.", "year": 2001}\n',
                "inner/c.eml": _PLAIN_MAIL,
                "__MACOSX/inner/._a.txt": "x",
                "inner/d.exe": "x",
            }
        ),
    }


def _bad() -> dict[str, str | bytes]:
    pdf = made.pdf([made.BLOCKS]).replace(b"/Root ", _ENCRYPTED + b" /ID [<00> <00>] /Root ")
    bomb = made.archive(
        {"[Content_Types].xml": "<Types/>", "word/document.xml": b" " * 300_000_000}
    )
    return {
        "bad/empty.txt": "",
        "bad/latin1.txt": "Z\xfcrich".encode("latin-1"),
        "bad/broken.jsonl": '{"text": "Good in Oslo."}\n{"text": \n{"text": 5}\n',
        "bad/broken.pdf": b"%PDF-1.4 and no more",
        "bad/locked.pdf": pdf,
        "bad/locked.docx": _OFFICE + "EncryptedPackage".encode("utf-16-le"),
        "bad/bomb.docx": bomb,
        "bad/half.zip": made.archive({"a.txt": "x"})[:-30],
        "bad/other.xml": "<svg/>",
        "bad/deep.json": "[" * 1_000 + "]" * 1_000,
        "bad/program.exe": b"MZ",
        "bad/.DS_Store": b"x",
        "bad/~$letter.docx": b"x",
        ".git/config.txt": "hidden",
        "__MACOSX/._x.txt": "hidden",
    }


def _warc() -> bytes:
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True)
    page = b"<html><head><title>Bonn</title></head><body><p>Bonn lies on the Rhine.</p></body>"
    headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
    writer.write_record(
        writer.create_warc_record(
            "https://example.org/bonn",
            "response",
            payload=io.BytesIO(page),
            http_headers=headers,
            warc_headers_dict={"WARC-Date": "2024-05-01T12:00:00Z"},
        )
    )
    return stream.getvalue()


def _saved_dataset(folder: Path, table: pa.Table) -> None:
    folder.mkdir()
    with pa.ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), table.schema) as writer:
        writer.write_table(table)
    files = [{"filename": "data-00000-of-00001.arrow"}]
    (folder / "state.json").write_text(json.dumps({"_data_files": files, "_indices_files": None}))
    (folder / "dataset_info.json").write_text("{}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "files").mkdir()
        make(Path(name) / "files")
        found = golden(Path(name))
    GOLDEN.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    sys.stdout.write(f"{len(found['documents'])} documents, {len(found['errors'])} errors\n")


if __name__ == "__main__":
    main()
