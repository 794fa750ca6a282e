"""Mailboxes of the kind mbox: one mail after the other, each after a line that begins ``From ``."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import BinaryIO

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.formats.parsed import Container, bounded, documents_in, job_of
from ner_retriever.text.lines import READ_ERRORS, open_bytes, unreadable
from ner_retriever.text.sources import Source

_MAIL = ".eml"
# With the time at which the mail came, which a sentence that begins so does not have.
_BORDER = re.compile(rb"From .*\d:\d\d")
_QUOTED = re.compile(rb">+From ")
_BLANK = {b"", b"\n", b"\r\n"}
_LONGEST_LINE = 1 << 16
_CHUNK_BYTES = 1 << 18


def read_mbox(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the mails and their attachments; memory is bounded by one mail.

    A mail that cannot be used is its error. Lines that begin ``>From `` lose the mark that kept
    them from being a border.

    Raises:
        MissingExtra: what parses an attachment is not installed.
    """
    job = job_of(_MAIL, options)
    number = 0
    try:
        # Its mails tell their encodings themselves.
        with open_bytes(replace(source, encoding="utf-8"), options.progress) as stream:
            for number, lines in groupby(_lines(stream), key=itemgetter(0)):
                name = f"{number}"
                container = Container(
                    id=f"{source.name}:{name}", label=f"{source.label}:{name}", source=source
                )
                chunks = bounded(_joined(line for _, line in lines))
                yield from documents_in(chunks, job, container, options)
    except READ_ERRORS as error:
        yield unreadable(f"{source.label}:{number + 1}", error)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield lines with the number of their mail, from 1; a long line comes in pieces."""
    number = 0
    before = b"\n"
    while line := stream.readline(_LONGEST_LINE):
        if before in _BLANK and _BORDER.match(line):
            number += 1
        elif number or line.strip():
            # What stands before the first border is a mail as well.
            number = max(number, 1)
            is_begun = before.endswith(b"\n")
            yield number, line[1:] if is_begun and _QUOTED.match(line) else line
        before = line


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines as chunks that are worth sending."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)
