"""Each kind of document: its text, fields and pages against what was put in."""

import gzip
import itertools
from pathlib import Path

import pytest

import document_files as made
from document_files import BLOCKS, heading, item, paragraph, row
from ner_retriever.documents import page_of
from parsing_helpers import read_all, read_error, read_one

pytest.importorskip("trafilatura")

CHAPTERS = (BLOCKS[:6], BLOCKS[6:])
# As one text: written with python-docx, or as the formats' specifications have it.
WHOLE = {
    ".docx": made.docx(),
    ".odt": made.odt(),
    ".rtf": made.rtf(),
    ".html": made.html(),
    ".htm": made.html(),
    ".xhtml": made.html(),
    ".epub": made.epub(CHAPTERS),
    ".pdf": made.pdf([BLOCKS], width=100),
}


@pytest.mark.parametrize("suffix", WHOLE)
def test_text_and_fields(tmp_path: Path, suffix: str) -> None:
    document = read_one(tmp_path / f"a{suffix}", WHOLE[suffix])
    assert document.text == made.plain(BLOCKS)
    assert document.id == document.source == f"a{suffix}"
    assert document.fields["title"] == made.TITLE
    assert document.fields["author"] == made.AUTHOR
    assert str(document.fields["date"]).startswith(made.DATE)


@pytest.mark.parametrize("suffix", WHOLE)
def test_two_readings_are_equal_and_compression_changes_nothing(
    tmp_path: Path, suffix: str
) -> None:
    first, second = (read_one(tmp_path / f"a{suffix}", WHOLE[suffix]) for _ in range(2))
    packed = read_one(tmp_path / f"a{suffix}.gz", gzip.compress(WHOLE[suffix]))
    assert (first.text, first.fields, first.pages) == (second.text, second.fields, second.pages)
    assert (first.text, first.fields, first.pages) == (packed.text, packed.fields, packed.pages)


def test_an_encoding_that_is_told_leaves_other_files_than_texts_alone(tmp_path: Path) -> None:
    for suffix in (".docx", ".pdf", ".epub"):
        document = read_one(tmp_path / f"a{suffix}", WHOLE[suffix], encoding="cp1252")
        assert document.text == made.plain(BLOCKS)
    page = "<p>Ærlig talt: the court of Åse</p>".encode("utf-16-le")
    assert "Åse" in read_one(tmp_path / "a.html", page, encoding="utf-16-le").text


# --- PDF ---------------------------------------------------------------------------------------


def test_pages_of_a_pdf(tmp_path: Path) -> None:
    document = read_one(tmp_path / "a.pdf", made.pdf([*CHAPTERS, [paragraph("The end.")]]))
    starts = [document.text.index(text) for text in ("The courts", "Court\tJudges", "The end.")]
    assert list(document.pages) == starts
    assert page_of(document.pages, document.text.index("Youngstorget")) == 2
    assert document.text[document.pages[1] - 2 : document.pages[1]] == "\n\n"


def test_lines_and_paragraphs_of_a_pdf(tmp_path: Path) -> None:
    long = paragraph(" ".join(f"word{number}" for number in range(60)))
    document = read_one(tmp_path / "a.pdf", made.pdf([[long, paragraph("Short."), long]]))
    first, second, third = document.text.split("\n\n")
    assert first == third
    assert second == "Short."
    assert first.replace("\n", " ") == long.text
    assert "\n" in first


def test_spaces_that_fill_a_line_part_no_cells(tmp_path: Path) -> None:
    words, wide = b"(Attorney) Tj %d 0 Td (General) Tj %d 0 Td (filed) Tj", (66, 60)
    # Letters are 6 points wide: both gaps have 18 points.
    stretched = made.pdf([[paragraph("X")]]).replace(b"(X) Tj", words % wide)
    assert read_one(tmp_path / "a.pdf", stretched).text == "Attorney General filed"
    cells = made.pdf([[paragraph("X")]]).replace(b"(X) Tj", words % (66, 90))
    assert read_one(tmp_path / "b.pdf", cells).text == "Attorney\tGeneral\tfiled"


def test_fields_of_a_pdf_without_what_programs_put_there(tmp_path: Path) -> None:
    for title in ("Microsoft Word - report.doc", "untitled", "thesis.dvi"):
        document = read_one(tmp_path / "a.pdf", made.pdf([BLOCKS], title=title))
        assert "title" not in document.fields
    assert document.fields["date"] == "2024-01-31T12:30:00+01:00"


# --- office documents --------------------------------------------------------------------------


def test_numbered_and_nested_lists_of_docx(tmp_path: Path) -> None:
    import io

    import docx

    document = docx.Document()
    document.add_paragraph("One", style="List Number")
    document.add_paragraph("Two", style="List Number")
    document.add_paragraph("Deeper", style="List Bullet 2")
    document.add_heading("Numbered by its style only if that is no heading", 1)
    written = io.BytesIO()
    document.save(written)
    text = read_one(tmp_path / "a.docx", written.getvalue()).text
    assert text.startswith("1. One\n2. Two\n")
    assert "- Deeper\n\nNumbered by" in text


def test_docx_with_insertions_deletions_and_text_boxes(tmp_path: Path) -> None:
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = (
        "<w:p><w:r><w:t>The </w:t></w:r><w:ins><w:r><w:t>Supreme </w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>Low </w:delText></w:r></w:del><w:hyperlink><w:r><w:t>Court</w:t>"
        "</w:r></w:hyperlink></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:r><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></w:r>"
        "</w:p>"
    )
    notes = (
        f'<w:footnotes {w}><w:footnote w:type="separator"><w:p><w:r><w:t>-</w:t></w:r></w:p>'
        "</w:footnote><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>"
        "</w:footnotes>"
    )
    content = made.archive(
        {
            "word/document.xml": f"<w:document {w}><w:body>{body}</w:body></w:document>",
            "word/footnotes.xml": notes,
        }
    )
    expected = "The Supreme Court\n\nIn a control\n\nIn a box\n\nA note."
    assert read_one(tmp_path / "a.docx", content).text == expected


