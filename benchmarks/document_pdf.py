"""Writes PDF, as its specification has it."""

import textwrap
from collections.abc import Sequence

from document_blocks import AUTHOR, TITLE, Block


def pdf(pages: Sequence[Sequence[Block]], *, width: int = 78, title: str = TITLE) -> bytes:
    """Make pages of lines in Courier; an empty page has a picture on it and no text."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>"
        % (b" ".join(b"%d 0 R" % (5 + 2 * n) for n in range(len(pages))), len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
        b"<< /Title %s /Author %s /CreationDate (D:20240131123000+01'00') >>"
        % (_pdf_text(title), _pdf_text(AUTHOR)),
    ]
    for number, blocks in enumerate(pages):
        content = _pdf_page(blocks, width)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (6 + 2 * number),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    return _pdf_file(objects)


def _pdf_page(blocks: Sequence[Block], width: int) -> bytes:
    if not blocks:
        return b"0.5 g 100 100 300 300 re f"
    parts = [b"BT /F1 10 Tf 1 0 0 1 60 780 Tm 12 TL"]
    before = ""
    for block in blocks:
        if before and not (block.kind == before and block.kind in {"item", "row"}):
            parts.append(b"T*")
        before = block.kind
        if block.kind == "row":
            for number, cell in enumerate(block.cells):
                parts.append(b"%d 0 Td (%s) Tj" % (170 if number else 0, _pdf_string(cell)))
            parts.append(b"%d 0 Td T*" % (-170 * (len(block.cells) - 1)))
            continue
        text = f"- {block.text}" if block.kind == "item" else block.text
        size = b"/F1 %d Tf" % (14 if block.kind == "heading" else 10)
        lines = [b"(%s) Tj T*" % _pdf_string(line) for line in textwrap.wrap(text, width)]
        parts += [size, *lines]
    return b"\n".join([*parts, b"ET"])


def _pdf_string(text: str) -> bytes:
    content = text.encode("cp1252")
    return content.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _pdf_text(text: str) -> bytes:
    return b"<" + ("\ufeff" + text).encode("utf-16-be").hex().encode() + b">"


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    content = b"%PDF-1.4\n"
    places = []
    for number, item_ in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, item_)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return content + (
        b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer << /Size %d /Root 1 0 R /Info 4 0 R >>\n" % size
        + b"startxref\n%d\n%%%%EOF\n" % len(content)
    )
