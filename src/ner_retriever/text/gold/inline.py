"""Texts with inline mentions: one text a line, ``[[surface|type; type]]``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ner_retriever.documents import Span
from ner_retriever.errors import DocumentError

_MENTION = re.compile(r"\[\[([^\[\]|]+)\|([^\[\]|]+)\]\]")


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text whose mentions were marked.

    Attributes:
        text: without the marks.
        spans: the mentions.
        types: of each mention, in the order of the spans.
    """

    text: str
    spans: tuple[Span, ...]
    types: tuple[tuple[str, ...], ...]


def parse_marked(line: str, where: str) -> MarkedText:
    """Read a text with inline mentions.

    Args:
        where: file and line, for messages.

    Raises:
        DocumentError: the marks don't fit, or a mention has no type.
    """
    pieces: list[str] = []
    spans: list[Span] = []
    types: list[tuple[str, ...]] = []
    done = length = 0
    for mark in _MENTION.finditer(line):
        before = line[done : mark.start()]
        pieces += [before, mark[1]]
        start = length + len(before)
        length = start + len(mark[1])
        spans.append(Span(start, length))
        types.append(tuple(name.strip() for name in mark[2].split(";") if name.strip()))
        done = mark.end()
    pieces.append(line[done:])
    text = "".join(pieces)
    if "[[" in text or "]]" in text or not all(types):
        raise DocumentError(f"{where}: marks are [[surface|type; type]]; mend {line[:80]!r}")
    return MarkedText(text, tuple(spans), tuple(types))


def read_marked(folder: Path) -> Iterator[tuple[str, MarkedText]]:
    """Read all ``.txt`` files of a folder and those in it, a text a line.

    Yields:
        A text's name, which tells file and line, and the text.

    Raises:
        DocumentError: there is none, or a line's marks don't fit.
    """
    files = sorted(folder.rglob("*.txt"))
    if not files:
        raise DocumentError(f"no .txt file in {folder}; name a folder of texts with inline marks")
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                name = f"{file.relative_to(folder).with_suffix('')}:{number}"
                yield name, parse_marked(line.strip(), f"{file}:{number}")
