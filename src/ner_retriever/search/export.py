"""Answers as files that others read: CSV, JSON lines, BRAT standoff, CoNLL."""

from collections.abc import Iterable
from typing import BinaryIO, TextIO

from ner_retriever.documents import Hit


def write_jsonl(hits: Iterable[Hit], stream: TextIO) -> None:
    """Write a JSON object a document."""
    raise NotImplementedError


def write_csv(hits: Iterable[Hit], stream: TextIO) -> None:
    """Write a row a mention, with a header."""
    raise NotImplementedError


def write_conll(hits: Iterable[Hit], stream: TextIO, *, label: str) -> None:
    """Write ``token<TAB>tag`` lines, IOB2 tags, an empty line between sentences.

    A ``# id = …`` comment begins a document. Where mentions overlap, the best-scored stands.

    Args:
        label: the type, in words; it becomes one tag (``court that hears`` → ``court_that_hears``).
    """
    raise NotImplementedError


def write_brat(hits: Iterable[Hit], stream: BinaryIO, *, label: str) -> None:
    """Write a zip archive with a ``.txt`` and an ``.ann`` file a document, for BRAT."""
    raise NotImplementedError
