"""How a table of text is written: its separator, what quotes mean, whether it has a header."""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ner_retriever.errors import ConfigError

_SEPARATORS = (",", ";", "\t", "|")


class Quoting(StrEnum):
    """What quotes mean in a table."""

    AUTO = "auto"
    QUOTED = "quoted"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a table is written, as far as it is known beforehand.

    Attributes:
        separator: between fields, one character; ``None`` for the one that the header has.
        quoting: ``quoted``: a field in quotes may hold separators and line breaks; ``none``: quotes
            are signs like any other; ``auto``: whichever makes rows out of the lines.
        header: whether the first row names the columns; otherwise they are named 1, 2, 3.

    Raises:
        ConfigError: the separator is no single character.
    """

    separator: str | None = None
    quoting: Quoting = Quoting.AUTO
    header: bool = True

    def __post_init__(self) -> None:
        if self.separator is not None and (len(self.separator) != 1 or self.separator in '"\r\n'):
            raise ConfigError(
                f"a separator is one character, and no quote or line end, not {self.separator!r}"
            )


def separator_of(line: str, *, suffix: str, wanted: Collection[str]) -> str:
    """Return the separator of a table, by its first line.

    Args:
        line: the header.
        suffix: of the file, ``.csv`` or ``.tsv``, whose own separator comes first.
        wanted: columns that must be there.
    """
    own = "\t" if suffix == ".tsv" else ","
    candidates = [own, *(separator for separator in _SEPARATORS if separator != own)]
    fitting = (one for one in candidates if set(wanted) <= set(split_quoted(line, one) or ()))
    return next(fitting, own)


def split_quoted(line: str, separator: str) -> list[str] | None:
    """Return the fields of one line in which quotes count; ``None`` where it is no whole row."""
    try:
        rows = list(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else []


def split_plain(lines: Sequence[str], separator: str, width: int) -> list[list[str]] | None:
    """Return the fields of lines in which quotes don't count.

    Returns:
        ``None`` where a line has not as many fields as the table has columns.
    """
    rows = [line.rstrip("\r\n").split(separator) for line in lines]
    return rows if all(len(row) == width for row in rows) else None
