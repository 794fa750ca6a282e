"""Tables of Markdown, and text that may stand in them."""

import re
from collections.abc import Sequence

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&#])")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column stands left, the others right."""
    align = ["---", *("---:" for _ in header[1:])]
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, align, *rows)]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text as it reads, on one line, whatever marks of Markdown or HTML it holds."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _MARKUP.sub(r"\\\1", line)
