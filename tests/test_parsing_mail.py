"""Mails and mailboxes: headers, bodies, attachments, and memory that one mail bounds."""

import gzip
import tracemalloc
from email.message import EmailMessage
from pathlib import Path

import pytest

import document_files as made
from document_files import BLOCKS
from ner_retriever.text.parsing import mail
from ner_retriever.text.parsing.kinds import parser_of
from ner_retriever.text.parsing.outcome import Job, Notice, Text
from parsing_helpers import read_all, read_error, read_errors, read_one
from reading_documents import read_documents

MAIL = Job(suffix=".eml")


def parse(content: bytes) -> list[object]:
    """Parse a mail in this process."""
    return list(parser_of(".eml")(content, MAIL))


def raw(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("latin-1")


def test_headers_and_body(tmp_path: Path) -> None:
    content = made.mail("Dear all,\n\nthe Court of Åse met.\n").as_bytes()
    assert b"=C3=85se" in content
    document = read_one(tmp_path / "a.eml", content)
    assert document.text == "Dear all,\n\nthe Court of Åse met."
    assert document.fields == {
        "title": made.TITLE,
        "author": f"{made.AUTHOR} <jane@example.org>",
        "to": ("Ole <ole@example.org>", "Kari Nordmann <kari@example.org>"),
        "cc": ("archive@example.org",),
        "date": "2024-01-31T12:30:00+01:00",
        "message_id": "<1@example.org>",
    }


def test_plain_text_comes_before_html(tmp_path: Path) -> None:
    both = made.mail("as text", html_body="<p>as a page</p>").as_bytes()
    assert read_one(tmp_path / "a.eml", both).text == "as text"
    page = made.mail(" ", html_body=made.html_body()).as_bytes()
    assert read_one(tmp_path / "a.eml", page).text == made.plain(BLOCKS)


def test_attachments_are_documents(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    inner = made.mail("inner text", subject="Inner", attachments=[("n.txt", "Ås".encode())])
    content = made.mail(
        "outer text",
        attachments=[
            ("report.pdf", made.pdf([BLOCKS])),
            ("photo.png", b"\x89PNG"),
            ("../a/n.txt", "Å".encode("cp1252")),
            ("n.txt", b"one"),
            ("n.txt", b"two"),
            ("sheet.xlsx", made.xlsx({"S": [["text"], ["row"]], "T": [["t"]]})),
        ],
        forwarded=inner,
    ).as_bytes()
    documents = {found.id: found for found in read_all(tmp_path / "a.eml", content)}
    assert list(documents) == [
        "a.eml",
        "a.eml/report.pdf",
        "a.eml/.._a_n.txt",
        "a.eml/n.txt",
        "a.eml/n (2).txt",
        "a.eml/sheet.xlsx/S",
        "a.eml/sheet.xlsx/T",
        "a.eml/message.eml",
        "a.eml/message.eml/n.txt",
    ]
    assert documents["a.eml"].fields["attachments"] == ("photo.png",)
    report = documents["a.eml/report.pdf"]
    assert (report.pages, report.source) == ((0,), "a.eml")
    assert report.fields["attachment_of"] == "a.eml"
    assert documents["a.eml/n.txt"].fields == {
        "title": made.TITLE,
        "date": "2024-01-31T12:30:00+01:00",
        "attachment_of": "a.eml",
    }
    assert documents["a.eml/sheet.xlsx/S"].fields["attachment_of"] == "a.eml"
    assert documents["a.eml/message.eml"].fields["title"] == "Inner"
    assert documents["a.eml/message.eml/n.txt"].fields["attachment_of"] == "a.eml/message.eml"
    assert documents["a.eml/message.eml/n.txt"].text == "Ås"


def test_a_broken_attachment_is_an_error_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    attachments = [("a.pdf", b"%PDF-1.4 no more"), ("b.docx", b"no zip"), ("c.txt", b"fine")]
    (tmp_path / "a.eml").write_bytes(made.mail("text", attachments=attachments).as_bytes())
    errors: list[Exception] = []
    documents = list(read_documents([tmp_path / "a.eml"], on_error=errors.append))
    assert [document.id for document in documents] == ["a.eml", "a.eml/c.txt"]
    assert [error.reason for error in errors] == ["damaged", "damaged"]  # type: ignore[attr-defined]
    assert "a.eml/a.pdf: cannot be read as PDF" in str(errors[0])


@pytest.mark.parametrize(
    ("lines", "text", "title"),
    [
        (("Subject: =?iso-8859-1?Q?=C5se?= =?utf-8?B?w4U=?=", "", "x"), "x", "ÅseÅ"),
        (("Subject: no =?nosuch?Q?=C5?=", "", "x"), "x", "no Å"),
        (("Subject: \xc5se", "", "\xc5se"), "Åse", "Åse"),
        (("Subject: a", "Content-Type: text/plain; charset=nosuch", "", "\xc5"), "Å", "a"),
        (("Subject: a", "Content-Transfer-Encoding: base64", "", "w4U="), "Å", "a"),
        (("Subject: only this", "", ""), "only this", "only this"),
        (("Subject: a", "Date: no date", "To: ,;<", "From: @", "", "x"), "x", "a"),
    ],
)
def test_broken_and_unusual_mails(lines: tuple[str, ...], text: str, title: str) -> None:
    (found,) = parse(raw(*lines))
    assert isinstance(found, Text)
    assert (found.text, found.fields["title"]) == (text, title)


def test_no_mail(tmp_path: Path) -> None:
    assert read_error(tmp_path / "a.eml", b"\n\nno headers\n").reason == "damaged"
    assert read_error(tmp_path / "b.eml", b"X-Nothing: here\n\n").reason == "no text"


def test_a_large_attachment_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "LARGEST_ATTACHMENT", 1 << 20)
    attachments = [("big.txt", b"x" * (3 << 20)), ("small.txt", b"small")]
    found = [
        item
        for item in parse(made.mail("body", attachments=attachments).as_bytes())
        if isinstance(item, Text | Notice)
    ]
    assert [getattr(item, "text", item) for item in found] == [
        "body",
        Notice(message="left out: an attachment of over 1 MiB", path=("big.txt",)),
        "small",
    ]


def test_mails_in_mails_are_read_to_a_depth() -> None:
    nested = made.mail("innermost")
    for level in range(10):
        nested = made.mail(f"level {level}", forwarded=nested)
    found = parse(nested.as_bytes())
    texts = [item.text for item in found if isinstance(item, Text)]
    assert texts == [f"level {level}" for level in range(9, 3, -1)]
    assert len([item for item in found if isinstance(item, Notice)]) == 1


def test_parts_that_nest_without_end(tmp_path: Path) -> None:
    depth = 5_000
    heads = "".join(
        f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n'
        for level in range(depth)
    )
    error = read_error(tmp_path / "a.eml", f"Subject: x\n{heads}\ntext".encode())
    assert error.reason == "damaged"
    parts = "--b\n\nx\n" * (mail.MOST_PARTS + 1)
    content = f'Subject: x\nContent-Type: multipart/mixed; boundary="b"\n\n{parts}'.encode()
    assert read_error(tmp_path / "b.eml", content).reason == "too large"


# --- mailboxes ---------------------------------------------------------------------------------


def test_a_mailbox(tmp_path: Path) -> None:
    mails = [
        made.mail("From the court\n>From there\nto here", attachments=[("a.txt", b"attached")]),
        made.mail("second", subject="B"),
    ]
    content = made.mbox([found.as_bytes() for found in mails])
    assert b"\n>>From there" in content
    for path, written in (
        (tmp_path / "a.mbox", content),
        (tmp_path / "b.mbox.gz", gzip.compress(content)),
    ):
        documents = read_all(path, written)
        name = path.name
        assert [found.id for found in documents] == [f"{name}:1", f"{name}:1/a.txt", f"{name}:2"]
        assert documents[0].text == "From the court\n>From there\nto here"
        assert documents[1].fields["attachment_of"] == f"{name}:1"
        assert documents[2].fields["title"] == "B"
        assert {found.source for found in documents} == {name}


def test_a_sentence_is_no_border(tmp_path: Path) -> None:
    content = made.mail("first").as_bytes() + b"\nFrom here on, nothing.\n\nFrom x"
    lines = b"From a@b.org Mon Jan 1 00:00:00 2024\n" + content + b"\n\n"
    documents = read_all(tmp_path / "a.mbox", lines * 2)
    assert [found.text for found in documents] == ["first\n\nFrom here on, nothing.\n\nFrom x"] * 2


def test_a_bad_mail_in_a_mailbox_is_its_error(tmp_path: Path) -> None:
    content = made.mbox([b"\n\nno mail\n", made.mail("fine").as_bytes()])
    (tmp_path / "a.mbox").write_bytes(content)
    errors: list[Exception] = []
    (document,) = read_documents([tmp_path / "a.mbox"], on_error=errors.append)
    assert document.id == "a.mbox:2"
    assert "a.mbox:1: cannot be read as mail" in str(errors[0])


def test_what_is_no_mailbox(tmp_path: Path) -> None:
    assert read_error(tmp_path / "a.mbox", b"").reason == "empty"
    assert read_error(tmp_path / "b.mbox", b"just text\n\nwith lines\n").reason == "damaged"
    packed = gzip.compress(made.mbox([made.mail("x").as_bytes()]))[:-20]
    assert read_errors(tmp_path / "c.mbox.gz", packed)[-1].reason == "damaged"


def test_a_mailbox_needs_the_memory_of_a_mail(tmp_path: Path) -> None:
    large = made.mail("body", attachments=[("a.bin", b"x" * (1 << 20))]).as_bytes()
    path = tmp_path / "a.mbox"
    path.write_bytes(made.mbox([large] * 30))
    tracemalloc.start()
    count = sum(1 for _ in read_documents([path]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30
    assert peak < 8 << 20


def test_a_mail_that_is_too_large_does_not_end_its_mailbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ner_retriever.text.formats import parsed

    monkeypatch.setattr(parsed, "LARGEST_FILE", 1 << 20)
    large = made.mail("x" * (2 << 20)).as_bytes()
    (tmp_path / "a.mbox").write_bytes(made.mbox([large, made.mail("next").as_bytes()]))
    errors: list[Exception] = []
    (document,) = read_documents([tmp_path / "a.mbox"], on_error=errors.append)
    assert (document.id, document.text) == ("a.mbox:2", "next")
    assert "over 1 MiB" in str(errors[0])


def test_a_mail_made_with_the_standard_library_is_one(tmp_path: Path) -> None:
    simple = EmailMessage()
    simple["Subject"] = "x"
    simple.set_content("hello")
    assert read_one(tmp_path / "a.eml", simple.as_bytes()).text == "hello"
