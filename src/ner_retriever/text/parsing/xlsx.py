"""XLSX: a sheet is a document, or each of its rows where it has a column of texts."""

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Any

from ner_retriever.text.parsing.archives import Archive
from ner_retriever.text.parsing.blocks import one_line
from ner_retriever.text.parsing.office import core_fields
from ner_retriever.text.parsing.outcome import (
    TOO_LONG,
    Failure,
    Job,
    Parsed,
    Row,
    SignOfLife,
    Text,
    damaged,
    without_text,
)

_KIND = "XLSX"
# Beyond so many of them, a sheet is taken to have ended, though it may reach to row 1,048,576.
_MOST_EMPTY_ROWS = 10_000
_MIDNIGHT = time()
# A sheet may have a million rows, whose documents come one by one.
_ROWS_A_SIGN = 10_000

_Cells = Sequence[Any]


def parse_xlsx(content: bytes, job: Job) -> Parsed:
    """Yield each sheet's text, or its rows.

    Raises:
        Unparsable: it is encrypted, damaged or too large, or all sheets are empty.
    """
    import openpyxl

    archive = Archive(content, _KIND)
    fields = core_fields(archive, _KIND)
    try:
        # What formulas last gave, which is what a reader of the file sees.
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise damaged(_KIND, f"{type(error).__name__}: {error}") from error
    texts: list[tuple[str, str | None]] = []
    has_rows = False
    for sheet in book.worksheets:
        rows = _filled_rows(sheet)
        header = next(rows, None)
        if header is None:
            continue
        names = _names(header[1])
        if job.text_columns and set(job.text_columns) <= set(names):
            has_rows = True
            yield from _records(rows, names, sheet.title, job.text_columns)
        else:
            texts.append((sheet.title, _text(chain([header], rows), job.max_characters)))
    if not texts and not has_rows:
        raise without_text("its sheets are empty")
    alone = len(texts) == 1 and not has_rows
    for title, text in texts:
        path = () if alone else (title,)
        if text is None:
            yield Failure(message=TOO_LONG, reason=TOO_LONG, path=path)
        else:
            yield Text(text=text, fields={**fields, "sheet": title}, path=path)


def _filled_rows(sheet: Any) -> Iterator[tuple[int, _Cells]]:
    """Yield rows that hold something, with their numbers from 1."""
    # What a sheet says of its size is often wrong.
    sheet.reset_dimensions()
    empty = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if any(cell is not None and cell != "" for cell in cells):
            empty = 0
            yield number, cells
        else:
            empty += 1
            if empty > _MOST_EMPTY_ROWS:
                return


def _names(cells: _Cells) -> list[str]:
    return [one_line(_written(cell)) for cell in cells]


def _records(
    rows: Iterator[tuple[int, _Cells]], names: Sequence[str], sheet: str, texts: Sequence[str]
) -> Iterator[Row | SignOfLife]:
    for count, (number, cells) in enumerate(rows, 1):
        if count % _ROWS_A_SIGN == 0:
            yield SignOfLife()
        # In a sheet, a text may look like a number, or like nothing.
        record = {
            name: _written(cell) if name in texts else _plain(cell)
            for name, cell in zip(names, cells, strict=False)
            if name
        }
        if any(record.get(name) for name in texts):
            yield Row(record=record, sheet=sheet, number=number)


def _text(rows: Iterator[tuple[int, _Cells]], max_characters: int) -> str | None:
    """Return a sheet's text; ``None`` where it is too long."""
    lines = []
    size = 0
    for _, cells in rows:
        line = "\t".join(one_line(_written(cell)) for cell in cells).rstrip("\t")
        size += len(line) + 1
        if size > max_characters + 1:
            return None
        lines.append(line)
    return "\n".join(lines)


def _written(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        # A computed 0.1 + 0.2 is shown as 0.3 in the sheet.
        return f"{cell:.15g}"
    return str(_plain(cell))


def _plain(cell: Any) -> Any:
    """Return what JSON can write; a date as ISO 8601 has it, without a time where it has none."""
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == _MIDNIGHT else cell).isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, str | int | float | bool) or cell is None:
        return cell
    return str(cell)
