"""Where results go, and tables of them for reading."""

import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ner_retriever.documents import Hit, Mention
from ner_retriever.errors import InputError
from ner_retriever.search.rollup import Entity

_CONTEXT = 70
_LISTED_MENTIONS = 4
# They hold emoji and words of many scripts together.
_JOINERS = "\u200c\u200d"


def require_folders(*files: Path | None) -> None:
    """Find out before long work whether the folders of files to be written are there.

    Raises:
        InputError: one is not.
    """
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise InputError(
                f"cannot write {file}: there is no folder {file.parent}; make it first"
            )


def write_json(record: Mapping[str, Any], file: Path) -> None:
    """Write a JSON object to a file that appears when it is whole.

    Raises:
        InputError: the file cannot be written.
    """
    with open_output(file) as stream:
        stream.write(json.dumps(record, ensure_ascii=False, indent=1) + "\n")


@contextmanager
def open_output(file: Path | None) -> Iterator[TextIO]:
    """Write to standard output, or to a file that appears when it is whole.

    Raises:
        InputError: the file cannot be written.
    """
    if file is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        return
    with _appearing(file) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        yield stream


@contextmanager
def open_binary_output(file: Path) -> Iterator[BinaryIO]:
    """Write bytes to a file that appears when it is whole.

    Raises:
        InputError: the file cannot be written.
    """
    with _appearing(file) as partial, partial.open("wb") as stream:
        yield stream


@contextmanager
def _appearing(file: Path) -> Iterator[Path]:
    """Give a path to write to, which is renamed to the file at the end."""
    if file.is_dir():
        raise InputError(f"cannot write {file}: it is a folder; give --out the path of a file")
    # A device or a pipe must not be replaced by a file.
    replaces = file.is_file() or not file.exists()
    partial = file.with_name(f".{file.name}.partial") if replaces else file
    try:
        try:
            yield partial
            if replaces:
                partial.replace(file)
        finally:
            if replaces:
                partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write {file}: {error.strerror}; check that its folder is there, can be "
            "written and has room"
        ) from error


def write_table(hits: Iterable[Hit], stream: TextIO) -> None:
    """Write a table for reading: each document's best mention in its context.

    The mention is bold on a terminal and stands in brackets anywhere else.
    """
    console = Console(file=stream, highlight=False)
    marks = ("", "") if console.is_terminal else ("[", "]")
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("score", justify="right", style="cyan", no_wrap=True)
    table.add_column("document", overflow="fold", max_width=24)
    table.add_column("mention in context", overflow="fold", ratio=1)
    for hit in hits:
        table.add_row(f"{hit.score:.3f}", Text(printable(hit.id)), _context(hit, marks))
    console.print(table)


def write_entity_table(entities: Iterable[Entity], stream: TextIO) -> None:
    """Write a table for reading: a row an entity."""
    console = Console(file=stream, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("score", justify="right", style="cyan", no_wrap=True)
    table.add_column("entity", overflow="fold", ratio=1)
    table.add_column("documents", justify="right")
    table.add_column("mentions", justify="right")
    for entity in entities:
        table.add_row(
            f"{entity.score:.3f}",
            Text(printable(entity.name)),
            f"{len(entity.documents):,}",
            f"{entity.mentions:,}",
        )
    console.print(table)


def _context(hit: Hit, marks: tuple[str, str]) -> Text:
    best = hit.mentions[0]
    opening, closing = marks
    first = max(best.start - _CONTEXT, 0)
    last = min(best.end + _CONTEXT, len(hit.text))
    before, after = hit.text[first : best.start], hit.text[best.end : last]
    # Cut between words where there are any.
    if first:
        before = "… " + (before.partition(" ")[2] or before)
    if last < len(hit.text):
        after = (after.rpartition(" ")[0] or after) + " …"
    text = Text(printable(before))
    text.append(f"{opening}{printable(best.text)}{closing}", style="bold yellow")
    text.append(printable(after))
    others = _others(hit.mentions)
    if others:
        text.append(f"  also: {others}", style="dim")
    return text


def _others(mentions: tuple[Mention, ...]) -> str:
    """Name the other matching mentions, each surface form once."""
    best = mentions[0].text.casefold()
    names = {mention.text.casefold(): mention.text for mention in mentions[:0:-1]}
    names.pop(best, None)
    listed = [printable(name) for name in list(names.values())[::-1]]
    more = len(listed) - _LISTED_MENTIONS
    return ", ".join(listed[:_LISTED_MENTIONS]) + (f" and {more} more" if more > 0 else "")


def printable(text: str) -> str:
    """Put a text on one line and keep its control characters from the terminal."""
    return "".join(
        character if character.isprintable() or character in _JOINERS else " " for character in text
    )
