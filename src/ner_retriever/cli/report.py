"""``ner-retriever report``: a page of tables and charts from results."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def report(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS", help="Result files that evaluate --out wrote."),
    ],
    out: Annotated[Path, typer.Option(help="The page, Markdown; charts go to figures/ beside it.")],
) -> None:
    """Write tables and charts of results, beside the published figures.

    Results on the same texts and mentions stand in one table, so systems may be measured apart.

    Example: ner-retriever report results/*.json --out docs/benchmarks.md
    """
    from ner_retriever.evaluation.report import write_report

    written = write_report(results, out=out)
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(
        f"{out}, and {len(written) - 1} charts in {out.parent / 'figures'}"
    )
