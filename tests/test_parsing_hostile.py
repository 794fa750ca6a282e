"""Files that are broken, encrypted or made to harm: an error each, and the run goes on."""

import random
import struct
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

import document_files as made
from document_files import BLOCKS
from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats import parsed
from ner_retriever.text.parsing import ocr, pdf
from ner_retriever.text.parsing.outcome import Job, Notice, Text
from parsing_helpers import read_error, read_one
from reading_documents import read_documents

pytest.importorskip("trafilatura")

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MADE = {
    ".pdf": made.pdf([BLOCKS]),
    ".docx": made.docx(),
    ".odt": made.odt(),
    ".rtf": made.rtf(),
    ".html": made.html(),
    ".epub": made.epub([BLOCKS]),
    ".pptx": made.pptx([[made.heading("A"), made.item("b")]]),
    ".xlsx": made.xlsx({"S": [["a", 1]]}),
    ".eml": made.mail("body", attachments=[("a.pdf", made.pdf([BLOCKS]))]).as_bytes(),
    ".mbox": made.mbox([made.mail("body").as_bytes()]),
    ".md": b"---\ntitle: x\n---\ntext",
}
ZIPPED = (".docx", ".odt", ".epub", ".pptx", ".xlsx")


def docx_of(xml: str | bytes) -> bytes:
    return made.archive({"word/document.xml": xml})


def paragraphs(text: str) -> str:
    return f"<w:document {W}><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"


def sheet_of(rows: str, before: str = "") -> bytes:
    sheet = (
        f'{before}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>'
    )
    with zipfile.ZipFile(BytesIO(MADE[".xlsx"])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return made.archive({**members, "xl/worksheets/sheet1.xml": sheet})


# --- broken ------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pdf", *ZIPPED])
@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 1000, b"%PDF-1.7\n", b"PK\3\4" + b"x" * 99])
def test_what_is_no_such_file(tmp_path: Path, suffix: str, content: bytes) -> None:
    error = read_error(tmp_path / f"a{suffix}", content)
    assert error.reason == "damaged"
    assert str(tmp_path / f"a{suffix}") in str(error)


@pytest.mark.parametrize("suffix", MADE)
def test_cut_and_changed_files_give_documents_or_errors(tmp_path: Path, suffix: str) -> None:
    content = MADE[suffix]
    generator = random.Random(0)  # noqa: S311
    path = tmp_path / f"a{suffix}"
    for _ in range(12):
        changed = bytearray(content[: generator.randrange(len(content))])
        for _ in range(generator.randrange(4)):
            if changed:
                changed[generator.randrange(len(changed))] = generator.randrange(256)
        path.write_bytes(changed)
        found: list[DocumentError | Document] = []
        found += read_documents([path], on_error=found.append)
        assert found
    assert read_one(tmp_path / "good.md", b"still read").text == "still read"


def test_a_broken_file_among_good_ones(tmp_path: Path) -> None:
    for name, content in (("a.docx", MADE[".docx"]), ("b.pdf", b"%PDF"), ("c.odt", MADE[".odt"])):
        (tmp_path / name).write_bytes(content)
    errors: list[DocumentError] = []
    documents = list(read_documents([tmp_path], on_error=errors.append))
    assert [document.id for document in documents] == ["a.docx", "c.odt"]
    assert [error.reason for error in errors] == ["damaged"]


# --- encrypted ---------------------------------------------------------------------------------


def test_encrypted_files(tmp_path: Path) -> None:
    secret = b"/Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s>" % (b"00" * 32, b"11" * 32)
    content = MADE[".pdf"].replace(
        b"/Info 4 0 R", b"/Info 4 0 R /ID [<00> <00>] /Encrypt << %s >>" % secret
    )
    assert read_error(tmp_path / "a.pdf", content).reason == "encrypted"
    office = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512
    name = "EncryptedPackage".encode("utf-16-le")
    for suffix in (".docx", ".pptx", ".xlsx"):
        assert read_error(tmp_path / f"a{suffix}", office + name).reason == "encrypted"
        assert "old binary" in str(read_error(tmp_path / f"b{suffix}", office))
    manifest = {"content.xml": b"\x93\x01", "META-INF/manifest.xml": "<m><encryption-data/></m>"}
    assert read_error(tmp_path / "a.odt", made.archive(manifest)).reason == "encrypted"
    locked = bytearray(MADE[".epub"])
    # The flag of encryption, in each entry of the directory.
    place = locked.find(b"PK\1\2")
    while place >= 0:
        locked[place + 8] |= 1
        place = locked.find(b"PK\1\2", place + 1)
    assert read_error(tmp_path / "a.epub", bytes(locked)).reason == "encrypted"


# --- bombs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ZIPPED)
def test_archives_that_would_unpack_to_much_more(tmp_path: Path, suffix: str) -> None:
    names = ("word/document.xml", "content.xml", "xl/workbook.xml", "ppt/presentation.xml")
    bomb = made.archive(dict.fromkeys((*names, "META-INF/container.xml"), b"\0" * (20 << 20)))
    assert len(bomb) < 1 << 18
    error = read_error(tmp_path / f"a{suffix}", bomb)
    assert (error.reason, "would unpack to" in str(error)) == ("too large", True)


