"""Documents from files, folders and standard input, one at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ner_retriever.documents import Document
from ner_retriever.errors import ConfigError, DocumentError
from ner_retriever.text.encodings import check_encoding
from ner_retriever.text.formats.dispatch import read_source
from ner_retriever.text.formats.options import ReadOptions, ignore
from ner_retriever.text.lines import empty
from ner_retriever.text.sources import Source, find_sources

_AS_FOUND = ReadOptions()


def read_documents(
    sources: Sequence[str | Path | Source],
    options: ReadOptions = _AS_FOUND,
    *,
    encoding: str = "",
    stdin_suffix: str = "",
    on_error: Callable[[DocumentError], None] | None = None,
    on_begin: Callable[[Source], None] | None = None,
    on_end: Callable[[Source, int], None] | None = None,
) -> Iterator[Document]:
    """Read documents lazily; memory is bounded by one record, whatever the file's size.

    A source is a file of a known kind (docs/corpora.md tells what each kind gives), a folder of
    such files, without what is hidden, or ``-`` for standard input, whose first bytes tell JSON,
    JSON lines and text apart. Text is UTF-8; a byte-order mark is dropped.

    A record without an id is called ``<file>:<line>``, a whole file ``<file>``, where the file is
    named as the source was, and below a folder by its path behind the folder's. Rows of Parquet
    files and records of JSON files count from 1.

    Args:
        options: how files are read.
        encoding: of text files; by default UTF-8, or what a byte-order mark says.
        stdin_suffix: the kind of file that standard input is, such as ``.csv``.
        on_error: gets each bad record's error, and reading goes on with the next record, or with
            the next file where an error ends the file; by default the error is raised.
        on_begin: called before a source is opened.
        on_end: called after the last document of a source has been taken, with the source and how
            many errors it had.

    Raises:
        ConfigError: at once, ``max_characters`` is less than 1, or there is no such encoding.
        InputError: at once, a source does not exist or is of an unknown kind.
        DocumentError: while reading, a record or file cannot be used, or a file holds no document.
        MissingExtra: while reading, what reads a file is not installed.
    """
    if options.max_characters < 1:
        raise ConfigError(f"max_characters must be at least 1, not {options.max_characters}")
    found = find_sources(sources, stdin_suffix=stdin_suffix)
    if encoding:
        name = check_encoding(encoding)
        found = [replace(source, encoding=name) for source in found]
    return _documents(found, options, on_error or _raise, on_begin or ignore, on_end or _nothing)


def _documents(
    sources: list[Source],
    options: ReadOptions,
    on_error: Callable[[DocumentError], None],
    on_begin: Callable[[Source], None],
    on_end: Callable[[Source, int], None],
) -> Iterator[Document]:
    for source in sources:
        on_begin(source)
        nothing = True
        errors = 0
        for item in read_source(source, options):
            nothing = False
            if isinstance(item, Document):
                yield item
            else:
                errors += 1
                on_error(item)
        if nothing:
            errors += 1
            on_error(empty(source))
        on_end(source, errors)


def _raise(error: DocumentError) -> None:
    raise error


def _nothing(_: Source, __: int) -> None:
    pass
