"""``ner-retriever search``: a type in, ranked documents out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ner_retriever.cli.output import Format, open_output, write_csv, write_jsonl, write_table
from ner_retriever.errors import QueryError


def search(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="The type, in free text: 'dinosaur'.")
    ],
    limit: Annotated[str, typer.Option(help="Most documents to return: a number, or all.")] = "10",
    min_score: Annotated[
        float | None, typer.Option(help="Least score (cosine) of a document's best mention.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How results are written.")] = Format.TABLE,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file instead of standard output.")
    ] = None,
) -> None:
    """Find the documents that mention an entity of a type, best first.

    A document is ranked by its best mention. Listed are all its mentions that score at least as
    high as the last document returned, or as --min-score. With jsonl, a line is one document:
    {"id", "score", "text", "mentions": [{"start", "end", "text", "score"}]}, offsets in characters,
    end exclusive.

    Example: ner-retriever search articles.index "drug for migraine" --limit all --format jsonl
    """
    from ner_retriever.retriever import Retriever

    results = Retriever.open(index).search(query, limit=_limit(limit), min_score=min_score)
    with open_output(out) as stream:
        match format:
            case Format.TABLE:
                write_table(results, stream)
            case Format.JSONL:
                write_jsonl(results, stream)
            case Format.CSV:
                write_csv(results, stream)
    more = results.matching - len(results)
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"{len(results):,} of {results.documents:,} documents"
        f" ({results.mentions:,} mentions looked at); "
        + (f"{more:,} more rank below: --limit all" if more else "no more")
    )


def _limit(text: str) -> int | None:
    if text == "all":
        return None
    try:
        return int(text)
    except ValueError:
        raise QueryError(f"--limit takes a number or all, not {text!r}") from None
