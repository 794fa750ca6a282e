"""``ner-retriever index``: documents into an index."""

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ner_retriever.config import DEFAULT_DETECTOR, DEFAULT_PRESET
from ner_retriever.errors import ConfigError, DocumentError, IndexNotFound

if TYPE_CHECKING:
    from ner_retriever.indexing import Added
    from ner_retriever.retriever import Retriever

_LISTED_SKIPS = 20


class OnError(StrEnum):
    """What to do with a document that cannot be used."""

    STOP = "stop"
    SKIP = "skip"


def index(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files (.txt: a line a document; .jsonl, .csv, .tsv, .parquet; each also .gz), "
            "folders of such files, or - for standard input.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The index's folder; made where there is none.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"minilm, smollm2, mpnet, llama-3.1-8b, or a JSON file.  \\[new: {DEFAULT_PRESET}]"
        ),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            help="How mentions are found: spacy, spans, gliner:MODEL, generative:MODEL.  "
            f"\\[new: {DEFAULT_DETECTOR}, or spans with --spans-field]"
        ),
    ] = None,
    text_field: Annotated[str, typer.Option(help="Field or column of the text.")] = "text",
    id_field: Annotated[str, typer.Option(help="Field or column of the id.")] = "id",
    spans_field: Annotated[
        str | None, typer.Option(help="Field with known mentions: a list of [start, end].")
    ] = None,
    whole_file: Annotated[
        bool, typer.Option("--whole-file", help="A .txt file is one document.")
    ] = False,
    max_characters: Annotated[
        int, typer.Option(help="Longest line, row or file that is accepted.", min=1)
    ] = 2_000_000,
    on_error: Annotated[
        OnError, typer.Option(help="What to do with a document that cannot be used.")
    ] = OnError.STOP,
    replace: Annotated[
        bool, typer.Option("--replace", help="Start over where there is an index already.")
    ] = False,
) -> None:
    """Index documents: detect mentions, embed them, store them.

    Running it again on the same index adds what is new, replaces documents whose text changed, and
    leaves the rest alone. Stopped half way, it goes on where it was.

    Example: ner-retriever index articles.jsonl.gz --out articles.index --text-field body
    """
    from ner_retriever.text.readers import read_documents
    from ner_retriever.text.sources import count_hint

    skipped: list[DocumentError] = []
    with _progress_bar() as bar:
        task = bar.add_task("loading models", total=count_hint(sources), documents=0, rate=0.0)
        documents = read_documents(
            sources,
            text_field=text_field,
            id_field=id_field,
            spans_field=spans_field,
            whole_file=whole_file,
            max_characters=max_characters,
            on_error=skipped.append if on_error is OnError.SKIP else None,
            progress=lambda size: bar.advance(task, size),
        )
        retriever = _open_or_create(
            out, preset, detector or ("spans" if spans_field else None), replace=replace
        )
        try:
            added = retriever.add(
                documents,
                on_error=skipped.append if on_error is OnError.SKIP else None,
                progress=_Show(bar, task),
            )
        except KeyboardInterrupt:
            bar.console.print("stopped; what was indexed is kept, and the next run goes on there")
            raise
    _summarise(out, added, skipped)


class _Show:
    """Shows what has been added, and how fast."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._start = time.monotonic()

    def __call__(self, added: "Added") -> None:
        self._bar.update(
            self._task,
            description="indexing",
            documents=added.documents,
            rate=added.documents / (time.monotonic() - self._start),
        )


def _open_or_create(
    out: Path, preset: str | None, detector: str | None, *, replace: bool
) -> "Retriever":
    """Open an index as it was made, or make one; refuse to mix settings."""
    from ner_retriever.retriever import Retriever

    if not replace:
        try:
            retriever = Retriever.open(out)
        except IndexNotFound:
            pass
        else:
            _refuse_other("preset", preset, retriever.preset.name)
            _refuse_other("detector", detector, retriever.manifest.settings["detector"])
            return retriever
    return Retriever.create(
        out,
        preset=preset or DEFAULT_PRESET,
        detector=detector or DEFAULT_DETECTOR,
        replace=replace,
    )


def _refuse_other(what: str, given: str | None, made_with: str) -> None:
    name = Path(given).stem if given and given.endswith(".json") else given
    if name is not None and name != made_with:
        raise ConfigError(
            f"the index was made with {what} {made_with!r}, not {name!r}; "
            f"leave --{what} out, or start over with --replace"
        )


def _progress_bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[documents]:,} documents"),
        TextColumn("{task.fields[rate]:.0f}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
    )


def _summarise(out: Path, added: "Added", skipped: list[DocumentError]) -> None:
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"{out}: {added.new:,} new, {added.replaced:,} replaced, {added.unchanged:,} unchanged "
        f"documents; {added.mentions:,} mentions indexed"
    )
    if skipped:
        console.print(f"{len(skipped):,} skipped:")
        for error in skipped[:_LISTED_SKIPS]:
            console.print(f"  {error}")
        if len(skipped) > _LISTED_SKIPS:
            console.print(f"  … and {len(skipped) - _LISTED_SKIPS:,} more")
