"""``ner-retriever report``: a page of tables and charts from results, and one of errors."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ner_retriever.cli.output import open_output
from ner_retriever.errors import InputError


def report(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS", help="Result files that evaluate --out wrote."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The page, Markdown; charts go to figures/ beside it."),
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(help="The errors of the 20 worst types, Markdown; needs evaluate --examples."),
    ] = None,
) -> None:
    """Write tables and charts of results, beside the published figures.

    Results on the same texts and mentions stand in one table, so systems may be measured apart.

    Example: ner-retriever report results/*.json --out docs/benchmarks.md
    """
    from ner_retriever.evaluation.error_page import error_page
    from ner_retriever.evaluation.report import write_report

    if out is None and errors is None:
        raise InputError("nothing to write; give --out PAGE.md, --errors PAGE.md, or both")
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    if errors is not None:
        page = error_page(results)
        with open_output(errors) as stream:
            stream.write(page)
        console.print(str(errors))
    if out is not None:
        written = write_report(results, out=out)
        console.print(f"{out}, and {len(written) - 1} charts in {out.parent / 'figures'}")
