"""Makes files of each kind of document, from blocks whose text is known.

The programs that write them are others than those that read them, or are written out here.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from html import escape

from document_blocks import (
    AUTHOR,
    BLOCKS,
    DATE,
    TITLE,
    WHEN,
    Block,
    heading,
    item,
    paragraph,
    plain,
    row,
)
from document_mail import mail, mbox
from document_pdf import pdf

__all__ = [
    "AUTHOR",
    "BLOCKS",
    "DATE",
    "TITLE",
    "Block",
    "archive",
    "docx",
    "epub",
    "heading",
    "html",
    "html_body",
    "item",
    "mail",
    "mbox",
    "odt",
    "paragraph",
    "pdf",
    "plain",
    "pptx",
    "row",
    "rtf",
    "xlsx",
]

_XML = '<?xml version="1.0" encoding="UTF-8"?>'


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """Pack members, in order, with a date that is always the same."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def docx(blocks: Sequence[Block] = BLOCKS) -> bytes:
    import docx as python_docx

    document = python_docx.Document()
    table = None
    for block in blocks:
        if block.kind != "row":
            table = None
        match block.kind:
            case "heading":
                document.add_heading(block.text)
            case "paragraph":
                document.add_paragraph(block.text)
            case "item":
                document.add_paragraph(block.text, style="List Bullet")
            case _:
                table = table or document.add_table(rows=0, cols=len(block.cells))
                for cell, text in zip(table.add_row().cells, block.cells, strict=True):
                    cell.text = text
    properties = document.core_properties
    properties.title, properties.author, properties.created = TITLE, AUTHOR, WHEN
    return _saved(document)


def pptx(slides: Sequence[Sequence[Block]], notes: str = "") -> bytes:
    """Make slides; the first block of each is its title."""
    import pptx as python_pptx
    from pptx.util import Inches

    presentation = python_pptx.Presentation()
    for blocks in slides:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = blocks[0].text
        body = slide.placeholders[1].text_frame
        body.text = "\n".join(block.text for block in blocks[1:] if block.kind == "item")
        rows = [block.cells for block in blocks if block.kind == "row"]
        if rows:
            size = (Inches(1), Inches(4), Inches(6), Inches(1))
            table = slide.shapes.add_table(len(rows), len(rows[0]), *size).table
            for number, cells in enumerate(rows):
                for column, text in enumerate(cells):
                    table.cell(number, column).text = text
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    properties = presentation.core_properties
    properties.title, properties.author, properties.created = TITLE, AUTHOR, WHEN
    return _saved(presentation)


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for cells in rows:
            sheet.append(list(cells))
    book.properties.title, book.properties.creator = TITLE, AUTHOR
    book.properties.created = WHEN
    return _saved(book)


def odt(blocks: Sequence[Block] = BLOCKS) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"'
        for name, kind in (
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("meta", "meta"),
        )
    )
    spaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    tags = {
        "heading": '<text:h text:outline-level="1">{}</text:h>',
        "paragraph": "<text:p>{}</text:p>",
        "item": "<text:list-item><text:p>{}</text:p></text:list-item>",
        "row": "<table:table-row>{}</table:table-row>",
        "cell": "<table:table-cell><text:p>{}</text:p></table:table-cell>",
        "items": "<text:list>{}</text:list>",
        "rows": '<table:table table:name="T">{}</table:table>',
    }
    body = _nested(blocks, tags)
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"{_XML}<office:document-content {spaces}><office:body><office:text>"
            f"{body}</office:text></office:body></office:document-content>",
            "meta.xml": f"{_XML}<office:document-meta {spaces}><office:meta>"
            f"<dc:title>{TITLE}</dc:title><meta:initial-creator>{AUTHOR}</meta:initial-creator>"
            f"<meta:creation-date>{WHEN.isoformat()}</meta:creation-date>"
            "</office:meta></office:document-meta>",
        }
    )


