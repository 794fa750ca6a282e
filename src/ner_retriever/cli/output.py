"""Results as a table, JSON lines or CSV."""

import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ner_retriever.documents import Hit, Mention
from ner_retriever.errors import InputError

_CONTEXT = 70
_LISTED_MENTIONS = 4


class Format(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


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
    try:
        number, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        partial = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8", newline="") as stream:
                yield stream
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror}") from error


def write_jsonl(hits: Iterable[Hit], stream: TextIO) -> None:
    """Write a JSON object a document."""
    for hit in hits:
        record = {
            "id": hit.id,
            "score": hit.score,
            "text": hit.text,
            "mentions": [
                {
                    "start": mention.start,
                    "end": mention.end,
                    "text": mention.text,
                    "score": mention.score,
                }
                for mention in hit.mentions
            ],
        }
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_csv(hits: Iterable[Hit], stream: TextIO) -> None:
    """Write a row a mention, with a header."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["rank", "id", "score", "mention", "start", "end", "mention_score", "text"])
    for rank, hit in enumerate(hits, 1):
        for mention in hit.mentions:
            writer.writerow(
                [
                    rank,
                    hit.id,
                    hit.score,
                    mention.text,
                    mention.start,
                    mention.end,
                    mention.score,
                    hit.text,
                ]
            )


def write_table(hits: Iterable[Hit], stream: TextIO) -> None:
    """Write a table for reading: each document's best mention in its context."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("score", justify="right", style="cyan")
    table.add_column("document", overflow="fold", max_width=24)
    table.add_column("mention in context", ratio=1)
    for hit in hits:
        table.add_row(f"{hit.score:.3f}", _printable(hit.id), _context(hit))
    Console(file=stream, highlight=False).print(table)


def _context(hit: Hit) -> Text:
    best = hit.mentions[0]
    first = max(best.start - _CONTEXT, 0)
    last = min(best.end + _CONTEXT, len(hit.text))
    before, after = hit.text[first : best.start], hit.text[best.end : last]
    text = Text("…" if first else "")
    text.append(_printable(before))
    text.append(_printable(best.text), style="bold yellow")
    text.append(_printable(after) + ("…" if last < len(hit.text) else ""))
    others = _others(hit.mentions)
    if others:
        text.append(f"  also: {others}", style="dim")
    return text


def _others(mentions: tuple[Mention, ...]) -> str:
    """Name the other matching mentions, each surface form once."""
    best = mentions[0].text.casefold()
    names = {mention.text.casefold(): mention.text for mention in mentions[:0:-1]}
    names.pop(best, None)
    listed = [_printable(name) for name in list(names.values())[::-1]]
    more = len(listed) - _LISTED_MENTIONS
    return ", ".join(listed[:_LISTED_MENTIONS]) + (f" and {more} more" if more > 0 else "")


def _printable(text: str) -> str:
    """Keep a document's control characters from the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
