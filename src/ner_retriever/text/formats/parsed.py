"""Rich documents, such as PDF and mail: parsed by a worker, here put together as documents."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError, MissingExtra
from ner_retriever.text.formats.field_values import field_values
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import READ_ERRORS, open_bytes, too_long, unreadable
from ner_retriever.text.parsing.kinds import HTML, MARKDOWN
from ner_retriever.text.parsing.outcome import (
    TOO_LONG,
    Failure,
    Found,
    Job,
    Notice,
    Row,
    Text,
)
from ner_retriever.text.parsing.pool import POOL, LibraryMissing
from ner_retriever.text.sources import Source

LARGEST_FILE = 256 << 20
EXTRA = "documents"
_CHUNK_BYTES = 1 << 20


class TooLarge(Exception):
    """A file holds more bytes than are parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What documents were found in: a file, or a message of a mailbox.

    Attributes:
        id: of the document that it is itself.
        label: how messages name it.
        source: the file.
    """

    id: str
    label: str
    source: Source


def read_parsed(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read a file: a document, and those that are nested in it.

    Raises:
        MissingExtra: what parses its kind is not installed.
    """
    has_text = source.suffix in MARKDOWN or (source.suffix in HTML and source.encoding != "")
    # Bytes that are no text must not be taken for some.
    opened = source if has_text else replace(source, encoding="utf-8")
    job = job_of(source.suffix, options, is_utf8=has_text, columns=options.columns.text)
    container = Container(id=source.name, label=source.label, source=source)
    try:
        with open_bytes(opened, options.progress) as stream:
            yield from documents_in(_chunks(stream), job, container, options)
    except READ_ERRORS as error:
        yield unreadable(source.label, error)


def job_of(
    suffix: str, options: ReadOptions, *, is_utf8: bool = False, columns: tuple[str, ...] = ()
) -> Job:
    """Return what a worker is to do with a file of a kind."""
    return Job(
        suffix=suffix,
        is_utf8=is_utf8,
        ocr_languages=options.ocr_languages,
        text_columns=columns,
        max_characters=options.max_characters,
    )


def documents_in(
    content: Iterable[bytes], job: Job, container: Container, options: ReadOptions
) -> Iterator[Document | DocumentError]:
    """Parse bytes and yield the documents in them, and the errors of those without text.

    Raises:
        MissingExtra: what parses the kind is not installed.
    """
    try:
        for found in POOL.parse(job, content):
            yield from _documents(found, container, options)
    except TooLarge:
        yield DocumentError(
            f"{container.label}: over {LARGEST_FILE >> 20} MiB, the most that is parsed of a file "
            "of its kind; split it, or skip it with --on-error skip",
            reason="too large",
        )
    except LibraryMissing as error:
        raise MissingExtra(f"reading {container.label} ({error})", EXTRA) from error


def bounded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass chunks on until they are too many.

    Raises:
        TooLarge: they are.
    """
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > LARGEST_FILE:
            raise TooLarge
        yield chunk


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    return bounded(iter(lambda: stream.read(_CHUNK_BYTES), b""))


def _documents(
    found: Found, container: Container, options: ReadOptions
) -> Iterator[Document | DocumentError]:
    match found:
        case Text():
            yield _document(found, container, options)
        case Row():
            yield _record(found, container.source, options)
        case Failure():
            where = "/".join((container.label, *found.path))
            if found.reason == TOO_LONG:
                yield too_long(where, options.max_characters)
            else:
                yield DocumentError(f"{where}: {found.message}", reason=found.reason)
        case Notice():
            options.notice(f"{'/'.join((container.label, *found.path))}: {found.message}")


def _document(found: Text, container: Container, options: ReadOptions) -> Document | DocumentError:
    given = dict(found.fields)
    if found.attached_to is not None:
        given["attachment_of"] = "/".join((container.id, *found.attached_to))
    fields, _ = field_values(given, kept=options.columns.kept, without=(), untyped=False)
    origin = "/".join((container.label, *found.path))
    try:
        return Document(
            id="/".join((container.id, *found.path)),
            text=found.text,
            fields=fields,
            pages=found.pages,
            source=container.source.name,
            origin=origin,
        )
    except DocumentError as error:
        return error


def _record(found: Row, source: Source, options: ReadOptions) -> Document | DocumentError:
    """Read a sheet's row as a record, with a default id that tells the sheet too."""
    sheet = replace(
        source, name=f"{source.name}:{found.sheet}", shown=f"{source.label}:{found.sheet}"
    )
    document = options.document(found.record, sheet, found.number)
    if not isinstance(document, Document):
        return document
    if len(document.text) > options.max_characters:
        return too_long(document.origin, options.max_characters)
    return replace(document, source=source.name)
