"""HTML: the main content of a page, without menus and advertisements."""

import re
from typing import Any

from ner_retriever.text.parsing.blocks import Blocks
from ner_retriever.text.parsing.decoding import decode_html
from ner_retriever.text.parsing.outcome import Job, Parsed, Text, without_text
from ner_retriever.text.parsing.visible_text import add_visible
from ner_retriever.text.parsing.xml_parts import Element, attribute, local_name

_FIELDS = ("title", "author", "date", "url", "sitename", "language")
# What pages of sites have; one without them, such as a report saved as HTML, is all content, of
# which the search for the main content would lose some headings and lists.
_FURNITURE = re.compile(r"<(nav|aside|header|footer|script|form|iframe|menu)\b", re.IGNORECASE)


def parse_html(content: bytes, job: Job) -> Parsed:
    """Yield the page; all visible text where no main content is found.

    Raises:
        Unparsable: it shows no text.
    """
    page = decode_html(content, "utf-8" if job.is_utf8 else "")
    body, fields = _main_content(page)
    blocks = Blocks()
    if body is not None and _FURNITURE.search(page):
        _add(body, blocks)
    if not blocks.text:
        add_visible(page, blocks)
    if not blocks.text:
        raise without_text()
    yield Text(text=blocks.text, fields=fields)


def _main_content(page: str) -> tuple[Element | None, dict[str, Any]]:
    import trafilatura
    from trafilatura.settings import use_config

    config = use_config()
    # It would set alarms of its own; the worker's time is bounded already.
    config.set("DEFAULT", "EXTRACTION_TIMEOUT", "0")
    found = trafilatura.bare_extraction(
        page, with_metadata=True, include_comments=False, favor_recall=True, config=config
    )
    told = trafilatura.extract_metadata(page) if found is None else found
    fields = {name: getattr(told, name, None) for name in _FIELDS}
    return getattr(found, "body", None), fields


def _add(element: Element, blocks: Blocks) -> None:
    """Add what trafilatura gives: paragraphs, heads, lists and tables in TEI's words."""
    for inner in element:
        match local_name(inner):
            case "list":
                _add_list(inner, blocks, 0)
            case "table":
                blocks.end_table()
                for row in inner.iter("row"):
                    blocks.row(["".join(_pieces(cell)) for cell in row])
                blocks.end_table()
            case "quote" | "div" if len(inner) and not (inner.text or "").strip():
                _add(inner, blocks)
            case _:
                blocks.paragraph("".join(_pieces(inner)))
        # Text between blocks.
        blocks.paragraph(inner.tail or "")


def _add_list(element: Element, blocks: Blocks, depth: int) -> None:
    for number, item in enumerate(element, 1):
        marker = f"{number}." if attribute(element, "rend") == "ol" else "-"
        blocks.item("".join(_pieces(item, without="list")), marker, depth)
        for nested in item:
            if local_name(nested) == "list" and depth < 8:
                _add_list(nested, blocks, depth + 1)


def _pieces(element: Element, without: str = "") -> list[str]:
    """The text of an element and of those in it; a line break is one."""
    pieces = [element.text or ""]
    for inner in element:
        name = local_name(inner)
        if name == "lb":
            pieces.append("\n")
        elif name and name != without:
            pieces += _pieces(inner)
            if name in {"p", "item", "list", "cell", "head"}:
                pieces.append("\n")
        pieces.append(inner.tail or "")
    return pieces
