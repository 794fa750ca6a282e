"""Where results go, and tables of them for reading."""

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ner_retriever.documents import Hit, Mention
from ner_retriever.errors import InputError
from ner_retriever.search.rollup import Entity

_GAP = 2
# A pipe has no width; a line of this length is still read on most screens.
_WIDTH_IN_FILES = 120
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
    """Write a table for reading: a line a document, its first mention in its context.

    The mention is bold on a terminal and stands in brackets anywhere else.
    """
    console = _console(stream)
    marks = ("", "") if console.is_terminal else ("[", "]")
    table = _table()
    listed = list(hits)
    ids = [_named(hit) for hit in listed]
    id_width = min(max([len("document"), *map(cell_len, ids)]), console.width // 4)
    room = console.width - len("score") - id_width - 3 * _GAP
    table.add_column("score", justify="right", style="cyan", no_wrap=True)
    table.add_column("document", no_wrap=True, overflow="ellipsis", max_width=id_width)
    table.add_column("mention in context", no_wrap=True, max_width=room)
    for hit, identifier in zip(listed, ids, strict=True):
        table.add_row(f"{hit.score:.3f}", Text(identifier), _context(hit, marks, room))
    console.print(table)


def _named(hit: Hit) -> str:
    page = hit.mentions[0].page
    return printable(hit.id) + (f" p. {page}" if page else "")


def write_entity_table(entities: Iterable[Entity], stream: TextIO) -> None:
    """Write a table for reading: a line an entity."""
    console = _console(stream)
    table = _table()
    table.add_column("score", justify="right", style="cyan", no_wrap=True)
    table.add_column("entity", no_wrap=True, overflow="ellipsis")
    table.add_column("documents", justify="right", no_wrap=True)
    table.add_column("mentions", justify="right", no_wrap=True)
    for entity in entities:
        table.add_row(
            f"{entity.score:.3f}",
            Text(printable(entity.name)),
            f"{len(entity.documents):,}",
            f"{entity.mentions:,}",
        )
    console.print(table)


def _console(stream: TextIO) -> Console:
    console = Console(file=stream, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH_IN_FILES
    return console


def _table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))


def _context(hit: Hit, marks: tuple[str, str], room: int) -> Text:
    """A hit's first mention with as much around it as there is room for, then the others."""
    first = hit.mentions[0]
    opening, closing = marks
    mention = _cut(printable(first.text), room // 2)
    others = _cut(_others(hit.mentions), room // 3)
    also = f"  also: {others}" if others else ""
    also += f"  +{hit.duplicates:,} alike" if hit.duplicates else ""
    rest = room - cell_len(f"{opening}{mention}{closing}{also}")
    before, after = _around(hit.text, first, max(rest, 0))
    text = Text(before)
    text.append(f"{opening}{mention}{closing}", style="bold yellow")
    text.append(after)
    text.append(also, style="dim")
    text.truncate(room, overflow="ellipsis")
    return text


def _around(text: str, mention: Mention, room: int) -> tuple[str, str]:
    """What stands before a mention and behind it; one side takes what the other leaves."""
    near = text[max(mention.start - room, 0) : mention.end + room]
    # Where signs are wide, as in Chinese, fewer of them have room.
    room = room * len(near) // max(cell_len(near), 1)
    before = printable(text[max(mention.start - room, 0) : mention.start]).lstrip()
    after = printable(text[mention.end : mention.end + room]).rstrip()
    half = room // 2
    first = min(len(before), max(half, room - len(after)))
    behind = min(len(after), room - first)
    whole = mention.start <= room and first == len(before)
    if not whole:
        # Cut between words where there are any.
        shown = before[max(len(before) - first + 2, 0) :]
        before = "… " + (shown.partition(" ")[2] or shown)
    if behind < len(after) or mention.end + room < len(text):
        shown = after[: max(behind - 2, 0)]
        after = (shown.rpartition(" ")[0] or shown) + " …"
    return before, after


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"


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
