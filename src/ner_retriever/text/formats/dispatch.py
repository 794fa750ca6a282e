"""From a source to what reads it."""

import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import cast

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.encodings import start_of
from ner_retriever.text.formats.options import ReadOptions, ignore
from ner_retriever.text.formats.registry import READERS
from ner_retriever.text.formats.webanno import FIRST_LINE
from ner_retriever.text.lines import READ_ERRORS, open_bytes
from ner_retriever.text.sources import Source

_GUESSED_FROM = 4096

Reader = Callable[[Source, ReadOptions], Iterator[Document | DocumentError]]


def read_source(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read a source; a bad document is yielded as its error, so that reading can go on.

    Raises:
        MissingExtra: what reads it is not installed.
    """
    if not source.suffix:
        source = replace(source, suffix=_guess(start_of(sys.stdin.buffer, _GUESSED_FROM)))
    name = READERS[source.suffix]
    if source.suffix == ".tsv" and _start(source).startswith(FIRST_LINE):
        name = "webanno:read_webanno"
    module, _, function = name.partition(":")
    # Only now: who reads text files need not wait for other files' libraries.
    reader = getattr(import_module(f"ner_retriever.text.formats.{module}"), function)
    return cast(Reader, reader)(source, options)


def _start(source: Source) -> bytes:
    """Return how a file begins; nothing where it cannot be read, as its reader will tell."""
    if source.is_stdin:
        return start_of(sys.stdin.buffer, _GUESSED_FROM)
    try:
        with open_bytes(source, progress=ignore) as stream:
            return stream.read(_GUESSED_FROM).removeprefix(BOM_UTF8)
    except READ_ERRORS:
        return b""


def _guess(start: bytes) -> str:
    """Return the suffix of a file that begins so: JSON, JSON lines, or text."""
    text = start.decode("utf-8", errors="replace").removeprefix("\ufeff").lstrip()
    if text.startswith("["):
        return ".json" if text[1:].lstrip()[:1] in {"{", '"', "["} else ".txt"
    if text.startswith("{"):
        first = text.split("\n", 1)[0].rstrip()
        return ".json" if first.endswith(("{", "[", ",")) else ".jsonl"
    return ".txt"