def test_an_archive_whose_directory_lies(tmp_path: Path) -> None:
    content = docx_of(paragraphs("x" * 100_000))
    place = content.find(b"PK\1\2")
    lying = bytearray(content)
    struct.pack_into("<I", lying, place + 24, 100)
    assert read_error(tmp_path / "a.docx", bytes(lying)).reason == "damaged"


@pytest.mark.parametrize("depth", [2, 9])
def test_entities_are_not_unfolded(tmp_path: Path, depth: int) -> None:
    entities = '<!ENTITY e0 "boom">' + "".join(
        f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, depth)
    )
    body = paragraphs(f"&e{depth - 1};")
    error = read_error(tmp_path / "a.docx", docx_of(f"<!DOCTYPE x [{entities}]>{body}"))
    assert error.reason == "damaged"
    odt = made.archive({"content.xml": f"<!DOCTYPE x [{entities}]><x>&e1;</x>"})
    assert read_error(tmp_path / "a.odt", odt).reason == "damaged"


def test_entities_in_a_sheet(tmp_path: Path) -> None:
    entities = '<!ENTITY e0 "1">' + "".join(
        f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10)
    )
    rows = '<row r="1"><c r="A1"><v>&e9;</v></c></row>'
    start = time.monotonic()
    assert read_error(tmp_path / "a.xlsx", sheet_of(rows, f"<!DOCTYPE x [{entities}]>"))
    assert time.monotonic() - start < 10


def test_other_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    url = (tmp_path / "secret.txt").as_uri()
    for declared in (f'<!ENTITY e SYSTEM "{url}">', f'<!ENTITY % p SYSTEM "{url}"> %p;'):
        content = docx_of(f"<!DOCTYPE x [{declared}]>{paragraphs('a &e; b')}")
        (tmp_path / "a.docx").write_bytes(content)
        found: list[object] = []
        found += read_documents([tmp_path / "a.docx"], on_error=found.append)
        assert "secret" not in "".join(getattr(item, "text", "") for item in found)
        assert len(found) == 1
    page = f'<p>shown</p><iframe src="{url}"></iframe><img src="{url}">'
    assert read_one(tmp_path / "a.html", page.encode()).text == "shown"


def test_xml_that_nests_without_end(tmp_path: Path) -> None:
    deep = "<w:ins>" * 100_000
    assert read_error(tmp_path / "a.docx", docx_of(paragraphs(deep))).reason == "damaged"
    page = b"<div><ul><li>" * 50_000 + b"text"
    (tmp_path / "a.html").write_bytes(page)
    found: list[object] = []
    found += read_documents([tmp_path / "a.html"], on_error=found.append)
    assert len(found) == 1
    assert read_error(tmp_path / "a.rtf", b"{\\rtf1 " + b"{" * 100_000).reason == "damaged"


def test_a_million_empty_rows(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>7</v></c></row>' + "".join(
        f'<row r="{number}"/>' for number in range(2, 1_000_001)
    )
    content = sheet_of(rows)
    read_one(tmp_path / "warm.xlsx", MADE[".xlsx"])
    start = time.monotonic()
    assert read_one(tmp_path / "a.xlsx", content).text == "7"
    assert time.monotonic() - start < 5


def test_files_of_more_bytes_than_are_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsed, "LARGEST_FILE", 1 << 20)
    error = read_error(tmp_path / "a.md", b"x" * (3 << 20))
    assert (error.reason, "over 1 MiB" in str(error)) == ("too large", True)
    assert read_one(tmp_path / "b.md", b"next").text == "next"


# --- scanned pages -----------------------------------------------------------------------------


def test_scanned_pages_without_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    notice, text = pdf.parse_pdf(made.pdf([BLOCKS, [], [], BLOCKS, []]), Job(suffix=".pdf"))
    assert isinstance(notice, Notice)
    assert notice.message == ("pages 2, 3, 5 have no text; install tesseract to read scanned pages")
    assert isinstance(text, Text)
    assert len(text.pages) == 5
    assert text.pages[1] == text.pages[2] == text.pages[3] - 2
    assert text.pages[4] == len(text.text)


def test_a_pdf_without_text(tmp_path: Path) -> None:
    error = read_error(tmp_path / "a.pdf", made.pdf([[], []]))
    assert error.reason == "no text"


@pytest.mark.skipif(not ocr.is_installed(), reason="needs tesseract")
def test_scanned_pages_are_recognised(tmp_path: Path) -> None:
    import pypdfium2

    page = pypdfium2.PdfDocument(made.pdf([BLOCKS[:3]]))[0].render(scale=3).to_pil()
    page.save(tmp_path / "scan.pdf")
    document = read_one(tmp_path / "a.pdf", (tmp_path / "scan.pdf").read_bytes())
    assert "The Supreme Court of Norway sits in Oslo." in document.text
    assert "\n\nThe Supreme" in document.text
    said: list[str] = []
    both = made.pdf([BLOCKS, []])
    read_one(tmp_path / "b.pdf", both, ocr_languages="xyz", notice=said.append)
    assert "b.pdf: page 2 has no text (tesseract: " in said[0]
