"""Web archives: the pages that a crawler was sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from io import BytesIO
from typing import Any, BinaryIO

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError, MissingExtra
from ner_retriever.text.formats.dispatch import read_source
from ner_retriever.text.formats.field_values import field_values
from ner_retriever.text.formats.made import make_document
from ner_retriever.text.formats.options import ReadOptions, ignore
from ner_retriever.text.inflation import Allowance
from ner_retriever.text.lines import READ_ERRORS, bytes_to_read, open_bytes, too_long, unreadable
from ner_retriever.text.sources import Source

# A page is mostly markup.
_MOST_PER_CHARACTER = 4
_CHUNK_BYTES = 1 << 16
_PAGES = {"text/html", "application/xhtml+xml"}
_PLAIN = "text/plain"
# What a server sent; what stands for that; text that was made of it, as in Common Crawl's WET.
_KINDS = {"response", "resource", "conversion"}


def read_warc(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the pages and plain texts among an archive's records; others are passed over.

    Raises:
        MissingExtra: the parser of such archives is not installed.
    """
    try:
        from warcio.archiveiterator import ArchiveIterator
        from warcio.exceptions import ArchiveLoadFailed
        from warcio.statusandheaders import StatusAndHeadersParserException
    except ImportError as error:
        raise MissingExtra("reading a web archive", "documents") from error
    number = 0
    seen: set[bytes] = set()
    try:
        with open_bytes(replace(source, encoding="utf-8"), options.progress) as stream:
            watched = _Watched(stream)
            for number, record in enumerate(ArchiveIterator(watched), start=1):
                address = record.rec_headers.get_header("WARC-Target-URI") or ""
                for item in _read(record, address, number, source, options):
                    yield _named(item, address, seen, number, source, options)
            if not watched.ended_with_record:
                raise EOFError("the file ends within a record")
    except (*READ_ERRORS, ArchiveLoadFailed, StatusAndHeadersParserException, ValueError) as error:
        yield unreadable(f"{source.label}:{number + 1}", error)


def _read(
    record: Any, address: str, number: int, source: Source, options: ReadOptions
) -> Iterator[Document | DocumentError]:
    kind, charset = _kind(record)
    is_wanted = kind in _PAGES or kind == _PLAIN
    limit = bytes_to_read(options.max_characters) * _MOST_PER_CHARACTER
    content = record.content_stream().read(limit) if is_wanted else b""
    _skip_rest(record)
    if not is_wanted:
        return
    known = {"url": address, "date": record.rec_headers.get_header("WARC-Date") or ""}
    if len(content) >= limit:
        yield too_long(f"{source.label}:{number}", options.max_characters)
    elif kind == _PLAIN:
        text = _decoded(content, charset)
        if text.strip():
            yield make_document(text, known, source=source, number=number, options=options)
    elif content.strip():
        page = Source(
            source.path,
            source.name,
            ".html",
            in_folder=True,
            encoding=charset if _is_in(content, charset) else "",
            shown=f"{source.label}:{number}",
            member=_Body(content),
        )
        fields, _ = field_values(known, kept=options.columns.kept, without=(), untyped=False)
        for item in read_source(page, replace(options, progress=ignore)):
            if isinstance(item, Document):
                yield replace(item, fields={**item.fields, **fields})
            else:
                yield item


def _named(
    item: Document | DocumentError,
    address: str,
    seen: set[bytes],
    number: int,
    source: Source,
    options: ReadOptions,
) -> Document | DocumentError:
    """Give a document its address as its id, unless another has it, and say where it was."""
    if isinstance(item, DocumentError):
        return item
    identifier = options.columns.default_id(source, number, item.text)
    if address:
        # A crawl of millions of pages: their digests take less memory than their addresses.
        digest = blake2b(address.encode(), digest_size=8).digest()
        if digest not in seen:
            seen.add(digest)
            identifier = address
    return replace(item, id=identifier, source=source.name, origin=f"{source.label}:{number}")


def _kind(record: Any) -> tuple[str, str]:
    """Return a record's media type and its charset; nothing for what is no page that was sent."""
    if record.rec_type not in _KINDS:
        return "", ""
    sent = record.http_headers
    if sent is not None and not str(sent.get_statuscode()).startswith("2"):
        return "", ""
    headers = sent if sent is not None else record.rec_headers
    kind, _, parameters = (headers.get_header("Content-Type") or "").lower().partition(";")
    named = dict(part.strip().partition("=")[::2] for part in parameters.split(";"))
    return kind.strip(), named.get("charset", "").strip("\"' ")


def _is_in(content: bytes, charset: str) -> bool:
    """Whether content is in the encoding that a server says, which many servers get wrong."""
    try:
        content.decode(charset or "ascii")
    except (LookupError, ValueError):
        return False
    return bool(charset)


def _decoded(content: bytes, charset: str) -> str:
    for name in (charset, "utf-8-sig"):
        if name and _is_in(content, name):
            return content.decode(name)
    return content.decode("cp1252", errors="replace")


def _skip_rest(record: Any) -> None:
    """Read over what is left of a record.

    Raises:
        EOFError: it is shorter than it says.
    """
    stream = record.raw_stream
    while stream.read(_CHUNK_BYTES):
        pass
    if getattr(stream, "limit", 0) > 0:
        raise EOFError("the file ends within a record")


class _Watched:
    """A stream that knows how it ended: the parser takes half a record's head for the end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._last = b""

    @property
    def ended_with_record(self) -> bool:
        """Whether what was read last is what stands behind a record."""
        return self._last.endswith((b"\r\n\r\n", b"\n\n"))

    def read(self, size: int) -> bytes:
        # What there is at once: where the file is cut further on, that counts.
        content: bytes = self._stream.read1(size)
        self._last = (self._last + content)[-4:] if content else self._last
        return content


class _Body:
    """What a server sent, as a part of the archive."""

    def __init__(self, content: bytes) -> None:
        self.allowance = Allowance()
        self._content = content

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        yield BytesIO(self._content)
