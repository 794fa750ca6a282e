"""Web archives."""

import gzip
from io import BytesIO
from pathlib import Path

import pytest

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.sources import count_hint
from reading_documents import read_documents

warcwriter = pytest.importorskip("warcio.warcwriter")
statusandheaders = pytest.importorskip("warcio.statusandheaders")
pytest.importorskip("trafilatura")

DATE = "2024-05-01T12:00:00Z"
PAGE = "<html><head><title>{0}</title></head><body><p>Hello from {0}, a page.</p></body></html>"


def record(writer, url, content, kind="text/html", *, status="200 OK", headers=(), how="response"):
    sent = statusandheaders.StatusAndHeaders(
        status, [("Content-Type", kind), *headers], protocol="HTTP/1.1"
    )
    writer.write_record(
        writer.create_warc_record(
            url,
            how,
            payload=BytesIO(content),
            http_headers=sent if how == "response" else None,
            warc_headers_dict={"WARC-Date": DATE},
            warc_content_type=kind if how != "response" else "",
        )
    )


def archive(path: Path, *, packed: bool, fill) -> Path:
    with path.open("wb") as file:
        writer = warcwriter.WARCWriter(file, gzip=packed)
        writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "test"}))
        fill(writer)
    return path


def fill(writer):
    record(writer, "http://a.org/", PAGE.format("A").encode())
    record(writer, "http://a.org/x.png", b"\x89PNG", "image/png")
    record(writer, "http://a.org/t", "Grüße".encode("cp1252"), "text/plain; charset=cp1252")
    record(writer, "http://a.org/gone", PAGE.format("X").encode(), status="404 Not Found")
    record(writer, "http://a.org/", PAGE.format("B").encode())
    record(
        writer,
        "http://a.org/z",
        gzip.compress(PAGE.format("Zürich").encode("latin-1")),
        "text/html; charset=ISO-8859-1",
        headers=[("Content-Encoding", "gzip")],
    )
    record(writer, "http://a.org/w", b"Converted text.", "text/plain", how="conversion")
    record(writer, "http://a.org/empty", b"", "text/html")


def read(path: Path, **options) -> tuple[list[Document], list[DocumentError]]:
    errors: list[DocumentError] = []
    found = list(read_documents([path], on_error=errors.append, **options))
    assert all("\n" not in str(error) for error in errors)
    return found, errors


@pytest.mark.parametrize(("name", "packed"), [("a.warc", False), ("a.warc.gz", True)])
def test_pages_of_an_archive(tmp_path, name, packed):
    path = archive(tmp_path / name, packed=packed, fill=fill)
    steps: list[int] = []
    found, errors = read(path, progress=steps.append)
    assert not errors
    assert [d.id for d in found] == [
        "http://a.org/",
        "http://a.org/t",
        f"{name}:6",
        "http://a.org/z",
        "http://a.org/w",
    ]
    assert "Hello from A, a page." in found[0].text
    assert "Hello from Zürich" in found[3].text
    assert [found[1].text, found[4].text] == ["Grüße", "Converted text."]
    assert found[0].fields["url"] == found[2].fields["url"] == "http://a.org/"
    assert {d.fields["date"] for d in found} == {DATE}
    assert {d.source for d in found} == {name}
    assert found[2].origin == f"{path}:6"
    assert sum(steps) == count_hint([path])
    assert read(path)[0] == found


def test_page_that_is_too_large_is_its_error(tmp_path):
    def large(writer):
        record(writer, "http://a.org/1", b"x" * 100_000, "text/plain")
        record(writer, "http://a.org/2", b"short", "text/plain")

    path = archive(tmp_path / "a.warc", packed=False, fill=large)
    found, errors = read(path, max_characters=1_000)
    assert ([d.text for d in found], [e.reason for e in errors]) == (["short"], ["too large"])


def test_page_that_inflates_without_end_is_its_error(tmp_path):
    def bomb(writer):
        record(
            writer,
            "http://a.org/1",
            gzip.compress(bytes(50_000_000)),
            headers=[("Content-Encoding", "gzip")],
        )

    path = archive(tmp_path / "a.warc", packed=False, fill=bomb)
    assert [e.reason for e in read(path, max_characters=10_000)[1]] == ["too large"]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("packed", [False, True])
def test_truncated_archives_are_errors(tmp_path, share, packed):
    def many(writer):
        for number in range(30):
            record(writer, f"http://a.org/{number}", f"text {number} ".encode() * 40, "text/plain")

    path = archive(tmp_path / f"a.warc{'.gz' * packed}", packed=packed, fill=many)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    found, errors = read(path)
    assert 0 < len(found) <= 30
    assert [error.reason for error in errors] == ["damaged"]


@pytest.mark.parametrize("content", [b"no archive", b"WARC/1.0\r\n", b"\x00" * 100])
def test_what_is_no_archive(tmp_path, content):
    (tmp_path / "a.warc").write_bytes(content)
    found, errors = read(tmp_path / "a.warc")
    assert (found, len(errors)) == ([], 1)
