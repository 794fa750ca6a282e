"""Benchmarks as commands take them: a name, and a path or the official download."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ner_retriever.cli.output import printable
from ner_retriever.config import cache_folder

if TYPE_CHECKING:
    from ner_retriever.evaluation.benchmarks import Benchmark

Name = Annotated[
    str,
    typer.Argument(
        metavar="BENCHMARK",
        help="few-nerd, multiconer2, neretrieve, documents (whole ones, with marks), or jsonl "
        "(typed mentions of your own).",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="The benchmark's file, or the folder it is in. Left out, the official download is "
        "tried, and its address, size and licence are said first."
    ),
]
LimitTexts = Annotated[
    int | None, typer.Option(help="Take a random sample of so many texts.", min=1)
]
Seed = Annotated[int, typer.Option(help="Decides the sample, intervals and sampled tests.")]


def read_benchmark(
    name: str,
    data: Path | None,
    *,
    console: Console,
    short_texts: bool = False,
    limit_texts: int | None = None,
    seed: int = 0,
) -> "Benchmark":
    """Read a benchmark, fetching it first where no path is given.

    Raises:
        ConfigError: there is no such benchmark.
        InputError: its files cannot be found, fetched or used.
    """
    from ner_retriever.evaluation.benchmarks import check_name, download, load

    check_name(name)
    if data is None:
        data = download(
            name,
            folder=cache_folder() / "benchmarks",
            announce=lambda source: console.print(f"fetching {printable(source)}"),
        )
    return load(name, data, short_texts=short_texts, limit_texts=limit_texts, seed=seed)
