"""Rows of CSV and TSV files."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.lines import read_lines, too_long, without_line_end
from ner_retriever.text.records import Fields
from ner_retriever.text.sources import Source


def read_table(
    source: Source, fields: Fields, *, max_characters: int, progress: Callable[[int], None]
) -> Iterator[Document | DocumentError]:
    """Read the rows below a header line; blank lines are skipped.

    A bad row of one line is yielded as its error, and reading goes on. After a bad row of several
    lines nobody knows where the next one begins, so its error is the last item.
    """
    header: list[str] | None = None
    for number, row in _rows(source, max_characters=max_characters, progress=progress):
        origin = f"{source.label}:{number}"
        if isinstance(row, DocumentError):
            yield row
            if header is None:
                return
        elif not row:
            continue
        elif header is None:
            header = row
            if missing := fields.missing_column(header, origin):
                yield missing
                return
        elif len(row) != len(header):
            yield DocumentError(
                f"{origin}: {len(row)} fields where the header has {len(header)}; "
                "put a field that holds the separator in quotes"
            )
        else:
            yield fields.document(
                dict(zip(header, row, strict=True)),
                default_id=f"{source.name}:{number}",
                origin=origin,
            )


def _rows(
    source: Source, *, max_characters: int, progress: Callable[[int], None]
) -> Iterator[tuple[int, list[str] | DocumentError]]:
    """Yield each row, or its error, with the number of its first line."""
    lines = _RowLines(
        read_lines(source, max_characters=max_characters, progress=progress),
        label=source.label,
        max_characters=max_characters,
    )
    separator = "\t" if source.suffix == ".tsv" else ","
    # Strict, since otherwise a quote that is never closed swallows the rest of the file.
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.begin_row()
        try:
            with _field_size_limit(max_characters):
                row = next(reader, None)
        except csv.Error as error:
            yield (
                lines.first,
                DocumentError(
                    f"{source.label}:{lines.first}: not a row of a table ({error}); put a field "
                    "that holds quotes or line breaks in quotes and double the quotes inside"
                ),
            )
        except DocumentError as error:
            yield lines.first, error
        else:
            if row is None:
                return
            yield lines.first, row
            continue
        if lines.count > 1:
            return


class _RowLines:
    """The lines handed to the CSV reader, counted, so that no row grows beyond the limit.

    Attributes:
        first: number of the current row's first line.
        count: lines of the current row so far.
    """

    def __init__(
        self, lines: Iterator[tuple[int, str | DocumentError]], *, label: str, max_characters: int
    ) -> None:
        self.first = 0
        self.count = 0
        self._lines = lines
        self._label = label
        self._max_characters = max_characters
        self._characters = 0

    def begin_row(self) -> None:
        self.count = 0
        self._characters = 0

    def __iter__(self) -> "_RowLines":
        return self

    def __next__(self) -> str:
        number, line = next(self._lines)
        if self.count == 0:
            self.first = number
        self.count += 1
        if isinstance(line, DocumentError):
            raise line
        if self._characters + len(without_line_end(line)) > self._max_characters:
            raise too_long(f"{self._label}:{self.first}", self._max_characters)
        self._characters += len(line)
        return line


@contextmanager
def _field_size_limit(characters: int) -> Iterator[None]:
    """Allow long fields while one row is read: the limit belongs to the whole process."""
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)
