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
    local_name,
    parse_xml,
)

_KIND = "ODT"
_CONTENT, _META, _MANIFEST = "content.xml", "meta.xml", "META-INF/manifest.xml"
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


def parse_odt(content: bytes, _: Job) -> Parsed:
    """Yield the document.

    Raises:
        Unparsable: it is encrypted, damaged or too large, or holds no text.
    """
    archive = Archive(content, _KIND)
    manifest = archive.find(_MANIFEST)
    if manifest is not None and b"encryption-data" in manifest:
        raise encrypted()
    body = child(parse_xml(archive.read(_CONTENT), _KIND), "body")
    if body is None:
        raise damaged(_KIND, "it has no body")
    reader = _Reader()
    reader.add(body)
    reader.add_notes()
    if not reader.blocks.text:
        raise without_text()
    yield Text(text=reader.blocks.text, fields=_fields(archive))


class _Reader:
    def __init__(self) -> None:
        self.blocks = Blocks()
        self._notes: list[Element] = []

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

    def _add_list(self, element: Element, lists: int) -> None:
        for item in element:
            if local_name(item) not in {"list-item", "list-header"}:
                continue
            for inner in item:
                if local_name(inner) == "p":
                    boxes: list[Element] = []
                    self.blocks.item(self._text(inner, boxes), depth=lists)
                elif local_name(inner) == "list":
                    self._add_list(inner, lists + 1)
                else:
                    self.add(inner, lists + 1)
        if not lists:
            self.blocks.end_table()

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
        inner = _Reader()
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
