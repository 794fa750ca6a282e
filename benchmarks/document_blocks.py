"""What made-up documents hold: blocks whose text is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

TITLE, AUTHOR, DATE = "On the Courts of Oslo", "Jane Röe", "2024-01-31"
WHEN = datetime(2024, 1, 31, 12, 30)


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph, item of a list, or row of a table (its cells)."""

    kind: str
    text: str = ""
    cells: tuple[str, ...] = ()


def heading(text: str) -> Block:
    return Block("heading", text)


def paragraph(text: str) -> Block:
    return Block("paragraph", text)


def item(text: str) -> Block:
    return Block("item", text)


def row(*cells: str) -> Block:
    return Block("row", cells=cells)


BLOCKS = (
    heading("The courts of the city"),
    paragraph(
        "The Supreme Court of Norway sits in Oslo. It hears appeals from all of the country."
    ),
    paragraph("Judge Åse Strøm wrote “the opinion” in 1998; the Borgarting Court followed."),
    item("Oslo District Court"),
    item("Borgarting Court of Appeal"),
    paragraph("Each of them publishes a yearly report."),
    row("Court", "Judges", "Founded"),
    row("Supreme Court", "20", "1815"),
    row("Oslo District Court", "103", "1890"),
    heading("What is to come"),
    paragraph("A new building is planned at Youngstorget."),
)


def plain(blocks: Sequence[Block]) -> str:
    """What a reader should make of blocks."""
    parts: list[str] = []
    before = ""
    for block in blocks:
        if parts:
            together = block.kind == before and block.kind in {"item", "row"}
            parts.append("\n" if together else "\n\n")
        parts.append(
            "\t".join(block.cells)
            if block.kind == "row"
            else f"- {block.text}"
            if block.kind == "item"
            else block.text
        )
        before = block.kind
    return "".join(parts)
