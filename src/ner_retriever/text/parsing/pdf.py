"""PDF: text in the order in which it was written, page by page; scanned pages are recognised."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from ner_retriever.text.parsing import ocr
from ner_retriever.text.parsing.dates import iso_of_pdf
from ner_retriever.text.parsing.outcome import (
    TOO_LONG,
    Job,
    Notice,
    Parsed,
    SignOfLife,
    Text,
    Unparsable,
    damaged,
    encrypted,
    too_large,
    without_text,
)
from ner_retriever.text.parsing.pdf_lines import page_text

MOST_PAGES = 20_000
_BETWEEN_PAGES = "\n\n"
_NO_PASSWORD = 4
# What word processors put into the title by themselves.
_FROM_PROGRAM = re.compile(
    r"^Microsoft (Word|PowerPoint|Excel) - |\.(docx?|pptx?|odt|tex|dvi|qxd)$"
)
_NO_TITLES = {"untitled", "untitled document", "(anonymous)", "powerpoint presentation"}


def parse_pdf(content: bytes, job: Job) -> Parsed:
    """Yield the file's text with its pages.

    Raises:
        Unparsable: it is encrypted, damaged, too large, or no page has text.
    """
    import pypdfium2

    try:
        file = pypdfium2.PdfDocument(content)
        count = len(file)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _NO_PASSWORD or "assword" in str(error):
            raise encrypted() from error
        raise damaged("PDF", error) from error
    with closing(file):
        if count > MOST_PAGES:
            raise too_large(f"has {count:,} pages; {MOST_PAGES:,} are read")
        pages: list[str] = []
        scanned: list[int] = []
        size = 0
        for number in range(count):
            text, is_scanned = _page(file, number)
            pages.append(text)
            size += len(text)
            if size > job.max_characters:
                raise Unparsable(TOO_LONG, TOO_LONG)
            if is_scanned:
                scanned.append(number)
        yield from _recognised(file, pages, scanned, job)
        text, starts = _joined(pages)
        if not text:
            raise without_text(_why_empty(scanned))
        yield Text(text=text, fields=_fields(file), pages=starts)


def _page(file: Any, number: int) -> tuple[str, bool]:
    """Return a page's text, and whether it shows something though it has none."""
    import pypdfium2

    try:
        with closing(file[number]) as page:
            text = page_text(page)
            return text, not text and next(page.get_objects(max_depth=1), None) is not None
    except pypdfium2.PdfiumError as error:
        raise damaged("PDF", f"page {number + 1}: {error}") from error


def _recognised(file: Any, pages: list[str], scanned: Sequence[int], job: Job) -> Parsed:
    """Put the texts of scanned pages into ``pages``."""
    if not scanned:
        return
    if not ocr.is_installed():
        if any(pages):
            yield Notice(
                message=f"{_numbers(scanned)} no text; install tesseract to read scanned pages"
            )
        return
    unread: list[int] = []
    told = ""
    for number in scanned[: ocr.MOST_PAGES]:
        try:
            with closing(file[number]) as page:
                pages[number] = ocr.recognise(page, job.ocr_languages)
        except ocr.NotRecognised as error:
            unread.append(number)
            told = str(error)
        yield SignOfLife()
    unread += scanned[ocr.MOST_PAGES :]
    if unread:
        told = told or f"{ocr.MOST_PAGES:,} pages of a file are recognised"
        yield Notice(message=f"{_numbers(unread)} no text ({told})")


def _joined(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    for text in pages:
        if text and parts:
            parts.append(_BETWEEN_PAGES)
            length += len(_BETWEEN_PAGES)
        starts.append(length)
        parts.append(text)
        length += len(text)
    return "".join(parts), tuple(starts)


def _why_empty(scanned: Sequence[int]) -> str:
    if scanned and not ocr.is_installed():
        return "it is scanned; install tesseract to read scanned pages"
    return ""


def _numbers(indexes: Sequence[int]) -> str:
    """Write pages' numbers from 1, as the subject of ``have``."""
    if len(indexes) == 1:
        return f"page {indexes[0] + 1} has"
    if indexes[-1] - indexes[0] == len(indexes) - 1:
        return f"pages {indexes[0] + 1} to {indexes[-1] + 1} have"
    shown = ", ".join(str(index + 1) for index in indexes[:10])
    return f"pages {shown}{' and others' if len(indexes) > 10 else ''} have"


def _fields(file: Any) -> dict[str, Any]:
    told = {key: value.strip("\0 \t\r\n") for key, value in _metadata(file)}
    title = told.get("Title", "")
    if _FROM_PROGRAM.search(title) or title.casefold() in _NO_TITLES:
        title = ""
    return {
        "title": title,
        "author": told.get("Author", ""),
        "date": iso_of_pdf(told.get("CreationDate", "")),
    }


def _metadata(file: Any) -> Iterator[tuple[str, str]]:
    for key in ("Title", "Author", "CreationDate"):
        yield key, file.get_metadata_value(key)
