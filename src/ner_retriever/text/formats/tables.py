"""Rows of CSV and TSV files, whether their fields are in quotes or not."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.dialect import Quoting, separator_of, split_plain
from ner_retriever.text.formats.options import ReadOptions
from ner_retriever.text.lines import read_lines, too_long, without_line_end
from ner_retriever.text.sources import Source

_Numbered = tuple[int, str | DocumentError]


def read_table(source: Source, options: ReadOptions) -> Iterator[Document | DocumentError]:
    """Read the rows of a table; blank lines are skipped.

    A bad row of one line is yielded as its error, and reading goes on. After a bad row of several
    lines nobody knows where the next one begins, so its error is the last item.
    """
    header: list[str] | None = None
    dialect = options.dialect
    rows = _Rows(source, options)
    for number, row in rows:
        origin = f"{source.label}:{number}"
        if isinstance(row, DocumentError):
            yield row
            if header is None:
                return
            continue
        if not row:
            continue
        if header is None:
            header = row if dialect.header else [str(place) for place in range(1, len(row) + 1)]
            rows.width = len(header)
            if missing := options.columns.missing(header, origin):
                yield missing
                return
            if dialect.header:
                continue
        if len(row) != len(header):
            yield DocumentError(
                f"{origin}: {len(row)} fields where the header has {len(header)}; put a field that "
                "holds the separator in quotes, or name another with --separator"
            )
        else:
            record = dict(zip(header, row, strict=True))
            yield options.document(record, source, number, untyped=True)


class _Rows:
    """Rows, or their errors, each with the number of its first line.

    Attributes:
        width: how many columns there are, once that is known.
    """

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.width = 0
        self._source = source
        self._dialect = options.dialect
        self._max_characters = options.max_characters
        spans = options.columns.spans
        self._wanted = [*options.columns.text, *([] if spans is None else [spans])]
        read = read_lines(source, max_characters=options.max_characters, progress=options.progress)
        self._lines = _RowLines(read, label=source.label, max_characters=options.max_characters)

    def __iter__(self) -> Iterator[tuple[int, list[str] | DocumentError]]:
        separator = self._dialect.separator or self._separator()
        while True:
            self._lines.begin_row()
            row = self._next(separator)
            if row is None:
                return
            plain = self._plain(row, separator)
            if plain is not None:
                yield from plain
                continue
            yield self._lines.first, row
            if isinstance(row, DocumentError) and self._lines.count > 1:
                return

    def _separator(self) -> str:
        first = self._lines.peek()
        return separator_of(first, suffix=self._source.suffix, wanted=self._wanted)

    def _next(self, separator: str) -> list[str] | DocumentError | None:
        """Read a row in quotes, or, where quotes don't count, a line."""
        try:
            if self._dialect.quoting is Quoting.NONE:
                line = next(self._lines, None)
                return None if line is None else _fields(line, separator)
            # Strict, since otherwise a quote that is never closed swallows the rest of the file.
            reader = csv.reader(self._lines, delimiter=separator, strict=True)
            with _field_size_limit(self._max_characters):
                return next(reader, None)
        except csv.Error as error:
            return DocumentError(
                f"{self._source.label}:{self._lines.first}: not a row of a table ({error}); put a "
                "field that holds quotes or line breaks in quotes and double the quotes inside, or "
                "say that quotes don't count with --quoting none"
            )
        except DocumentError as error:
            return error

    def _plain(
        self, row: list[str] | DocumentError, separator: str
    ) -> list[tuple[int, list[str]]] | None:
        """Return rows of a line each where those fit better; ``None`` where they don't.

        A quote that stands alone in a field would swallow the rows behind it. That has happened if
        what was taken is no row, or, in a TSV file, where line breaks in fields are rare, is
        several lines, and each of the lines alone has as many fields as there are columns.
        """
        taken = self._lines.taken
        if self._dialect.quoting is not Quoting.AUTO or self.width < 2 or not taken:
            return None
        if len(taken) < self._lines.count:
            # One of the lines cannot be used.
            return None
        failed = isinstance(row, DocumentError) or len(row) != self.width
        if not failed and not (separator == "\t" and len(taken) > 1):
            return None
        found = split_plain([line for _, line in taken], separator, self.width)
        if found is not None:
            return [(number, fields) for (number, _), fields in zip(taken, found, strict=True)]
        if isinstance(row, DocumentError) and len(taken) > 1:
            # The first line may stand alone, and what follows is read anew.
            alone = split_plain([taken[0][1]], separator, self.width)
            if alone is not None:
                self._lines.give_back(taken[1:])
                return [(taken[0][0], alone[0])]
        return None


class _RowLines:
    """The lines handed to the CSV reader, kept, so that no row grows beyond the limit.

    Attributes:
        taken: numbers and lines of the current row so far.
        count: how many there were, one that cannot be used included.
    """

    def __init__(self, lines: Iterator[_Numbered], *, label: str, max_characters: int) -> None:
        self.taken: list[tuple[int, str]] = []
        self.count = 0
        self._ahead: deque[_Numbered] = deque()
        self._lines = lines
        self._label = label
        self._max_characters = max_characters
        self._characters = 0
        self._failed = 0

    @property
    def first(self) -> int:
        """Number of the current row's first line."""
        return self.taken[0][0] if self.taken else self._failed

    def begin_row(self) -> None:
        self.taken = []
        self.count = 0
        self._characters = 0

    def peek(self) -> str:
        """Return the next line without taking it; nothing where it is none."""
        item = next(self._lines, None)
        if item is None:
            return ""
        self._ahead.append(item)
        return item[1] if isinstance(item[1], str) else ""

    def give_back(self, lines: Iterable[tuple[int, str]]) -> None:
        """Have lines read again."""
        self._ahead.extendleft(reversed(list(lines)))

    def __iter__(self) -> "_RowLines":
        return self

    def __next__(self) -> str:
        number, line = self._ahead.popleft() if self._ahead else next(self._lines)
        self.count += 1
        if isinstance(line, DocumentError):
            self._failed = number
            raise line
        if self._characters + len(without_line_end(line)) > self._max_characters:
            self._failed = number
            raise too_long(f"{self._label}:{self.first}", self._max_characters)
        self.taken.append((number, line))
        self._characters += len(line)
        return line


def _fields(line: str, separator: str) -> list[str]:
    bare = without_line_end(line)
    return bare.split(separator) if bare.strip() else []


@contextmanager
def _field_size_limit(characters: int) -> Iterator[None]:
    """Allow long fields while one row is read: the limit belongs to the whole process."""
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)
