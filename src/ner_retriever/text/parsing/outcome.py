"""What is asked of a parser, and what it gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A file to parse.

    Attributes:
        suffix: which kind it is, such as ``.pdf``.
        is_utf8: whether its text was brought into UTF-8, whatever it says itself.
        ocr_languages: of scanned pages, as Tesseract names them.
        text_columns: columns that make a sheet's rows documents of their own; none for never.
        max_characters: of a text.
        depth: how many files it is nested in.
    """

    suffix: str
    is_utf8: bool = False
    ocr_languages: str = "eng"
    text_columns: tuple[str, ...] = ()
    max_characters: int = 2_000_000
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A document's text.

    Attributes:
        text: paragraphs between blank lines; items of lists and rows of tables are lines.
        fields: what else is known of it.
        pages: the first character of each page.
        path: where it is nested in the file, such as an attachment's name; empty for the file.
        attached_to: the path of the mail that it is attached to; ``None`` for what is not attached.
    """

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    pages: tuple[int, ...] = ()
    path: tuple[str, ...] = ()
    attached_to: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A sheet's row that is a document: its cells by the names of their columns."""

    record: Mapping[str, Any]
    sheet: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a file, or one that is nested in it, gives no text."""

    message: str
    reason: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is worth knowing of a file that is read."""

    message: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOfLife:
    """A step that may take long by itself has been done; time is counted anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A library that the kind needs is not installed."""

    library: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Nothing comes after it.

    Attributes:
        retires: whether the worker should parse no other file.
    """

    retires: bool = False


Found = Text | Row | Failure | Notice | SignOfLife
Parsed = Iterator[Found]


# The reason of a failure that is a text longer than was asked for.
TOO_LONG = "too long"


class Unparsable(Exception):
    """A file gives no text.

    Attributes:
        reason: the same in a word or two.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def damaged(kind: str, error: object) -> Unparsable:
    """Say that a file is not what its name says, or broken."""
    told = " ".join(str(error).split())[:200] or type(error).__name__
    return Unparsable(
        f"cannot be read as {kind} ({told}); save it again, or skip it with --on-error skip",
        "damaged",
    )


def encrypted() -> Unparsable:
    """Say that a file can be opened only with a password."""
    return Unparsable(
        "is encrypted; save it without a password, or skip it with --on-error skip", "encrypted"
    )


def without_text(why: str = "") -> Unparsable:
    """Say that a file holds no text."""
    told = f" ({why})" if why else ""
    return Unparsable(f"holds no text{told}; skip it with --on-error skip", "no text")


def too_large(what: str) -> Unparsable:
    """Say that a file, or what is in it, is larger than is read."""
    return Unparsable(f"{what}; split it, or skip it with --on-error skip", "too large")
