"""Documents from files, folders and standard input, one at a time."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from ner_retriever.documents import Document
from ner_retriever.errors import ConfigError, DocumentError
from ner_retriever.text.dialect import Dialect
from ner_retriever.text.encodings import check_encoding, start_of
from ner_retriever.text.lines import read_lines, read_whole, too_long, without_line_end
from ner_retriever.text.records import Fields, parse_json
from ner_retriever.text.sources import Source, find_sources
from ner_retriever.text.tables import read_table

_AS_FOUND = Dialect()
_GUESSED_FROM = 4096
_Lines = Iterator[tuple[int, str | DocumentError]]
_Records = Iterator[Document | DocumentError]


def read_documents(
    sources: Sequence[str | Path],
    *,
    text_field: str = "text",
    id_field: str = "id",
    spans_field: str | None = None,
    whole_file: bool = False,
    paragraphs: bool = False,
    encoding: str = "",
    dialect: Dialect = _AS_FOUND,
    stdin_suffix: str = "",
    max_characters: int = 2_000_000,
    on_error: Callable[[DocumentError], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Document]:
    """Read documents lazily; memory is bounded by one record, whatever the file's size.

    A source is a ``.txt`` file (a line a document; blank lines are skipped), a ``.jsonl`` or
    ``.ndjson`` file (an object a line), a ``.json`` file (an array of objects or texts, or one
    object), a ``.csv`` or ``.tsv`` file, a ``.parquet`` file, each of them also compressed
    (``.gz``, ``.bz2``, ``.xz``), a folder of such files, without what is hidden, or ``-`` for
    standard input, whose first bytes tell JSON, JSON lines and text apart. Text is UTF-8; a
    byte-order mark is dropped.

    A record without an id is called ``<file name>:<line>``, a whole file ``<file name>``; below a
    folder the file's name is its path relative to the folder. Rows of Parquet files and records of
    JSON files count from 1.

    Args:
        text_field, id_field, spans_field: where a record holds its text, its id (optional) and
            its spans, which may be a list or JSON text of one.
        whole_file: a ``.txt`` file is one document, line ends included.
        paragraphs: blank lines stand between the documents of a ``.txt`` file.
        encoding: of text files; by default UTF-8, or what a byte-order mark says.
        dialect: how ``.csv`` and ``.tsv`` files are written.
        stdin_suffix: the kind of file that standard input is, such as ``.csv``.
        max_characters: the longest line, row or whole file, as it stands in the file.
        on_error: gets each bad record's error, and reading goes on with the next record, or with
            the next file where an error ends the file; by default the error is raised.
        progress: gets the number of bytes newly read, as ``count_hint`` counts them.

    Raises:
        ConfigError: at once, ``max_characters`` is less than 1, or there is no such encoding.
        InputError: at once, a source does not exist or is of an unknown kind.
        DocumentError: while reading, a record or file cannot be used, or a file holds no document.
    """
    if max_characters < 1:
        raise ConfigError(f"max_characters must be at least 1, not {max_characters}")
    found = find_sources(sources, stdin_suffix=stdin_suffix)
    if encoding:
        name = check_encoding(encoding)
        found = [replace(source, encoding=name) for source in found]
    read = partial(
        _read,
        fields=Fields(text=text_field, id=id_field, spans=spans_field),
        whole_file=whole_file,
        paragraphs=paragraphs,
        dialect=dialect,
        max_characters=max_characters,
        progress=progress or _ignore,
    )
    return _documents(found, read, on_error or _raise)


def _documents(
    sources: list[Source],
    read: Callable[[Source], _Records],
    on_error: Callable[[DocumentError], None],
) -> Iterator[Document]:
    for source in sources:
        empty = True
        for item in read(source):
            empty = False
            if isinstance(item, Document):
                yield item
            else:
                on_error(item)
        if empty:
            on_error(DocumentError(f"{source.label} is empty; a source must hold a document"))


def _read(
    source: Source,
    *,
    fields: Fields,
    whole_file: bool,
    paragraphs: bool,
    dialect: Dialect,
    max_characters: int,
    progress: Callable[[int], None],
) -> _Records:
    """Read one source; a bad record is yielded as its error, so that reading can go on."""
    if not source.suffix:
        source = replace(source, suffix=_guess(start_of(sys.stdin.buffer, _GUESSED_FROM)))
    if source.suffix in (".csv", ".tsv"):
        return read_table(
            source, fields, dialect=dialect, max_characters=max_characters, progress=progress
        )
    if source.suffix == ".parquet":
        # Here, since text files need not wait for Arrow to load.
        from ner_retriever.text.parquet import read_parquet

        return read_parquet(source, fields, max_characters=max_characters, progress=progress)
    if source.suffix == ".json":
        return _json(source, fields, max_characters=max_characters, progress=progress)
    if source.suffix == ".txt" and whole_file:
        return _whole(source, max_characters=max_characters, progress=progress)
    lines = read_lines(source, max_characters=max_characters, progress=progress)
    if source.suffix == ".txt":
        return _paragraphs(lines, source, max_characters) if paragraphs else _plain(lines, source)
    return _json_lines(_filled(lines), source, fields)


def _filled(lines: _Lines) -> _Lines:
    return (item for item in lines if not isinstance(item[1], str) or item[1].strip())


def _plain(lines: _Lines, source: Source) -> _Records:
    for number, line in _filled(lines):
        if isinstance(line, DocumentError):
            yield line
        else:
            yield Document(
                id=f"{source.name}:{number}",
                text=without_line_end(line),
                origin=f"{source.label}:{number}",
            )


def _paragraphs(lines: _Lines, source: Source, max_characters: int) -> _Records:
    """Join the lines between blank lines; no more than the longest document is held."""
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
            if size > max_characters + len("\r\n"):
                unusable = unusable or too_long(f"{source.label}:{first}", max_characters)
            if unusable is None:
                held.append(line)
        else:
            if unusable is not None:
                yield unusable
            elif held:
                yield Document(
                    id=f"{source.name}:{first}",
                    text=without_line_end("".join(held)),
                    origin=f"{source.label}:{first}",
                )
            held, first, size, unusable = [], 0, 0, None


def _json_lines(lines: _Lines, source: Source, fields: Fields) -> _Records:
    for number, line in lines:
        origin = f"{source.label}:{number}"
        if isinstance(line, DocumentError):
            yield line
            continue
        try:
            record = parse_json(line, origin)
        except DocumentError as error:
            yield error
            continue
        if isinstance(record, dict):
            yield fields.document(record, default_id=f"{source.name}:{number}", origin=origin)
        else:
            yield DocumentError(
                f"{origin}: a line must hold a JSON object such as "
                f'{{"text": "…"}}, not {type(record).__name__}'
            )


def _json(
    source: Source, fields: Fields, *, max_characters: int, progress: Callable[[int], None]
) -> _Records:
    # Here, since other files need not wait for the parser to load.
    from ner_retriever.text.json_values import read_json_values

    values = read_json_values(source, max_characters=max_characters, progress=progress)
    for number, value in values:
        name, origin = f"{source.name}:{number}", f"{source.label}:{number}"
        if isinstance(value, DocumentError):
            yield value
        elif isinstance(value, str):
            yield Document(id=name, text=value, origin=origin)
        elif isinstance(value, dict):
            yield fields.document(value, default_id=name, origin=origin)
        else:
            yield DocumentError(
                f"{origin}: a record must be a JSON object such as "
                f'{{"text": "…"}}, or a text, not {type(value).__name__}'
            )


def _guess(start: bytes) -> str:
    """Return the suffix of a file that begins so: JSON, JSON lines, or text."""
    text = start.decode("utf-8", errors="replace").removeprefix("\ufeff").lstrip()
    if text.startswith("["):
        return ".json" if text[1:].lstrip()[:1] in {"{", '"', "["} else ".txt"
    if text.startswith("{"):
        first = text.split("\n", 1)[0].rstrip()
        return ".json" if first.endswith(("{", "[", ",")) else ".jsonl"
    return ".txt"


def _whole(source: Source, *, max_characters: int, progress: Callable[[int], None]) -> _Records:
    text = read_whole(source, max_characters=max_characters, progress=progress)
    if isinstance(text, DocumentError):
        yield text
    elif text.strip():
        yield Document(id=source.name, text=text, origin=source.label)


def _raise(error: DocumentError) -> None:
    raise error


def _ignore(_: int) -> None:
    pass
