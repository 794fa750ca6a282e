"""Plain text: a line, a paragraph or the whole file is a document."""

from collections.abc import Iterator
from itertools import chain

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.options import ReadOptions, TextFiles
from ner_retriever.text.lines import (
    NumberedLines,
    filled,
    read_lines,
    read_whole,
    too_long,
    without_line_end,
)
from ner_retriever.text.sources import Source


def read_plain(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read a plain text file; blank lines are no documents."""
    by_itself = TextFiles.WHOLE if source.in_folder else TextFiles.LINES
    kind = options.text_files or by_itself
    if kind is TextFiles.WHOLE:
        yield from _whole(source, options)
        return
    lines = read_lines(source, max_characters=options.max_characters, progress=options.progress)
    if kind is TextFiles.PARAGRAPHS:
        yield from _paragraphs(lines, source, options)
    else:
        yield from _lines(lines, source, options)


def _whole(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    limit = options.max_characters
    text = read_whole(source, max_characters=limit, progress=options.progress)
    if isinstance(text, DocumentError):
        yield text
    elif text.strip():
        yield Document(id=source.name, text=text, origin=source.label, source=source.name)


def _lines(
    lines: NumberedLines, source: Source, options: ReadOptions
) -> Iterator[Document | DocumentError]:
    for number, line in filled(lines):
        if isinstance(line, DocumentError):
            yield line
        else:
            yield _part(without_line_end(line), source, number, options)


def _paragraphs(
    lines: NumberedLines, source: Source, options: ReadOptions
) -> Iterator[Document | DocumentError]:
    """Join the lines between blank lines; no more than the longest document is held."""
    limit = options.max_characters
    held: list[str] = []
    first = size = 0
    unusable: DocumentError | None = None
    # A blank line behind the last one ends its paragraph.
    for number, line in chain(lines, [(0, "")]):
        if isinstance(line, DocumentError):
            unusable = unusable or line
        elif line.strip():
            first = first or number
            size += len(line)
            if size > limit + len("\r\n"):
                unusable = unusable or too_long(f"{source.label}:{first}", limit)
            if unusable is None:
                held.append(line)
        else:
            if unusable is not None:
                yield unusable
            elif held:
                yield _part(without_line_end("".join(held)), source, first, options)
            held, first, size, unusable = [], 0, 0, None


def _part(text: str, source: Source, number: int, options: ReadOptions) -> Document:
    return Document(
        id=options.columns.default_id(source, number, text),
        text=text,
        origin=f"{source.label}:{number}",
        source=source.name,
    )
