"""``ner-retriever search-many``: a file of types in, a sheet of types by documents out."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ner_retriever.cli.answers import AnswerFile, Duplicates, DuplicatesChoice, read_cutoff
from ner_retriever.cli.output import (
    open_binary_output,
    open_output,
    printable,
    require_folders,
)
from ner_retriever.errors import QueryError

if TYPE_CHECKING:
    from ner_retriever.search.entity_graph import EntityGraph
    from ner_retriever.search.sheet import Sheet


class SheetFormat(StrEnum):
    """How a sheet is written."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Within(StrEnum):
    """What two types or entities stand together in."""

    DOCUMENT = "document"
    SENTENCE = "sentence"


def search_many(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
    types: Annotated[
        Path,
        typer.Argument(
            metavar="TYPES",
            help="A file with a type a line, or with queries as JSON objects: "
            '{"describe": "court", "near": ["judge"]}.',
        ),
    ],
    cutoff: Annotated[
        str,
        typer.Option(
            metavar="auto|SCORE",
            help="Leave out documents below this score, or below each type's own cut-off.",
        ),
    ] = "auto",
    min_detection: Annotated[
        float | None,
        typer.Option(metavar="SCORE", help="Least detection score of a mention, 0 to 1."),
    ] = None,
    duplicates: DuplicatesChoice = Duplicates.FOLD,
    within: Annotated[
        Within, typer.Option(help="What --pairs and --graph count: documents, or sentences.")
    ] = Within.DOCUMENT,
    pairs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv", help="Also write how often each two types stand together."
        ),
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write the entities and which of them stand together: GraphML, or a row an "
            "edge where the name ends in .csv.",
        ),
    ] = None,
    entities: Annotated[
        int, typer.Option(metavar="NUMBER", help="Most entities of the graph.", min=2, max=5000)
    ] = 300,
    format: Annotated[
        SheetFormat,
        typer.Option(
            help="A table of the types, or a row a type and document that holds one. parquet "
            "needs --out."
        ),
    ] = SheetFormat.TABLE,
    out: AnswerFile = None,
) -> None:
    """Ask for many types at once: which documents hold which, and which stand together.

    The index is read once for every few dozen types. Written are a row a type: its cut-off,
    documents, mentions, and how far to trust them; or, as csv, jsonl or parquet, a row for each
    type and document that mentions an entity of it.

    Example: ner-retriever search-many articles.index types.txt

    Example: ner-retriever search-many articles.index types.txt --format parquet --out cells.parquet

    Example: ner-retriever search-many articles.index types.txt --pairs pairs.csv --graph it.graphml
    """
    from ner_retriever.retriever import Retriever
    from ner_retriever.search.entity_graph import entity_graph
    from ner_retriever.search.sheet import Sheet
    from ner_retriever.search.sheet_export import write_pairs_csv
    from ner_retriever.search.type_file import read_type_file

    if format is SheetFormat.PARQUET and out is None:
        raise QueryError("--format parquet writes a binary file; name it with --out")
    require_folders(out, pairs, graph)
    queries = read_type_file(types)
    answers = Retriever.open(index).search_many(
        queries,
        limit=None,
        min_detection=min_detection,
        cutoff=read_cutoff(cutoff),
        duplicates=duplicates.value,
    )
    sheet = Sheet.of(queries, answers)
    _write_sheet(sheet, format, out)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if pairs is not None:
        with open_output(pairs) as stream:
            write_pairs_csv(sheet, stream, within=within.value)
        console.print(f"{pairs}: {len(sheet.types):,} types by {len(sheet.types):,}")
    if graph is not None:
        made = entity_graph(sheet, within=within.value, most=entities)
        _write_graph(made, graph)
        console.print(
            f"{graph}: {len(made.nodes):,} entities, {len(made.edges):,} pairs"
            + (f"; {made.left_out:,} more entities: --entities" if made.left_out else "")
        )


def _write_sheet(sheet: "Sheet", format: SheetFormat, out: Path | None) -> None:
    from ner_retriever.search import sheet_export

    if format is SheetFormat.PARQUET and out is not None:
        with open_binary_output(out) as binary:
            sheet_export.write_cells_parquet(sheet, binary)
        return
    with open_output(out) as stream:
        match format:
            case SheetFormat.CSV:
                sheet_export.write_cells_csv(sheet, stream)
            case SheetFormat.JSONL:
                sheet_export.write_cells_jsonl(sheet, stream)
            case _:
                _write_table(sheet, stream)


def _write_table(sheet: "Sheet", stream: TextIO) -> None:
    from ner_retriever.search.sheet_export import type_rows

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("type", "cut-off", "documents", "mentions", "right", "missed"):
        table.add_column(title, justify="left" if title == "type" else "right")
    for row in type_rows(sheet):
        table.add_row(
            Text(printable(row.type)),
            f"{row.cutoff:.3f}",
            f"{row.documents:,}",
            f"{row.mentions:,}",
            f"{row.precision:.0%} ({row.precision_low:.0%} to {row.precision_high:.0%})",
            f"{row.missed:,.0f}",
        )
    Console(file=stream, highlight=False).print(table)


def _write_graph(graph: "EntityGraph", file: Path) -> None:
    from ner_retriever.search.sheet_export import graph_format, write_edges_csv, write_graphml

    if graph_format(file) == "csv":
        with open_output(file) as stream:
            write_edges_csv(graph, stream)
        return
    with open_binary_output(file) as binary:
        write_graphml(graph, binary)
