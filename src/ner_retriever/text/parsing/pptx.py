"""PPTX: a slide is a page, with its title, texts, tables and notes."""

from collections.abc import Iterator

from ner_retriever.text.parsing.archives import Archive
from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.office import core_fields, related
from ner_retriever.text.parsing.outcome import Job, Parsed, Text, damaged, without_text
from ner_retriever.text.parsing.xml_parts import (
    Element,
    attribute,
    child,
    children,
    local_name,
    parse_xml,
)

_KIND = "PPTX"
_PRESENTATION = "ppt/presentation.xml"

# Dates and numbers of slides, which stand on each of them.
_FURNITURE = {"dt", "ftr", "hdr", "sldNum", "sldImg"}


def parse_pptx(content: bytes, _: Job) -> Parsed:
    """Yield the slides as one text.

    Raises:
        Unparsable: it is encrypted, damaged or too large, or holds no text.
    """
    archive = Archive(content, _KIND)
    blocks = Blocks()
    for slide in _slides(archive):
        blocks.page()
        _add(parse_xml(archive.read(slide), _KIND), blocks, bulleted=True)
        for kind, path in related(archive, slide, _KIND).values():
            if kind == "notesSlide" and path in archive:
                _add(parse_xml(archive.read(path), _KIND), blocks, bulleted=False)
    if not blocks.text:
        raise without_text()
    yield Text(text=blocks.text, fields=core_fields(archive, _KIND), pages=blocks.pages)


def _slides(archive: Archive) -> Iterator[str]:
    slides = child(parse_xml(archive.read(_PRESENTATION), _KIND), "sldIdLst")
    targets = related(archive, _PRESENTATION, _KIND)
    for slide in () if slides is None else slides:
        # Of its two attributes called id, the one in a namespace refers to the slide.
        identifier = next((str(v) for k, v in slide.attrib.items() if k.startswith("{")), "")
        _, path = targets.get(identifier, ("", ""))
        if path not in archive:
            raise damaged(_KIND, "a slide is missing")
        yield path


def _add(slide: Element, blocks: Blocks, *, bulleted: bool) -> None:
    for shape in _shapes(slide):
        if local_name(shape) == "tbl":
            blocks.end_table()
            for row in children(shape, "tr"):
                blocks.row([_text(cell) for cell in children(row, "tc")])
            blocks.end_table()
            continue
        kind = _placeholder(shape)
        body = child(shape, "txBody")
        if kind in _FURNITURE or body is None:
            continue
        # What has a place for text on the slide's layout is a list there by itself.
        is_list = bulleted and kind in {"body", "obj"}
        for paragraph in children(body, "p"):
            _add_paragraph(paragraph, blocks, is_list=is_list)
        blocks.end_table()


def _shapes(element: Element) -> Iterator[Element]:
    """The shapes with text and the tables, also those in groups."""
    for inner in element:
        name = local_name(inner)
        if name in {"sp", "tbl"}:
            yield inner
        elif name != "Fallback":
            yield from _shapes(inner)


def _placeholder(shape: Element) -> str:
    """What the shape is for; empty for one that is just there."""
    told = child(shape, "nvSpPr", "nvPr", "ph")
    return "" if told is None else attribute(told, "type", "obj")


def _add_paragraph(paragraph: Element, blocks: Blocks, *, is_list: bool) -> None:
    text = _text(paragraph)
    properties = child(paragraph, "pPr")
    depth = "0"
    marker = "-"
    if properties is not None:
        depth = attribute(properties, "lvl", "0")
        if child(properties, "buNone") is not None:
            is_list = False
        elif any(child(properties, name) is not None for name in ("buChar", "buAutoNum")):
            is_list = True
    if is_list:
        blocks.item(text, marker, int(depth) if depth.isdecimal() else 0)
    else:
        blocks.paragraph(text)


def _text(element: Element) -> str:
    pieces = []
    for inner in element.iter():
        name = local_name(inner)
        if name == "t":
            pieces.append(inner.text or "")
        elif name == "br" or (name == "p" and pieces):
            pieces.append("\n")
    return "".join(pieces).strip()
