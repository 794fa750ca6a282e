"""DOCX: paragraphs, lists and tables in their order, as the document would be printed now.

Text in content controls and text boxes is read, insertions that are not yet accepted too; what was
deleted is not, nor are headers and footers.
"""

from collections.abc import Iterator

from ner_retriever.text.parsing.archives import Archive
from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.numbering import Numbering
from ner_retriever.text.parsing.office import core_fields
from ner_retriever.text.parsing.outcome import Job, Parsed, Text, damaged, without_text
from ner_retriever.text.parsing.xml_parts import (
    Element,
    attribute,
    child,
    local_name,
    parse_xml,
)

_KIND = "DOCX"
_BODY = "word/document.xml"
_SKIPPED = {"del", "moveFrom", "instrText", "delText", "pPr", "rPr", "sdtPr", "Fallback"}
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_NO_NOTES = {"separator", "continuationSeparator", "continuationNotice"}


def parse_docx(content: bytes, _: Job) -> Parsed:
    """Yield the document; footnotes and endnotes come at its end.

    Raises:
        Unparsable: it is encrypted, damaged or too large, or holds no text.
    """
    archive = Archive(content, _KIND)
    body = child(parse_xml(archive.read(_BODY), _KIND), "body")
    if body is None:
        raise damaged(_KIND, "it has no body")
    numbering = Numbering(_part(archive, "word/numbering.xml"), _part(archive, "word/styles.xml"))
    blocks = Blocks()
    _add(body, blocks, numbering)
    for name in ("word/footnotes.xml", "word/endnotes.xml"):
        notes = _part(archive, name)
        for note in () if notes is None else notes:
            if attribute(note, "type") not in _NO_NOTES:
                _add(note, blocks, numbering)
    if not blocks.text:
        raise without_text()
    yield Text(text=blocks.text, fields=core_fields(archive, _KIND))


def _part(archive: Archive, name: str) -> Element | None:
    content = archive.find(name)
    return None if content is None else parse_xml(content, _KIND)


def _add(parent: Element, blocks: Blocks, numbering: Numbering) -> None:
    for element in _blocks_of(parent):
        if local_name(element) == "tbl":
            _add_table(element, blocks)
        else:
            _add_paragraph(element, blocks, numbering)


def _blocks_of(parent: Element) -> Iterator[Element]:
    """The paragraphs and tables, also those in content controls and the like."""
    for element in parent:
        name = local_name(element)
        if name in {"p", "tbl"}:
            yield element
        elif name in {"sdt", "sdtContent", "customXml", "ins", "moveTo"}:
            yield from _blocks_of(element)


def _add_paragraph(paragraph: Element, blocks: Blocks, numbering: Numbering) -> None:
    boxes: list[Element] = []
    text = "".join(_pieces(paragraph, boxes))
    level = numbering.level_of(paragraph)
    if text.strip() and level is not None:
        blocks.item(text, numbering.next_marker(level), level.depth)
    else:
        blocks.paragraph(text)
    for box in boxes:
        _add(box, blocks, numbering)


def _add_table(table: Element, blocks: Blocks) -> None:
    blocks.end_table()
    for row in _rows_of(table):
        blocks.row([_cell_text(cell) for cell in _cells_of(row)])
    blocks.end_table()


def _rows_of(table: Element) -> Iterator[Element]:
    for element in table:
        if local_name(element) == "tr":
            yield element
        elif local_name(element) in {"sdt", "sdtContent"}:
            yield from _rows_of(element)


def _cells_of(row: Element) -> Iterator[Element]:
    for element in row:
        if local_name(element) == "tc":
            yield element
        elif local_name(element) in {"sdt", "sdtContent"}:
            yield from _cells_of(element)


def _cell_text(cell: Element) -> str:
    """The text of a cell; of a table in it, as if its cells were paragraphs."""
    texts = []
    for element in _blocks_of(cell):
        if local_name(element) == "tbl":
            texts += [_cell_text(inner) for row in _rows_of(element) for inner in _cells_of(row)]
        else:
            boxes: list[Element] = []
            texts.append("".join(_pieces(element, boxes)))
            texts += [_cell_text(box) for box in boxes]
    return " ".join(filter(None, texts))


def _pieces(element: Element, boxes: list[Element]) -> Iterator[str]:
    """The text of a paragraph; boxes that hang on it are put aside."""
    for inner in element:
        name = local_name(inner)
        if name == "t":
            yield inner.text or ""
        elif name in _BREAKS:
            yield _BREAKS[name]
        elif name == "txbxContent":
            boxes.append(inner)
        elif name not in _SKIPPED:
            yield from _pieces(inner, boxes)
