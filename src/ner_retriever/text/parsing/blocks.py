"""A text put together from paragraphs, items of lists and rows of tables, with its pages."""

import re
from collections.abc import Sequence

_BLANK_LINES = re.compile(r"[ \t\r\f\v]*\n\s*\n\s*")
_SPACES = re.compile(r"\s+")
_PARAGRAPH, _ITEM, _ROW = "paragraph", "item", "row"


class Blocks:
    """Takes a document's blocks in order.

    Between blocks stands a blank line; items of one list, and rows of one table, follow each other
    line by line.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._last = ""
        self._pages: list[int] = []
        self._waiting = 0

    def paragraph(self, text: str) -> None:
        """Add a paragraph or a heading; line breaks in it stay."""
        self._add(_BLANK_LINES.sub("\n", text.strip()), _PARAGRAPH)

    def item(self, text: str, marker: str = "-", depth: int = 0) -> None:
        """Add an item of a list; ``depth`` 0 is the outermost list."""
        text = one_line(text)
        if text:
            self._add(f"{'  ' * min(depth, 8)}{marker} {text}", _ITEM)

    def row(self, cells: Sequence[str]) -> None:
        """Add a row of a table; its cells come out with tabs between them."""
        text = "\t".join(map(one_line, cells)).rstrip()
        if text.strip():
            self._add(text, _ROW)

    def page(self) -> None:
        """Begin a page."""
        self._waiting += 1

    def end_table(self) -> None:
        """Set what comes next apart, even if it is a row or an item too."""
        self._last = _PARAGRAPH

    @property
    def text(self) -> str:
        """All that was added."""
        return "".join(self._parts)

    @property
    def pages(self) -> tuple[int, ...]:
        """The first character of each page; one without text begins where the next one does."""
        return (*self._pages, *[self._length] * self._waiting)

    def _add(self, text: str, kind: str) -> None:
        if not text:
            return
        if self._parts:
            together = kind == self._last != _PARAGRAPH and not self._waiting
            self._append("\n" if together else "\n\n")
        self._pages += [self._length] * self._waiting
        self._waiting = 0
        self._append(text)
        self._last = kind

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def one_line(text: str) -> str:
    """Put a text on one line, without space around it."""
    return _SPACES.sub(" ", text).strip()
