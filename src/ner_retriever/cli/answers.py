"""How commands that search take a limit and a cut-off, and write an answer in any format."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ner_retriever.cli.output import (
    open_binary_output,
    open_output,
    write_entity_table,
    write_table,
)
from ner_retriever.errors import QueryError

if TYPE_CHECKING:
    from ner_retriever.search.results import Results


class Format(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    CONLL = "conll"
    BRAT = "brat"


class Duplicates(StrEnum):
    """What becomes of documents that are equal, or nearly so."""

    FOLD = "fold"
    SHOW = "show"


DuplicatesChoice = Annotated[
    Duplicates, typer.Option(help="Of documents that are equal, or nearly so: show one, or all.")
]


class By(StrEnum):
    """What a row of the answer is."""

    DOCUMENT = "document"
    ENTITY = "entity"


AnswerFormat = Annotated[
    Format, typer.Option(help="How results are written. brat is a zip, and needs --out.")
]
AnswerFile = Annotated[
    Path | None, typer.Option(help="Write to this file instead of standard output.")
]


def check_format(format: Format, by: By, out: Path | None) -> None:
    """Refuse a format that does not fit the rest, before anything is searched.

    Raises:
        QueryError: naming what to change.
    """
    if by is By.ENTITY and format in (Format.CONLL, Format.BRAT):
        raise QueryError(f"--format {format} marks mentions in documents; leave --by out")
    if format is Format.BRAT and out is None:
        raise QueryError("--format brat writes a zip archive; name it with --out")


def write_documents(results: "Results", format: Format, out: Path | None, *, label: str) -> None:
    """Write a row, line or file a document."""
    from ner_retriever.search import export

    if format is Format.BRAT and out is not None:
        with open_binary_output(out) as binary:
            export.write_brat(results, binary, label=label)
        return
    with open_output(out) as stream:
        match format:
            case Format.JSONL:
                export.write_jsonl(results, stream)
            case Format.CSV:
                export.write_csv(results, stream, fields=results.fields().names)
            case Format.CONLL:
                export.write_conll(results, stream, label=label)
            case _:
                write_table(results, stream)


def write_entities(results: "Results", format: Format, out: Path | None) -> None:
    """Write a row or line an entity."""
    from ner_retriever.search import export
    from ner_retriever.search.rollup import rollup

    entities = rollup(results)
    with open_output(out) as stream:
        match format:
            case Format.JSONL:
                export.write_entities_jsonl(entities, stream)
            case Format.CSV:
                export.write_entities_csv(entities, stream)
            case _:
                write_entity_table(entities, stream)


def read_limit(text: str) -> int | None:
    """Read what --limit takes.

    Raises:
        QueryError: neither a number of 1 or more nor all.
    """
    if text == "all":
        return None
    try:
        limit = int(text)
    except ValueError:
        raise QueryError(f"--limit takes a number or all, not {text!r}") from None
    if limit < 1:
        raise QueryError(f"the limit must be 1 or more, or all, not {limit}")
    return limit


def read_cutoff(text: str | None) -> float | Literal["auto"] | None:
    """Read what --cutoff takes.

    Raises:
        QueryError: neither a number nor auto.
    """
    if text is None:
        return None
    if text == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError:
        raise QueryError(f"--cutoff takes a score or auto, not {text!r}") from None
