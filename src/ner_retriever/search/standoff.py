"""Texts with labelled spans as CoNLL columns and as BRAT standoff."""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TextIO

import numpy as np

from ner_retriever.text.windows import sentence_starts

_TOKEN = re.compile(r"\w+|[^\w\s]")
_NO_WORD = re.compile(r"[^\w.-]+")
_LINE = re.compile(r"[^\r\n]+")
_LONGEST_FILE_NAME = 60


@dataclass(frozen=True, slots=True)
class Labelled:
    """A span with a label.

    Attributes:
        start, end: characters, end exclusive.
        label: in words; in a file it becomes one word, ``court that`` → ``court_that``.
    """

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A document with labelled spans.

    Attributes:
        id: of the document.
        text: of it.
        spans: those that matter most first; they may overlap.
    """

    id: str
    text: str
    spans: Sequence[Labelled]


def write_conll(texts: Iterable[LabelledText], stream: TextIO) -> None:
    """Write a line ``token<TAB>tag`` a token, IOB2 tags, an empty line after each sentence.

    Tokens are words and single signs. Where spans overlap, the first one stands. A line
    ``# id = …`` begins a document.
    """
    for text in texts:
        stream.write(f"# id = {' '.join(text.id.split())}\n")
        tokens = [(token.start(), token.end()) for token in _TOKEN.finditer(text.text)]
        tags = _tags(tokens, text.spans)
        starts = np.array([start for start, _ in tokens], dtype=np.int64)
        borders = set(np.searchsorted(starts, sentence_starts(text.text)).tolist()) - {0}
        for place, ((start, end), tag) in enumerate(zip(tokens, tags, strict=True)):
            if place in borders:
                stream.write("\n")
            stream.write(f"{text.text[start:end]}\t{tag}\n")
        stream.write("\n")


def write_brat(texts: Iterable[LabelledText], stream: BinaryIO) -> None:
    """Write a zip archive with a ``.txt`` and an ``.ann`` file a document, for BRAT."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(texts, 1):
            name = file_name(number, text.id)
            lines = "".join(_annotations(text))
            for ending, content in (("txt", text.text), ("ann", lines)):
                entry = zipfile.ZipInfo(f"{name}.{ending}")
                archive.writestr(entry, content.encode(), zipfile.ZIP_DEFLATED)


def file_name(number: int, identifier: str) -> str:
    """Name a document's file in an archive.

    The id alone could be a path, too long, or twice the same without its signs.
    """
    return f"{number:06d}-{as_word(identifier)[:_LONGEST_FILE_NAME]}"


def as_word(text: str) -> str:
    """Return words as one, as file names and labels want them."""
    return _NO_WORD.sub("_", text).strip("_.") or "entity"


def _tags(tokens: Sequence[tuple[int, int]], spans: Sequence[Labelled]) -> list[str]:
    """IOB2 tags; the first span of those that overlap stands."""
    tags = ["O"] * len(tokens)
    for span in spans:
        inside = [
            place
            for place, (start, end) in enumerate(tokens)
            if start < span.end and span.start < end
        ]
        if inside and all(tags[place] == "O" for place in inside):
            label = as_word(span.label)
            tags[inside[0]] = f"B-{label}"
            for place in inside[1:]:
                tags[place] = f"I-{label}"
    return tags


def _annotations(text: LabelledText) -> Iterator[str]:
    for number, span in enumerate(sorted(text.spans, key=lambda one: (one.start, one.end)), 1):
        # BRAT allows no line break in a span, but spans of several parts.
        parts = [
            (span.start + line.start(), span.start + line.end())
            for line in _LINE.finditer(text.text[span.start : span.end])
        ]
        offsets = ";".join(f"{start} {end}" for start, end in parts)
        surface = " ".join(text.text[start:end] for start, end in parts)
        yield f"T{number}\t{as_word(span.label)} {offsets}\t{surface}\n"
