"""All text that a page in HTML shows, with its layout, by the standard library alone."""

import re
from html.parser import HTMLParser

from ner_retriever.text.parsing.blocks import Blocks, one_line

_HIDDEN = {"title", "script", "style", "template", "noscript", "svg", "math", "select", "iframe"}
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
        "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1",
        "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend", "main", "nav", "p",
        "section", "summary",
    }
)  # fmt: skip
_LISTS = {"ul", "ol", "menu", "dir"}
_CELLS = {"td", "th"}
_SPACE = re.compile(r"[ \t\r\n\f]+")
# A table whose cells are longer lays out a page.
_LONGEST_CELL = 400


def add_visible(page: str, blocks: Blocks) -> None:
    """Add what a page shows to ``blocks``; broken HTML is read as far as it can be."""
    reader = _Reader(blocks)
    reader.feed(page)
    reader.close()
    reader.end()


class _Reader(HTMLParser):
    def __init__(self, blocks: Blocks) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks = blocks
        self._pieces: list[str] = []
        self._hidden = 0
        self._preformatted = 0
        self._lists: list[int | None] = []
        self._marker = ""
        # Of the table that is open: the cells of its row, each with the blocks in it.
        self._row: list[list[str]] | None = None
        self._tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "body":
            # Something in the head that was never closed.
            self._hidden = 0
        elif tag == "br":
            self._pieces.append("\n")
        elif tag == "pre":
            self._end_block()
            self._preformatted += 1
        elif tag in _LISTS:
            self._end_block()
            self._lists.append(_first(attrs) if tag == "ol" else None)
        elif tag == "li":
            self._end_block()
            self._marker = self._next_marker()
        elif tag == "table":
            self._end_block()
            self._end_row(as_row=False)
            self._tables += 1
            self._blocks.end_table()
        elif tag == "tr" and self._tables:
            self._end_row()
            self._row = []
        elif tag in _CELLS and self._tables:
            self._end_block()
            if self._row is None:
                self._row = []
            self._row.append([])
        elif tag in _BLOCKS:
            self._end_block()

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag == "pre":
            self._end_block()
            self._preformatted = max(self._preformatted - 1, 0)
        elif tag in _LISTS:
            self._end_block()
            self._marker = ""
            if self._lists:
                self._lists.pop()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_row()
            self._tables = max(self._tables - 1, 0)
            self._blocks.end_table()
        elif tag in _BLOCKS or tag == "li" or tag in _CELLS:
            self._end_block()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._pieces.append(data if self._preformatted else _SPACE.sub(" ", data))

    def end(self) -> None:
        """Take what is still open."""
        self._end_row()
        self._end_block()

    def _end_block(self) -> None:
        text = "".join(self._pieces)
        self._pieces = []
        if not self._preformatted:
            text = "\n".join(one_line(line) for line in text.split("\n"))
        if not text.strip():
            return
        if self._row:
            self._row[-1].append(text)
        elif self._marker:
            self._blocks.item(text, self._marker, max(len(self._lists) - 1, 0))
            self._marker = ""
        else:
            self._blocks.paragraph(text)

    def _end_row(self, *, as_row: bool = True) -> None:
        self._end_block()
        row, self._row = self._row, None
        if row is None:
            return
        lays_out = any(len(cell) > 1 and sum(map(len, cell)) > _LONGEST_CELL for cell in row)
        if as_row and not lays_out:
            self._blocks.row([" ".join(cell) for cell in row])
            return
        for text in (text for cell in row for text in cell):
            self._blocks.paragraph(text)

    def _next_marker(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "-"
        number = self._lists[-1]
        self._lists[-1] = number + 1
        return f"{number}."


def _first(attributes: list[tuple[str, str | None]]) -> int:
    told = dict(attributes).get("start") or ""
    return int(told) if told.isdecimal() and len(told) < 10 else 1
