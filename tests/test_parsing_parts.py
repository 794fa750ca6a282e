"""What parsers are made of: blocks and pages, markers of lists, dates, encodings, frames."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.documents import Document
from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.dates import iso_of_mail, iso_of_pdf
from ner_retriever.text.parsing.decoding import decode_text
from ner_retriever.text.parsing.frames import (
    CONTENT,
    BrokenFrame,
    Message,
    decode,
    encode,
    read_frame,
    write_frame,
)
from ner_retriever.text.parsing.outcome import End, Failure, Job, Notice, Row, Text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_blocks_stand_between_blank_lines() -> None:
    blocks = Blocks()
    blocks.paragraph("  One\n \n\n two ")
    blocks.item("a\nb", "1.")
    blocks.item("c", depth=1)
    blocks.row(["x", " y\nz ", ""])
    blocks.row(["", "", ""])
    blocks.row(["", "w"])
    blocks.end_table()
    blocks.row(["v"])
    blocks.paragraph("\n")
    assert blocks.text == "One\ntwo\n\n1. a b\n  - c\n\nx\ty z\n\tw\n\nv"


@given(st.lists(st.lists(TEXTS, max_size=3), max_size=5))
def test_pages_begin_with_their_first_block(pages: list[list[str]]) -> None:
    blocks = Blocks()
    for page in pages:
        blocks.page()
        for text in page:
            blocks.paragraph(text)
    document = Document("a", blocks.text, pages=blocks.pages)
    assert len(document.pages) == len(pages)
    for start, page in zip(document.pages, pages, strict=True):
        first = next((text.strip() for text in page if text.strip()), "")
        assert document.text[start:].startswith(first.split("\n")[0].rstrip()[:1])


def test_numerals() -> None:
    from ner_retriever.text.parsing.numbering import _numeral

    forms = {
        "decimal": ["1", "4", "28"],
        "lowerLetter": ["a", "d", "bb"],
        "upperRoman": ["I", "IV", "XXVIII"],
        "lowerRoman": ["i", "iv", "xxviii"],
        "ordinal": ["1", "4", "28"],
    }
    for form, expected in forms.items():
        assert [_numeral(number, form) for number in (1, 4, 28)] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("D:20240131123000+01'00'", "2024-01-31T12:30:00+01:00"),
        ("D:20240131123000Z", "2024-01-31T12:30:00+00:00"),
        ("D:202401311230", "2024-01-31T12:30:00"),
        ("20240131", "2024-01-31"),
        ("D:2024", "2024"),
        ("D:20241331", ""),
        ("January", ""),
        ("", ""),
    ],
)
def test_dates_of_pdf(given: str, expected: str) -> None:
    assert iso_of_pdf(given) == expected


def test_dates_of_mail() -> None:
    assert iso_of_mail("31 Jan 24 12:30 -0500") == "2024-01-31T12:30:00-05:00"
    for broken in ("", "soon", "Wed, 99 Jan 2024 12:30:00 +0100", "1 Jan 2024 12:30:00 +9999999"):
        assert iso_of_mail(broken) == ""


@pytest.mark.parametrize(
    ("content", "charset", "expected"),
    [
        ("Åse".encode(), "", "Åse"),
        ("Åse".encode(), "us-ascii", "Åse"),
        ("Åse".encode("cp1252"), "utf-8", "Åse"),
        ("“x”".encode("cp1252"), "iso-8859-1", "“x”"),
        ("Åse".encode("utf-16"), "utf-8", "Åse"),
        (b"x\x81", "", "x\ufffd"),
        (b"abc", "base64", "abc"),
        (b"abc", "idna\0", "abc"),
    ],
)
def test_encodings(content: bytes, charset: str, expected: str) -> None:
    assert decode_text(content, charset) == expected


MESSAGES: list[Message] = [
    Job(suffix=".pdf", text_columns=("a", "b")),
    Text(text="Å\ud800", fields={"a": ["b"]}, pages=(0, 1), path=("x",), attached_to=()),
    Text(text=""),
    Row(record={"a": None, "b": 1.5}, sheet="S", number=3),
    Failure(message="m", reason="r"),
    Notice(message="n", path=("p", "q")),
    End(retires=True),
]


def test_messages_come_through_as_they_are() -> None:
    assert decode(encode(MESSAGES)) == MESSAGES


@pytest.mark.parametrize("content", [b"", b"{}x", b'[["Nothing", {}]]', b'[["Text", {"no": 1}]]'])
def test_what_is_no_message(content: bytes) -> None:
    with pytest.raises(BrokenFrame):
        decode(content)


@given(st.binary())
def test_frames(content: bytes) -> None:
    stream = io.BytesIO()
    write_frame(stream, CONTENT, content)
    written = stream.getvalue()
    assert read_frame(io.BytesIO(written)) == (CONTENT, content)
    with pytest.raises(BrokenFrame):
        read_frame(io.BytesIO(written[:-1]))
