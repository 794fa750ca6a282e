"""``ner-retriever search``: a type in, ranked documents or entities out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ner_retriever.cli.answers import (
    AnswerFile,
    AnswerFormat,
    By,
    Duplicates,
    DuplicatesChoice,
    Format,
    check_format,
    read_cutoff,
    read_limit,
    write_documents,
    write_entities,
)

if TYPE_CHECKING:
    from ner_retriever.search.results import Results


def search(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index's folder.")],
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="[QUERY]", help="The type, in free text: 'dinosaur'. Needless with --like."
        ),
    ] = None,
    limit: Annotated[str, typer.Option(help="Most documents to return: a number, or all.")] = "10",
    like: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID:START-END",
            help="A mention that is of the type: a document and characters, end exclusive. May be "
            "given again.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--not",
            metavar="TYPE",
            help="A type that a mention must not be of. May be given again.",
        ),
    ] = None,
    near: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE",
            help="A type that another mention of the same sentence must be of. May be given again.",
        ),
    ] = None,
    alongside: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="TYPE",
            help="A type that another mention of the document must be of. May be given again.",
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="FILTER",
            help="What must hold of a document's fields: \"date >= 2020-01-01 and source = "
            "'Reuters'\". `info` lists the fields.",
        ),
    ] = None,
    cutoff: Annotated[
        str | None,
        typer.Option(
            metavar="auto|SCORE",
            help="Leave out documents below this score, or below the score that promises the best "
            "balance of precision and recall; says how far to trust what is left.",
        ),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Least score (cosine) of a document's best mention.")
    ] = None,
    min_detection: Annotated[
        float | None,
        typer.Option(
            metavar="SCORE",
            help="Least detection score of a mention, 0 to 1; others do not count. Lower finds "
            "more, higher is surer.",
        ),
    ] = None,
    names_only: Annotated[
        bool,
        typer.Option(
            "--names-only", help="Only names count as mentions, and ordinary nouns do not."
        ),
    ] = False,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="Search with vectors of a byte a number, made once: half the memory and time, "
            "scores within 0.02. For millions of mentions.",
        ),
    ] = False,
    duplicates: DuplicatesChoice = Duplicates.FOLD,
    by: Annotated[
        By, typer.Option(help="A row a document, or an entity of the documents returned.")
    ] = By.DOCUMENT,
    save: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Keep the query in the index, for ner-retriever queries run."
        ),
    ] = None,
    format: AnswerFormat = Format.TABLE,
    out: AnswerFile = None,
) -> None:
    """Find the documents that mention an entity of a type, best first.

    A document is ranked by its best mention. Listed are all its mentions that score at least as
    high as the last document returned, or as the cut-off; a name near the best stands before an
    ordinary noun. With jsonl, a line is one document: {"id", "score", "text", "mentions":
    [{"start", "end", "text", "score"}]}, offsets in characters, end exclusive.

    Example: ner-retriever search articles.index "drug for migraine" --limit all --format jsonl

    Example: ner-retriever search articles.index museum --not "art museum" --near city

    Example: ner-retriever search articles.index --like doc-17:8-21 --like doc-40:0-9 --cutoff auto

    Example: ner-retriever search articles.index court --where "year >= 2020 and source = 'AP'"

    Example: ner-retriever search articles.index company --limit all --cutoff auto --by entity
    """
    from ner_retriever.retriever import Retriever
    from ner_retriever.search.query import Example, Query
    from ner_retriever.search.saved import SavedQuery

    check_format(format, by, out)
    asked = Query(
        describe=query,
        like=tuple(map(Example.parse, like or [])),
        exclude=tuple(exclude or []),
        near=tuple(near or []),
        alongside=tuple(alongside or []),
        names_only=names_only,
        where=where,
    )
    retriever = Retriever.open(index, int8=int8)
    chosen = read_cutoff(cutoff)
    results = retriever.search(
        asked,
        limit=read_limit(limit),
        min_score=min_score,
        min_detection=min_detection,
        cutoff=chosen,
        duplicates=duplicates.value,
    )
    if save is not None:
        kept = chosen if chosen is not None else min_score
        retriever.queries.create(
            SavedQuery(
                name=save,
                query=asked,
                cutoff="auto" if kept is None else kept,
                min_detection=min_detection,
                seen=results.latest,
            )
        )
    if by is By.ENTITY:
        write_entities(results, format, out)
    else:
        write_documents(
            results,
            format,
            out,
            label=asked.describe or "entity",
        )
    _summarise(results, trusted=cutoff is not None)


def _summarise(results: "Results", *, trusted: bool) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    more = results.matching - len(results)
    folded = sum(results.folded.get(row, 0) for row in results.rows.tolist())
    console.print(
        f"{len(results):,} of {results.documents:,} documents"
        f" ({results.mentions:,} mentions looked at); "
        + (f"{more:,} more rank below: --limit all" if more else "no more")
        + (f"; {folded:,} duplicates are left out: --duplicates show" if folded else "")
    )
    if not trusted:
        return
    found = results.trust.at(results.threshold)
    precision, missed = found.precision, found.missed
    console.print(
        f"at or above {found.score:.3f}: {found.documents:,} documents, estimated "
        f"{precision.value:.0%} ({precision.low:.0%} to {precision.high:.0%}) right; "
        f"{missed.value:,.0f} ({missed.low:,.0f} to {missed.high:,.0f}) missed"
        + ("" if results.trust.fitted else "; rough, as nothing was fitted for this head")
    )