def test_lists_notes_and_boxes_of_odt(tmp_path: Path) -> None:
    names = ("office", "text", "style", "draw")
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names
    )
    lists = (
        '<text:list text:style-name="N"><text:list-item><text:p>one</text:p><text:p>more</text:p>'
        "<text:list><text:list-item><text:p>deeper</text:p></text:list-item></text:list>"
        "</text:list-item></text:list><text:p>between</text:p>"
        '<text:list text:style-name="N" text:continue-numbering="true">'
        "<text:list-item><text:p>two</text:p></text:list-item></text:list>"
    )
    body = (
        f"{lists}<text:p>a<text:s text:c='2'/>b<text:tab/>c<text:line-break/>d<text:note>"
        "<text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p>"
        "</text:note-body></text:note><draw:frame><draw:text-box><text:p>In a box</text:p>"
        "</draw:text-box></draw:frame></text:p>"
    )
    xml = (
        f"<office:document-content {spaces}><office:automatic-styles>"
        '<text:list-style style:name="N"><text:list-level-style-number text:level="1" '
        'style:num-format="1"/><text:list-level-style-bullet text:level="2"/></text:list-style>'
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    assert read_one(tmp_path / "a.odt", made.archive({"content.xml": xml})).text == (
        "1. one\n\nmore\n\n  - deeper\n\nbetween\n\n2. two\n\na  b\tc\nd\n\nIn a box\n\nA note."
    )


def test_slides_are_pages(tmp_path: Path) -> None:
    slides = [
        [heading("First"), item("Oslo"), item("Rome")],
        [heading("Second"), item("Bern"), row("a", "b"), row("c", "d")],
    ]
    document = read_one(tmp_path / "a.pptx", made.pptx(slides, notes="To be said."))
    assert document.text == (
        "First\n\n- Oslo\n- Rome\n\nTo be said.\n\nSecond\n\n- Bern\n\na\tb\nc\td\n\nTo be said."
    )
    assert document.pages == (0, document.text.index("Second"))
    assert document.fields["title"] == made.TITLE


def test_letters_of_rtf(tmp_path: Path) -> None:
    content = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}"
        rb"{\*\unknown hidden}{\pict\bin4 }}{{}\'c5se \f1\'cc\'ee\'f1\'ea\'e2\'e0\f0"
        rb"  \uc2\u8364??x\u-10179??\u-8704??\par a\tab b\line c\par}"
    )
    text = read_one(tmp_path / "a.rtf", content).text
    assert text == "Åse Москва €x😀\n\na\tb\nc"


# --- books and sheets --------------------------------------------------------------------------


def test_a_book_is_read_in_its_order(tmp_path: Path) -> None:
    document = read_one(tmp_path / "a.epub", made.epub(CHAPTERS))
    assert document.fields["publisher"] == "Example Press"
    assert document.fields["language"] == "en"
    assert document.pages == ()


def test_sheets_are_documents(tmp_path: Path) -> None:
    from datetime import date, datetime

    rows = [["Court", "since", None], ["Oslo", date(2024, 1, 31)], ["x", datetime(2024, 1, 1, 9)]]
    one = read_one(tmp_path / "a.xlsx", made.xlsx({"S": rows, "Empty": []}))
    assert one.id == "a.xlsx"
    assert one.text == "Court\tsince\nOslo\t2024-01-31\nx\t2024-01-01T09:00:00"
    two = read_all(tmp_path / "b.xlsx", made.xlsx({"S": rows, "T": [[0.1 + 0.2, True, 7]]}))
    assert [(document.id, document.fields["sheet"]) for document in two] == [
        ("b.xlsx/S", "S"),
        ("b.xlsx/T", "T"),
    ]
    assert two[1].text == "0.3\tTRUE\t7"
    assert "attachment_of" not in two[1].fields


def test_rows_are_documents_where_a_column_holds_texts(tmp_path: Path) -> None:
    records = [["id", "text", "year"], ["x", "The court", 1999], [None, None], [None, "Oslo", 2.5]]
    content = made.xlsx({"S": records, "T": [["other", 1]]})
    documents = read_all(tmp_path / "a.xlsx", content)
    assert [document.id for document in documents] == ["x", "a.xlsx:S:4", "a.xlsx/T"]
    assert documents[0].fields == {"year": 1999}
    assert {document.source for document in documents} == {"a.xlsx"}
    by_year = read_all(tmp_path / "a.xlsx", content, text_field="year")
    assert [document.text for document in by_year] == ["1999", "2.5", "other\t1"]


# --- what all have in common -------------------------------------------------------------------


def test_fields_that_are_asked_for(tmp_path: Path) -> None:
    document = read_one(tmp_path / "a.docx", made.docx(), kept=("author",))
    assert document.fields == {"author": made.AUTHOR}


def test_texts_that_are_too_long(tmp_path: Path) -> None:
    for suffix in (".docx", ".pdf"):
        error = read_error(tmp_path / f"a{suffix}", WHOLE[suffix], max_characters=50)
        assert error.reason == "too large"
        assert "--max-characters" in str(error)


def test_progress_counts_each_byte_once(tmp_path: Path) -> None:
    seen: list[int] = []
    for suffix, content in itertools.islice(WHOLE.items(), 3):
        seen.clear()
        read_one(tmp_path / f"a{suffix}", content, progress=seen.append)
        assert sum(seen) == len(content)
