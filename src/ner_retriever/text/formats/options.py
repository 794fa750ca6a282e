"""How files are read: what all readers are told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.text.formats.columns import Columns
from ner_retriever.text.formats.dialect import Dialect
from ner_retriever.text.sources import Source


class TextFiles(StrEnum):
    """What is a document in a plain text file."""

    LINES = "lines"
    PARAGRAPHS = "paragraphs"
    WHOLE = "whole"


def ignore(_: object) -> None:
    """Take what nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How files are read.

    Attributes:
        columns: which fields of a record hold what.
        text_files: what is a document in a plain text file; ``None``: the file where it lies in a
            folder, a line where the file itself was named.
        dialect: how tables are written.
        max_characters: of a document, and of what has to be held to read one.
        ocr_languages: of scanned pages, as Tesseract names them: ``eng+deu``.
        progress: gets the number of bytes newly read, as they are on the disk.
        notice: gets what is worth knowing of a file that is read, in a sentence.
    """

    columns: Columns = field(default_factory=Columns)
    text_files: TextFiles | None = None
    dialect: Dialect = field(default_factory=Dialect)
    max_characters: int = 2_000_000
    ocr_languages: str = "eng"
    progress: Callable[[int], None] = ignore
    notice: Callable[[str], None] = ignore

    def document(
        self,
        record: Mapping[str, Any],
        source: Source,
        number: int,
        *,
        untyped: bool = False,
    ) -> Document | DocumentError:
        """Read one record; a bad one is returned as its error, so that reading can go on.

        Args:
            number: of its line, row or record in the source, from 1.
            untyped: texts of fields that are numbers become numbers.
        """
        origin = f"{source.label}:{number}"
        try:
            document, too_long = self.columns.read(
                record, source=source, number=number, origin=origin, untyped=untyped
            )
        except DocumentError as error:
            return error
        for name in too_long:
            self.notice(
                f"{source.label}: field {name!r} is too long in some records and left out there; "
                f"keep it with --field {name}"
            )
        return document
