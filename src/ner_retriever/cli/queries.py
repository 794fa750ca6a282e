"""``ner-retriever queries``: saved queries, and what is new since they last ran."""

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ner_retriever.cli.answers import (
    AnswerFile,
    AnswerFormat,
    By,
    Format,
    check_format,
    read_limit,
    write_documents,
)
from ner_retriever.cli.output import open_output, printable

app = typer.Typer(help="Saved queries: search --save makes them.", no_args_is_help=True)

Index = Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="As search --save was given it.")]


@app.command("list")
def list_queries(index: Index) -> None:
    """List an index's saved queries.

    Example: ner-retriever queries list articles.index
    """
    from ner_retriever.retriever import Retriever

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("name", "query", "yes", "no"):
        table.add_column(title, justify="right" if title in ("yes", "no") else "left")
    for saved in Retriever.open(index).queries.all():
        judged = saved.feedback
        table.add_row(
            Text(printable(saved.name)),
            Text(printable(str(saved.query))),
            f"{len(judged.accepted):,}",
            f"{len(judged.rejected):,}",
        )
    Console(highlight=False).print(table)


@app.command("run")
def run(
    index: Index,
    name: Name,
    new: Annotated[
        bool, typer.Option("--new", help="Only documents added or changed since it last ran.")
    ] = False,
    limit: Annotated[str, typer.Option(help="Most documents to return: a number, or all.")] = "10",
    format: AnswerFormat = Format.TABLE,
    out: AnswerFile = None,
) -> None:
    """Ask a saved query again, with its judgements and its cut-off, and say what is new.

    Example: ner-retriever queries run articles.index courts --new
    """
    from ner_retriever.retriever import Retriever

    check_format(format, By.DOCUMENT, out)
    most = read_limit(limit)
    retriever = Retriever.open(index)
    saved = retriever.queries.read(name)
    answer = retriever.search(
        saved.query,
        limit=None,
        min_detection=saved.min_detection,
        cutoff=saved.cutoff,
        feedback=saved.feedback,
    )
    fresh = answer.since(saved.seen)
    shown = (fresh if new else answer)[:most]
    write_documents(
        shown,
        format,
        out,
        label=saved.query.describe or "entity",
    )
    retriever.queries.change(name, lambda now: replace(now, seen=answer.latest))
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"{len(shown):,} shown of {len(answer):,} documents at or above {answer.threshold:.3f}; "
        f"{len(fresh):,} new or changed since it last ran"
    )


class ReportFormat(StrEnum):
    """How a report is written."""

    MD = "md"
    JSON = "json"


@app.command("report")
def report(
    index: Index,
    name: Name,
    format: Annotated[
        ReportFormat, typer.Option(help="Markdown to be read, or JSON to be worked with.")
    ] = ReportFormat.MD,
    stop_at: Annotated[
        float | None,
        typer.Option(
            metavar="RECALL",
            help="Exit with 1 as long as it is not proved, with 95 % confidence, that so much is "
            "found: 0.95.",
            min=0.0,
            max=1.0,
        ),
    ] = None,
    out: AnswerFile = None,
) -> None:
    """Report a review: what was read and found, what may be missed, models and judgements.

    Example: ner-retriever queries report articles.index courts --out courts.md
    """
    from ner_retriever.retriever import Retriever
    from ner_retriever.search.report import review_markdown

    retriever = Retriever.open(index)
    record = retriever.review(retriever.queries.read(name))
    with open_output(out) as stream:
        if format is ReportFormat.JSON:
            json.dump(record, stream, ensure_ascii=False, indent=1)
            stream.write("\n")
        else:
            stream.write(review_markdown(record))
    if stop_at is not None and record["flow"]["recall_at_least"] < stop_at:
        raise typer.Exit(1)


@app.command("delete")
def delete(index: Index, name: Name) -> None:
    """Delete a saved query and its judgements.

    Example: ner-retriever queries delete articles.index courts
    """
    from ner_retriever.retriever import Retriever

    Retriever.open(index).queries.delete(name)
