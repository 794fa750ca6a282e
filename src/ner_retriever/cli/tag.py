"""``ner-retriever tag``: an index's documents with the mentions of many types marked in them."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ner_retriever.cli.answers import read_cutoff
from ner_retriever.cli.output import open_binary_output, open_output, require_folders
from ner_retriever.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ner_retriever.tagging.tags import TaggedText


class TagFormat(StrEnum):
    """How tagged documents are written."""

    JSONL = "jsonl"
    LABEL_STUDIO = "label-studio"
    CONLL = "conll"
    BRAT = "brat"
    DOCBIN = "docbin"
    XMI = "xmi"


_BINARY = (TagFormat.BRAT, TagFormat.DOCBIN, TagFormat.XMI)


def tag(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
    types: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="A type a line, or queries as JSON objects, as search-many takes."
        ),
    ],
    cutoff: Annotated[
        str,
        typer.Option(
            metavar="auto|SCORE", help="Least score of a mention; by default each type's own."
        ),
    ] = "auto",
    most_types: Annotated[int, typer.Option(help="Types of a mention at most.", min=1)] = 3,
    untagged: Annotated[
        bool, typer.Option("--untagged", help="Also write documents without a mention of a type.")
    ] = False,
    format: Annotated[
        TagFormat,
        typer.Option(
            help="jsonl is Prodigy's and Argilla's; docbin is spaCy's; xmi is INCEpTION's, a zip "
            "as brat is. docbin, xmi and brat need --out."
        ),
    ] = TagFormat.JSONL,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file instead of standard output.")
    ] = None,
) -> None:
    """Mark the mentions of many types in an index's documents, for annotation or training.

    A mention is tagged with the types whose cut-offs it reaches, the likeliest first. jsonl,
    label-studio, brat and docbin hold all of them; conll and xmi the likeliest.

    Example: ner-retriever tag articles.index --types types.txt --format docbin --out train.spacy

    Example: ner-retriever tag articles.index --types types.txt --format brat --out tagged.zip
    """
    from ner_retriever.retriever import Retriever
    from ner_retriever.search.sheet import Sheet
    from ner_retriever.search.type_file import read_type_file
    from ner_retriever.tagging.tags import tagged_texts

    if format in _BINARY and out is None:
        raise QueryError(f"--format {format} writes a binary file; name it with --out")
    require_folders(out)
    queries = read_type_file(types)
    answers = Retriever.open(index).search_many(
        queries, limit=None, cutoff=read_cutoff(cutoff), duplicates="show"
    )
    sheet = Sheet.of(queries, answers)
    counted = _Counted()
    texts = counted.of(tagged_texts(sheet, most_types=most_types, untagged=untagged))
    _write(texts, format, out)
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"{counted.documents:,} documents, {counted.mentions:,} tagged mentions, "
        f"{len(sheet.types):,} types"
    )


class _Counted:
    """Counts what passes."""

    def __init__(self) -> None:
        self.documents = 0
        self.mentions = 0

    def of(self, texts: "Iterator[TaggedText]") -> "Iterator[TaggedText]":
        for text in texts:
            self.documents += 1
            self.mentions += len(text.mentions)
            yield text


def _write(texts: "Iterator[TaggedText]", format: TagFormat, out: Path | None) -> None:
    from ner_retriever.search import standoff
    from ner_retriever.tagging import docbin, json_formats, xmi

    if out is not None and format in _BINARY:
        with open_binary_output(out) as binary:
            match format:
                case TagFormat.BRAT:
                    standoff.write_brat((text.labelled(every=True) for text in texts), binary)
                case TagFormat.DOCBIN:
                    docbin.write_docbin(texts, binary)
                case _:
                    xmi.write_xmi(texts, binary)
        return
    with open_output(out) as stream:
        match format:
            case TagFormat.LABEL_STUDIO:
                json_formats.write_label_studio(texts, stream)
            case TagFormat.CONLL:
                standoff.write_conll((text.labelled(every=False) for text in texts), stream)
            case _:
                json_formats.write_jsonl(texts, stream)