def html_body(blocks: Sequence[Block] = BLOCKS) -> str:
    tags = {
        "heading": "<h2>{}</h2>",
        "paragraph": "<p>{}</p>",
        "item": "<li>{}</li>",
        "row": "<tr>{}</tr>",
        "cell": "<td>{}</td>",
        "items": "<ul>{}</ul>",
        "rows": "<table>{}</table>",
    }
    return _nested(blocks, tags)


def html(blocks: Sequence[Block] = BLOCKS) -> bytes:
    """Make a page with a menu, a footer and scripts around its article."""
    menu = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("Home", "News", "Contact"))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>'
        f'<meta name="author" content="{AUTHOR}">'
        f'<meta property="article:published_time" content="{WHEN.isoformat()}">'
        '<meta property="og:site_name" content="The Gazette">'
        '<link rel="canonical" href="https://gazette.example/courts">'
        "<script>var shown = 'never';</script></head><body>"
        f"<nav><ul>{menu}</ul></nav><article>{html_body(blocks)}</article>"
        "<footer><p>Copyright Gazette. <a href='/privacy'>Privacy</a></p></footer></body></html>"
    ).encode()


def epub(chapters: Sequence[Sequence[Block]]) -> bytes:
    names = [f"chapter{number}" for number in range(1, len(chapters) + 1)]
    items = "".join(
        f'<item id="{name}" href="text/{name}.xhtml" media-type="application/xhtml+xml"/>'
        for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    package = (
        f'{_XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{TITLE}</dc:title><dc:creator>{AUTHOR}</dc:creator><dc:date>{DATE}</dc:date>"
        "<dc:language>en</dc:language><dc:publisher>Example Press</dc:publisher></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        f'{_XML}<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="OEBPS/content.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OEBPS/content.opf": package,
    }
    # The last one first: their order is the spine's, not the archive's.
    for name, blocks in reversed(list(zip(names, chapters, strict=True))):
        members[f"OEBPS/text/{name}.xhtml"] = (
            f'{_XML}<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{name}</title></head>'
            f"<body>{html_body(blocks)}</body></html>"
        )
    return archive(members)


def rtf(blocks: Sequence[Block] = BLOCKS) -> bytes:
    parts = [
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fnil\fcharset2 Symbol;}}",
        rf"{{\info{{\title {_rtf(TITLE)}}}{{\author {_rtf(AUTHOR)}}}",
        rf"{{\creatim\yr{WHEN.year}\mo{WHEN.month}\dy{WHEN.day}\hr12\min30}}}}",
        r"{\header\pard Page of the header\par}",
    ]
    for block in blocks:
        match block.kind:
            case "row":
                cells = "".join(rf"\pard\intbl {_rtf(cell)}\cell" for cell in block.cells)
                parts.append(rf"\trowd\cellx2000\cellx4000\cellx6000 {cells}\row")
            case "item":
                marker = r"{\listtext\f1\'b7\tab}"
                parts.append(rf"{{\pard{marker}\ls1 {_rtf(block.text)}\par}}")
            case _:
                parts.append(rf"{{\pard {_rtf(block.text)}\par}}")
    return "\n".join([*parts, "}"]).encode("ascii")


def _saved(document: object) -> bytes:
    written = io.BytesIO()
    document.save(written)  # type: ignore[attr-defined]
    return written.getvalue()


def _nested(blocks: Sequence[Block], tags: Mapping[str, str]) -> str:
    parts: list[str] = []
    run: list[str] = []
    for number, block in enumerate(blocks):
        if block.kind not in {"item", "row"}:
            parts.append(tags[block.kind].format(escape(block.text, quote=False)))
            continue
        cells = "".join(tags["cell"].format(escape(cell, quote=False)) for cell in block.cells)
        run.append(tags[block.kind].format(cells or escape(block.text, quote=False)))
        if number + 1 == len(blocks) or blocks[number + 1].kind != block.kind:
            parts.append(tags[f"{block.kind}s"].format("".join(run)))
            run = []
    return "".join(parts)


def _rtf(text: str) -> str:
    return "".join(
        character if character.isascii() else rf"\u{ord(character)}?" for character in text
    )
