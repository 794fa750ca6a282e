"""How files are read, as options of a command."""

from typing import TYPE_CHECKING, Annotated

import typer

from ner_retriever.errors import ConfigError
from ner_retriever.text.formats.dialect import Dialect, Quoting

if TYPE_CHECKING:
    from ner_retriever.text.formats.options import ReadOptions

LONGEST = 2_000_000


TextField = Annotated[
    list[str] | None,
    typer.Option(
        help="Field or column of the text; a.b: field b of the object in field a. Given again, the "
        "texts are joined.  [default: text]",
        show_default=False,
    ),
]
IdField = Annotated[str, typer.Option(help="Field or column of the id.")]
SpansField = Annotated[
    str | None, typer.Option(help="Field with known mentions: a list of [start, end].")
]
KeptField = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        help="Field or column to keep with the document, to be shown and filtered by; may be given "
        "again.  [default: all others]",
        show_default=False,
    ),
]
NoFields = Annotated[bool, typer.Option("--no-fields", help="Keep no field.")]
ContentIds = Annotated[
    bool,
    typer.Option(
        "--content-ids",
        help="Name documents without an id by their text, not by their line: the name stays when "
        "lines are put in above.",
    ),
]
Lines = Annotated[bool, typer.Option("--lines", help="In .txt files, a line is a document.")]
Paragraphs = Annotated[
    bool, typer.Option("--paragraphs", help="In .txt files, blank lines stand between documents.")
]
WholeFile = Annotated[
    bool,
    typer.Option(
        "--whole-file",
        help="A .txt file is one document.  [default below a folder; else --lines]",
    ),
]
StdinFormat = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help="What standard input holds, as a file's name would end: csv, pdf, mbox, parquet, …  "
        "[default: json, jsonl or txt, by its start]",
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(
        metavar="SIGN",
        help="What stands between the fields of .csv and .tsv files.  [default: the one that the "
        "header has]",
    ),
]
QuotingOption = Annotated[
    Quoting,
    typer.Option(
        help="Whether fields of .csv and .tsv files may be in quotes; auto: whichever makes rows "
        "out of the lines.",
    ),
]
NoHeader = Annotated[
    bool,
    typer.Option(
        "--no-header",
        help="The first row of .csv and .tsv files is a document; columns are named 1, 2, 3: "
        "--text-field 2.",
    ),
]
Encoding = Annotated[
    str,
    typer.Option(
        help="Of text files.  [default: utf-8, or what a byte-order mark says]",
        show_default=False,
    ),
]
OcrLanguages = Annotated[
    str,
    typer.Option(
        "--ocr-languages",
        metavar="LANGUAGES",
        help="Of scanned pages, as Tesseract names them: eng+deu.",
    ),
]
MaxCharacters = Annotated[
    int, typer.Option(help="Longest line, row or document that is accepted.", min=1)
]


def read_stdin_suffix(format: str | None) -> str:
    """Return the suffix of a file that holds what standard input does; empty to find it out.

    Raises:
        ConfigError: no such kind of file can be read from standard input.
    """
    from ner_retriever.text.formats.registry import BY_SUFFIX

    if format is None:
        return ""
    suffix = f".{format.removeprefix('.')}".lower()
    usable = [one for one, kind in BY_SUFFIX.items() if kind.in_bytes]
    if suffix not in usable:
        known = ", ".join(one.removeprefix(".") for one in usable)
        raise ConfigError(f"unknown --format {format!r}; known are {known}")
    return suffix


def read_options(
    *,
    text_fields: list[str] | None,
    id_field: str,
    spans_field: str | None,
    kept_fields: list[str] | None,
    no_fields: bool,
    content_ids: bool,
    lines: bool,
    paragraphs: bool,
    whole_file: bool,
    separator: str | None,
    quoting: Quoting,
    no_header: bool,
    ocr_languages: str,
    max_characters: int,
) -> "ReadOptions":
    """Return what the options say.

    Raises:
        ConfigError: two of them contradict each other.
    """
    from ner_retriever.text.formats.columns import Columns
    from ner_retriever.text.formats.options import ReadOptions, TextFiles

    if kept_fields and no_fields:
        raise ConfigError("--field keeps a field and --no-fields none; leave one of them out")
    kinds = {
        TextFiles.LINES: lines,
        TextFiles.PARAGRAPHS: paragraphs,
        TextFiles.WHOLE: whole_file,
    }
    asked = [kind for kind, given in kinds.items() if given]
    if len(asked) > 1:
        raise ConfigError("--lines, --paragraphs and --whole-file: give one of them")
    return ReadOptions(
        columns=Columns(
            text=tuple(text_fields or ("text",)),
            id=id_field,
            spans=spans_field,
            kept=() if no_fields else tuple(kept_fields) if kept_fields else None,
            ids_by_content=content_ids,
        ),
        text_files=asked[0] if asked else None,
        dialect=Dialect(
            separator="\t" if separator == "\\t" else separator,
            quoting=quoting,
            header=not no_header,
        ),
        ocr_languages=ocr_languages,
        max_characters=max_characters,
    )
