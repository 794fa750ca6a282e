"""Which parser reads which kind of file."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from ner_retriever.text.parsing.outcome import Job, Parsed

Parser = Callable[[bytes, Job], Parsed]

MARKDOWN = (".md", ".markdown")
HTML = (".html", ".htm", ".xhtml")
_READ_BY = {
    ".pdf": "pdf:parse_pdf",
    ".docx": "docx:parse_docx",
    ".odt": "odt:parse_odt",
    ".rtf": "rtf:parse_rtf",
    ".pptx": "pptx:parse_pptx",
    ".epub": "epub:parse_epub",
    ".eml": "mail:parse_mail",
    ".xlsx": "xlsx:parse_xlsx",
    **dict.fromkeys(HTML, "html:parse_html"),
    **dict.fromkeys(MARKDOWN, "plain_text:parse_markdown"),
    # As attachments only; as files of their own they are lines or tables.
    **dict.fromkeys((".txt", ".csv", ".tsv"), "plain_text:parse_plain"),
}
# The module and its function, imported when the first such file comes.
PARSERS = {suffix: f"{__package__}.{parser}" for suffix, parser in _READ_BY.items()}


def parser_of(suffix: str) -> Parser:
    """Return the parser of a kind.

    Raises:
        KeyError: there is none.
    """
    module, _, function = PARSERS[suffix].partition(":")
    return cast(Parser, getattr(import_module(module), function))


def is_readable(suffix: str) -> bool:
    """Whether attachments of a kind are read."""
    return suffix in PARSERS
