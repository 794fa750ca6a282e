"""ODT: paragraphs, lists and tables in their order; footnotes at the end."""

from typing import Any

from ner_retriever.text.parsing.archives import Archive
from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.outcome import (
    Job,
    Parsed,
    Text,
    damaged,
    encrypted,
    without_text,
)
from ner_retriever.text.parsing.xml_parts import (
    Element,
    attribute,
    child,
    children,
    local_name,
    parse_xml,
)

_KIND = "ODT"
_CONTENT, _STYLES, _META = "content.xml", "styles.xml", "meta.xml"
_MANIFEST = "META-INF/manifest.xml"
_FIELDS = {"title": "title", "creator": "author", "creation-date": "date", "language": "language"}
_FIRST_AUTHOR = "initial-creator"
_SKIPPED = {
    "tracked-changes",
    "annotation",
    "annotation-end",
    "sequence-decls",
    "variable-decls",
    "forms",
    "table-header-columns",
    "table-column",
    "desc",
    "title",
    "change",
}
_MOST_REPEATED = 1_000


def parse_odt(given: bytes, _: Job) -> Parsed:
    """Yield the document.

    Raises:
        Unparsable: it is encrypted, damaged or too large, or holds no text.
    """
    archive = Archive(given, _KIND)
    manifest = archive.find(_MANIFEST)
    if manifest is not None and b"encryption-data" in manifest:
        raise encrypted()
    content = parse_xml(archive.read(_CONTENT), _KIND)
    body = child(content, "body")
    if body is None:
        raise damaged(_KIND, "it has no body")
    styles = archive.find(_STYLES)
    reader = _Reader(
        _numbered(content) | (set() if styles is None else _numbered(parse_xml(styles, _KIND)))
    )
    reader.add(body)
    reader.add_notes()
    if not reader.blocks.text:
        raise without_text()
    yield Text(text=reader.blocks.text, fields=_fields(archive))


def _numbered(root: Element) -> set[tuple[str, str]]:
    """Return the levels of lists that are numbered: the list's style, and the level from 1."""
    return {
        (attribute(style, "name"), attribute(level, "level"))
        for style in root.iter("{*}list-style")
        for level in children(style, "list-level-style-number")
        if attribute(level, "num-format")
    }


class _Reader:
    """Takes the blocks of an element.

    Args:
        numbered: which levels of lists are numbered.
    """

    def __init__(self, numbered: set[tuple[str, str]]) -> None:
        self.blocks = Blocks()
        self._numbered = numbered
        self._notes: list[Element] = []
        # By a list's style: how far it was counted, for one that goes on later.
        self._counted: dict[str, int] = {}

    def add(self, parent: Element, lists: int = 0) -> None:
        """Add the blocks in an element; ``lists`` is in how many lists it stands."""
        for element in parent:
            match local_name(element):
                case "p" | "h":
                    self._add_paragraph(element)
                case "list":
                    self._add_list(element, lists)
                case "table":
                    self._add_table(element)
                case name if name and name not in _SKIPPED:
                    self.add(element, lists)

    def add_notes(self) -> None:
        """Add the footnotes and endnotes that paragraphs had."""
        notes, self._notes = self._notes, []
        for note in notes:
            self.add(note)

    def _add_paragraph(self, paragraph: Element) -> None:
        boxes: list[Element] = []
        self.blocks.paragraph(self._text(paragraph, boxes))
        for box in boxes:
            self.add(box)

    def _add_list(self, element: Element, lists: int, outer: str = "") -> None:
        style = attribute(element, "style-name") or outer
        is_numbered = (style, str(lists + 1)) in self._numbered
        goes_on = attribute(element, "continue-numbering") == "true" or attribute(
            element, "continue-list"
        )
        number = self._counted.get(style, 0) if goes_on else 0
        for item in element:
            if local_name(item) not in {"list-item", "list-header"}:
                continue
            number += 1
            self._add_item(item, lists, style, f"{number}." if is_numbered else "-")
        self._counted[style] = number
        if not lists:
            self.blocks.end_table()

    def _add_item(self, item: Element, lists: int, style: str, marker: str) -> None:
        is_first = True
        for inner in item:
            if local_name(inner) == "list":
                self._add_list(inner, lists + 1, style)
            elif local_name(inner) == "p" and is_first:
                boxes: list[Element] = []
                self.blocks.item(self._text(inner, boxes), marker, lists)
                is_first = False
                for box in boxes:
                    self.add(box)
            elif local_name(inner) in {"p", "h"}:
                self._add_paragraph(inner)
            else:
                self.add(inner, lists + 1)

    def _add_table(self, table: Element) -> None:
        self.blocks.end_table()
        self._add_rows(table)
        self.blocks.end_table()

    def _add_rows(self, parent: Element) -> None:
        for element in parent:
            if local_name(element) == "table-row":
                cells = [
                    self._cell_text(cell)
                    for cell in element
                    if local_name(cell) in {"table-cell", "covered-table-cell"}
                ]
                self.blocks.row(cells)
            elif local_name(element) in {"table-header-rows", "table-rows", "table-row-group"}:
                self._add_rows(element)

    def _cell_text(self, cell: Element) -> str:
        inner = _Reader(self._numbered)
        inner.add(cell)
        self._notes += inner._notes
        return inner.blocks.text

    def _text(self, element: Element, boxes: list[Element]) -> str:
        pieces = [element.text or ""]
        for inner in element:
            match local_name(inner):
                case "s":
                    count = attribute(inner, "c", "1")
                    repeated = int(count) if count.isdecimal() and len(count) < 6 else 1
                    pieces.append(" " * min(repeated, _MOST_REPEATED))
                case "tab":
                    pieces.append("\t")
                case "line-break":
                    pieces.append("\n")
                case "note":
                    note = child(inner, "note-body")
                    self._notes += [] if note is None else [note]
                case "text-box":
                    boxes.append(inner)
                case name if name and name not in _SKIPPED:
                    pieces.append(self._text(inner, boxes))
            pieces.append(inner.tail or "")
        return "".join(pieces)


def _fields(archive: Archive) -> dict[str, Any]:
    content = archive.find(_META)
    meta = None if content is None else child(parse_xml(content, _KIND), "meta")
    found: dict[str, Any] = {}
    for element in () if meta is None else meta:
        text = (element.text or "").strip()
        if local_name(element) == _FIRST_AUTHOR and text:
            found["author"] = text
        elif name := _FIELDS.get(local_name(element)):
            found.setdefault(name, text)
    return found
