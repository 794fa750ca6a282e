"""``ner-retriever index``: documents into an index."""

from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ner_retriever.cli import reading_options as reading
from ner_retriever.cli.account import Account
from ner_retriever.cli.engine import Engine, EngineOption
from ner_retriever.cli.indexing_run import IndexingRun
from ner_retriever.cli.output import open_output, require_folders
from ner_retriever.config import DEFAULT_PRESET, load_preset
from ner_retriever.errors import ConfigError, IndexNotFound
from ner_retriever.text.formats.dialect import Quoting

if TYPE_CHECKING:
    from ner_retriever.retriever import Retriever


class Vectors(StrEnum):
    """What vectors' numbers are kept as."""

    INT8 = "int8"
    FLOAT16 = "float16"


class OnError(StrEnum):
    """What to do with a document that cannot be used."""

    STOP = "stop"
    SKIP = "skip"


def index(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Files, folders of files, or - for standard input: .txt .json .jsonl .csv .tsv "
            ".parquet .arrow .pdf .docx .odt .pptx .xlsx .html .md .epub .eml .mbox .warc .zip and "
            "more (docs/corpora.md), each also .gz .bz2 .xz .zst.",
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
    text_field: reading.TextField = None,
    id_field: reading.IdField = "id",
    spans_field: reading.SpansField = None,
    field: reading.KeptField = None,
    no_fields: reading.NoFields = False,
    content_ids: reading.ContentIds = False,
    lines: reading.Lines = False,
    paragraphs: reading.Paragraphs = False,
    whole_file: reading.WholeFile = False,
    format: reading.StdinFormat = None,
    separator: reading.Separator = None,
    quoting: reading.QuotingOption = Quoting.AUTO,
    no_header: reading.NoHeader = False,
    encoding: reading.Encoding = "",
    ocr: reading.OcrLanguages = "eng",
    max_characters: reading.MaxCharacters = reading.LONGEST,
    on_error: Annotated[
        OnError, typer.Option(help="What to do with a document that cannot be used.")
    ] = OnError.STOP,
    report: Annotated[
        Path | None,
        typer.Option(help="Write what was read, passed over and skipped, and why: JSON lines."),
    ] = None,
    sync: Annotated[
        bool,
        typer.Option(
            "--sync",
            help="Remove documents that the sources no longer hold, and don't open files that are "
            "as they were.",
        ),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="--sync, and again whenever a file changes.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what --sync would do, and change nothing.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Start over where there is an index already. That one stays until the first "
            "documents of the new one are stored.",
        ),
    ] = False,
    vectors: Annotated[
        Vectors | None,
        typer.Option(
            help="What a new index keeps vectors as: int8 (the default), or float16 in twice the "
            "bytes.",
        ),
    ] = None,
    no_fsync: Annotated[
        bool,
        typer.Option(
            "--no-fsync",
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

    Example: ner-retriever index reports/ --out reports.index --sync --on-error skip
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    options = reading.read_options(
        text_fields=text_field,
        id_field=id_field,
        spans_field=spans_field,
        kept_fields=field,
        no_fields=no_fields,
        content_ids=content_ids,
        lines=lines,
        paragraphs=paragraphs,
        whole_file=whole_file,
        separator=separator,
        quoting=quoting,
        no_header=no_header,
        ocr_languages=ocr,
        max_characters=max_characters,
    )
    if dry_run and not sync:
        raise ConfigError("--dry-run says what --sync would do; give that too")
    if watch and (dry_run or replace):
        raise ConfigError("--watch goes on and on; leave --dry-run and --replace out")
    stdin_suffix = reading.read_stdin_suffix(format)
    require_folders(report)
    run = IndexingRun(
        console, sources, options, out=out, encoding=encoding, skip=on_error is OnError.SKIP
    )

    def open_index() -> "Retriever":
        return _open_or_create(
            out,
            preset,
            detector or ("spans" if spans_field else None),
            vectors,
            replace=replace,
            engine=engine,
            sync=not no_fsync,
        )

    try:
        with open_output(report) if report else nullcontext() as stream:
            account = Account(stream)
            if watch:
                run.watch(open_index(), account)
            elif dry_run:
                from ner_retriever.retriever import Retriever

                run.keep_in_step(Retriever.open(out), account, dry_run=True)
            elif sync:
                run.keep_in_step(open_index(), account)
            else:
                run.add(open_index, account, stdin_suffix=stdin_suffix)
    except KeyboardInterrupt:
        console.print("stopped; what was indexed is kept, and the next run goes on there")
        raise


def _open_or_create(
    out: Path,
    preset: str | None,
    detector: str | None,
    vectors: Vectors | None,
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
            numbers = retriever.manifest.numbers
            if vectors is not None and vectors.value != numbers:
                raise _other("vectors", vectors.value, numbers, "--vectors")
            return retriever
    return Retriever.create(
        out,
        preset=preset or DEFAULT_PRESET,
        detector=detector,
        vectors=(vectors or Vectors.INT8).value,
        replace=replace,
        engine=engine.value,
        sync=sync,
    )


def _other(what: str, given: str, made_with: str, options: str) -> ConfigError:
    return ConfigError(
        f"the index was made with {what} {made_with!r}, not with {given!r}; "
        f"leave {options} out, or start over with --replace"
    )
