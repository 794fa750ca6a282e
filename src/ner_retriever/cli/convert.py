"""``ner-retriever convert``: a benchmark's texts as documents to index."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ner_retriever.cli.benchmark import Data, LimitTexts, Name, Seed, read_benchmark
from ner_retriever.cli.output import open_output


def convert(
    benchmark: Name,
    data: Data = None,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file instead of standard output.")
    ] = None,
    limit_texts: LimitTexts = None,
    seed: Seed = 0,
) -> None:
    """Write a benchmark's texts as JSON lines, which the command index reads.

    A line is {"id", "text", "spans": [{"start", "end", "types"}]}: gold mentions, offsets in
    characters, end exclusive. Texts that occur twice are written once; texts that are too short to
    be evaluated are written too.

    Example: ner-retriever convert few-nerd --data few-nerd/dev.txt --out few-nerd.jsonl
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    read = read_benchmark(
        benchmark, data, console=console, short_texts=True, limit_texts=limit_texts, seed=seed
    )
    with open_output(out) as stream:
        for text in read.texts:
            spans = [
                {
                    "start": mention.span.start,
                    "end": mention.span.end,
                    "types": list(mention.types),
                }
                for mention in text.mentions
            ]
            record = {"id": text.id, "text": text.text, "spans": spans}
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    console.print(f"{len(read.texts):,} texts; {' '.join(read.notes)}")
