"""A text and the mentions that were marked in it with brat: ``x.txt`` and ``x.ann``."""

import re
from collections.abc import Iterator
from dataclasses import replace

from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import read_lines, read_whole, without_line_end
from ner_retriever.text.sources import Source

_TEXT_BOUND = re.compile(r"T\S*\t\S+ (\d{1,12} \d{1,12}(?:;\d{1,12} \d{1,12})*)(?:\t(.*))?")


def read_brat(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the whole text as one document.

    A mention in several pieces is marked from the first one's beginning to the last one's end.
    """
    if source.annotations is None:
        yield DocumentError(f"{source.label}: annotations without their text; name both")
        return
    text = read_whole(source, max_characters=options.max_characters, progress=options.progress)
    if isinstance(text, DocumentError):
        yield text
        return
    try:
        spans = set(_spans(source, source.annotations, text, options))
        if text.strip():
            yield Document(
                id=source.name,
                text=text,
                spans=tuple(sorted(spans, key=lambda span: (span.start, span.end))),
                origin=source.label,
                source=source.name,
            )
    except DocumentError as error:
        yield error


def _spans(source: Source, marks: Source, text: str, options: ReadOptions) -> Iterator[Span]:
    marks = replace(marks, encoding=source.encoding)
    lines = read_lines(marks, max_characters=options.max_characters, progress=options.progress)
    for number, line in lines:
        if isinstance(line, DocumentError):
            raise line
        where = f"{marks.label}:{number}"
        # Relations, events, attributes and notes stand beside the mentions.
        if not line.startswith("T"):
            continue
        mark = _TEXT_BOUND.fullmatch(without_line_end(line))
        if mark is None:
            raise DocumentError(
                f"{where}: {line[:80]!r} is no mention; expected T1, its type with its first and "
                "last character, and its text, with tabs between them"
            )
        pieces = [tuple(map(int, piece.split())) for piece in mark[1].split(";")]
        if not all(0 <= start < end <= len(text) for start, end in pieces):
            raise DocumentError(
                f"{where}: {mark[1]} does not lie in the text's {len(text)} characters; check that "
                f"it belongs to {source.label}"
            )
        surface = " ".join(text[start:end] for start, end in pieces)
        if mark[2] is not None and mark[2].split() != surface.split():
            raise DocumentError(
                f"{where}: the text at {mark[1]} is {surface[:80]!r} and not {mark[2][:80]!r}; "
                f"check that it belongs to {source.label}"
            )
        yield Span(min(start for start, _ in pieces), max(end for _, end in pieces))
