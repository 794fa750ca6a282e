"""``ner-retriever index``: documents into an index."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from enum import StrEnum
from itertools import chain, islice
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

from ner_retriever.cli.account import Account
from ner_retriever.cli.engine import Engine, EngineOption
from ner_retriever.cli.output import open_output, require_folders
from ner_retriever.config import DEFAULT_PRESET, load_preset
from ner_retriever.documents import Document
from ner_retriever.errors import ConfigError, IndexNotFound
from ner_retriever.text.formats.dialect import Dialect, Quoting

if TYPE_CHECKING:
    from ner_retriever.indexing import Added
    from ner_retriever.retriever import Retriever


class InputFormat(StrEnum):
    """What standard input holds."""

    TXT = "txt"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"


class OnError(StrEnum):
    """What to do with a document that cannot be used."""

    STOP = "stop"
    SKIP = "skip"


def index(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Files (.txt: a line a document; .json, .jsonl, .csv, .tsv, .parquet; each also "
            ".gz, .bz2, .xz), folders of such files, or - for standard input.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The index's folder; made where there is none.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"minilm, smollm2, mpnet, llama-3.1-8b, or a JSON file.  [new: {DEFAULT_PRESET}]"
        ),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            help="How mentions are found: mention-head, mention-head:FOLDER, spacy, spans, "
            "gliner:MODEL, generative:MODEL.  [new: mention-head where the preset has one, else "
            "spacy; spans with --spans-field]"
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
    format: Annotated[
        InputFormat | None,
        typer.Option(
            help="What standard input holds.  [default: json, jsonl or txt, by its start]"
        ),
    ] = None,
    separator: Annotated[
        str | None,
        typer.Option(
            metavar="SIGN",
            help="What stands between the fields of .csv and .tsv files.  [default: the one that "
            "the header has]",
        ),
    ] = None,
    quoting: Annotated[
        Quoting,
        typer.Option(
            help="Whether fields of .csv and .tsv files may be in quotes; auto: whichever makes "
            "rows out of the lines.",
        ),
    ] = Quoting.AUTO,
    no_header: Annotated[
        bool,
        typer.Option(
            "--no-header",
            help="The first row of .csv and .tsv files is a document; columns are named 1, 2, 3: "
            "--text-field 2.",
        ),
    ] = False,
    paragraphs: Annotated[
        bool,
        typer.Option("--paragraphs", help="In .txt files, blank lines stand between documents."),
    ] = False,
    encoding: Annotated[
        str,
        typer.Option(
            help="Of text files.  [default: utf-8, or what a byte-order mark says]",
            show_default=False,
        ),
    ] = "",
    max_characters: Annotated[
        int, typer.Option(help="Longest line, row or file that is accepted.", min=1)
    ] = 2_000_000,
    on_error: Annotated[
        OnError, typer.Option(help="What to do with a document that cannot be used.")
    ] = OnError.STOP,
    report: Annotated[
        Path | None,
        typer.Option(help="Write what was passed over and skipped, and why, here: JSON lines."),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Start over where there is an index already. That one stays until the first "
            "documents of the new one are stored.",
        ),
    ] = False,
    no_sync: Annotated[
        bool,
        typer.Option(
            "--no-sync",
            help="Don't wait until each batch is on the disk: quicker on a slow disk, but a power "
            "cut may damage the index.",
        ),
    ] = False,
    engine: EngineOption = Engine.AUTO,
) -> None:
    """Index documents: detect mentions, embed them, store them.

    Running it again on the same index adds what is new, replaces documents whose text changed, and
    leaves the rest alone. Stopped half way, it goes on where it was.

    Example: ner-retriever index articles.jsonl.gz --out articles.index --text-field body
    """
    from ner_retriever.text.formats.columns import Columns
    from ner_retriever.text.formats.options import ReadOptions, TextFiles
    from ner_retriever.text.readers import read_documents
    from ner_retriever.text.sources import count_hint

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    dialect = Dialect(
        separator="\t" if separator == "\\t" else separator,
        quoting=quoting,
        header=not no_header,
    )
    require_folders(report)
    start = time.monotonic()
    try:
        with (
            open_output(report) if report else nullcontext() as lines,
            _progress_bar(console) as bar,
        ):
            account = Account(lines)
            handler = account.skip if on_error is OnError.SKIP else None
            total = count_hint(sources, pass_over=account.pass_over)
            task = bar.add_task("loading models", total=total, documents=0, rate=0.0)
            options = ReadOptions(
                columns=Columns(text=(text_field,), id=id_field, spans=spans_field),
                text_files=TextFiles.WHOLE
                if whole_file
                else TextFiles.PARAGRAPHS
                if paragraphs
                else None,
                dialect=dialect,
                max_characters=max_characters,
                progress=lambda size: bar.advance(task, size),
            )
            documents = _begun(
                read_documents(
                    sources,
                    options,
                    encoding=encoding,
                    stdin_suffix=f".{format}" if format else "",
                    on_error=handler,
                )
            )
            retriever = _open_or_create(
                out,
                preset,
                detector or ("spans" if spans_field else None),
                replace=replace,
                engine=engine,
                sync=not no_sync,
            )
            added = retriever.add(documents, on_error=handler, progress=_Show(bar, task))
            bar.stop()
            account.close(console, out, added, seconds=time.monotonic() - start)
    except KeyboardInterrupt:
        console.print("stopped; what was indexed is kept, and the next run goes on there")
        raise


def _begun(documents: Iterator[Document]) -> Iterator[Document]:
    """Read the first document now, so that bad input is refused before an index is touched."""
    first = list(islice(documents, 1))
    return chain(first, documents)


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
    out: Path,
    preset: str | None,
    detector: str | None,
    *,
    replace: bool,
    engine: Engine,
    sync: bool,
) -> "Retriever":
    """Open an index as it was made, or make one; refuse to mix settings."""
    from ner_retriever.retriever import Retriever

    if not replace:
        try:
            retriever = Retriever.open(out, engine=engine.value, sync=sync)
        except IndexNotFound:
            pass
        else:
            if preset is not None and load_preset(preset) != retriever.preset:
                raise _other("preset", preset, retriever.preset.name, "--preset")
            made_with = retriever.manifest.settings["detector"]
            if detector is not None and detector != made_with:
                raise _other("detector", detector, made_with, "--detector and --spans-field")
            return retriever
    return Retriever.create(
        out,
        preset=preset or DEFAULT_PRESET,
        detector=detector,
        replace=replace,
        engine=engine.value,
        sync=sync,
    )


def _other(what: str, given: str, made_with: str, options: str) -> ConfigError:
    return ConfigError(
        f"the index was made with {what} {made_with!r}, not with {given!r}; "
        f"leave {options} out, or start over with --replace"
    )


def _progress_bar(console: Console) -> Progress:
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
        console=console,
        transient=True,
        # A bar in a log file is noise; the summary says it all.
        disable=not console.is_terminal,
    )
