"""``ner-retriever evaluate``: systems side by side on a benchmark."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ner_retriever.cli.benchmark import Data, LimitTexts, Name, Seed, read_benchmark
from ner_retriever.cli.engine import Engine, EngineOption
from ner_retriever.cli.output import require_folders, write_json
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import DEFAULT_PRESET, load_preset

if TYPE_CHECKING:
    from ner_retriever.detect import Detector

_WIDTH = 160
_DEFAULT_SYSTEMS = ["ner-retriever", "bm25"]


class Spans(StrEnum):
    """Which mentions systems are given."""

    GOLD = "gold"
    DETECTED = "detected"


def evaluate(
    benchmark: Name,
    data: Data = None,
    system: Annotated[
        list[str] | None,
        typer.Option(
            help="ner-retriever, untrained or hybrid, each also with :PRESET; llm-hidden; bm25; "
            "dense:MODEL; dense-windows:MODEL; index:PATH. May be given again.  "
            f"[default: {', '.join(_DEFAULT_SYSTEMS)}]"
        ),
    ] = None,
    spans: Annotated[
        Spans, typer.Option(help="Whether mentions are detected, or the annotators' own.")
    ] = Spans.DETECTED,
    preset: Annotated[
        str,
        typer.Option(help="Of the systems that are named without one, and of mention-head."),
    ] = DEFAULT_PRESET,
    detector: Annotated[
        str | None,
        typer.Option(
            help="How mentions are found: mention-head (the preset's), mention-head:FOLDER, spacy, "
            "gliner:MODEL, generative:MODEL.  [default: mention-head where there is one]"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write results to this file, JSON, for report.")
    ] = None,
    limit_texts: LimitTexts = None,
    seed: Seed = 0,
    training_data: Annotated[
        list[Path] | None,
        typer.Option(
            help="Training data as train takes them, whose texts are looked for in the benchmark."
        ),
    ] = None,
    label_map: Annotated[
        Path | None,
        typer.Option(help="JSON file: the type names of each label of CoNLL training data."),
    ] = None,
    examples: Annotated[
        int,
        typer.Option(
            help="Keep so many examples of each error of the 20 worst types, for report --errors.",
            min=0,
        ),
    ] = 0,
    engine: EngineOption = Engine.AUTO,
) -> None:
    """Measure systems on a benchmark: R-Precision by type and on average, time, memory, storage.

    What takes hours is better indexed first, which can be stopped and goes on (convert, index), and
    measured as index:PATH.

    Example: ner-retriever evaluate few-nerd --data few-nerd/dev.txt --system ner-retriever
    --system bm25 --out results.json
    """
    from ner_retriever.evaluation import runner
    from ner_retriever.evaluation.systems.loading import load_systems

    require_folders(out)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    texts = read_benchmark(benchmark, data, console=console, limit_texts=limit_texts, seed=seed)
    finder, own = (None, "spans") if spans is Spans.GOLD else load_finder(detector, preset)
    trained_on = _training_texts(training_data, label_map) if training_data else None
    with console.status("loading models"):
        systems = load_systems(
            system or _DEFAULT_SYSTEMS,
            preset=preset,
            spans=spans.value,
            detector=own,
            engine=engine.value,
        )
    with progress_bar(console) as bar:
        result = runner.evaluate(
            texts,
            systems,
            spans=spans.value,
            detector=finder,
            training_texts=trained_on,
            examples=examples,
            seed=seed,
            progress=Stages(bar),
        )
    if out is not None:
        write_json(result, out)
    _print_result(result, console)


def load_finder(name: str | None, preset: str) -> "tuple[Detector, str]":
    """Make a detector; by default the one that an index of the preset would have.

    Returns:
        The detector, and what ``ner-retriever`` of the preset is to find mentions with: the same,
        if that needs no pass of its own; else ``spans``, so that detection is done once for all.
    """
    from ner_retriever.reading.encoder import load_encoder
    from ner_retriever.reading.reader import TwoPasses
    from ner_retriever.reading.readers import default_detector, load_reader

    settings = load_preset(preset)
    name = name or default_detector(settings)
    finder = load_reader(name, settings, lambda: load_encoder(settings))
    return finder, "spans" if isinstance(finder, TwoPasses) else name


def _training_texts(files: list[Path], label_map: Path | None) -> list[str]:
    from ner_retriever.training.data import read_training_texts

    return [text.text for text in read_training_texts(files, label_map=label_map)]


def _print_result(result: dict[str, Any], console: Console) -> None:
    """Print the table to standard output, and the notes beside it."""
    from ner_retriever.evaluation.results import NO_SPLIT, best_first

    split = result["types_seen"] is not None
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("system", overflow="fold")
    quality = ["R-Precision", "95 %\ninterval", "with\nother", *(["seen", "unseen"] * split)]
    for name in (*quality, "ms a\nquery", "s to\nindex", "bytes\na text"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in best_first(result):
        measured = result["systems"][name]
        low, high = measured["intervals"]["r_precision"]
        groups = [_group(measured[group]) for group in ("seen", "unseen") if split]
        table.add_row(
            name,
            f"{measured['r_precision']:.3f}",
            f"{low:.3f}–{high:.3f}",
            f"{measured['r_precision_with_other']:.3f}",
            *groups,
            f"{measured['ms_a_query']:.1f}",
            f"{measured['seconds_to_index']:.1f}",
            f"{measured['bytes_a_text']:,.0f}",
        )
    # What is no terminal has no width of its own, and figures must not be cut off.
    width = None if sys.stdout.isatty() else _WIDTH
    Console(highlight=False, markup=False, width=width).print(table)
    if found := result["detection"]:
        console.print(
            f"detected by {found['detector']}: exact recall {found['exact_recall']:.3f}, overlap "
            f"recall {found['overlap_recall']:.3f}, precision {found['precision']:.3f}, "
            f"{found['mentions_a_text']:.1f} mentions a text"
        )
    console.print(
        f"{result['benchmark']}, {result['spans']} mentions, {result['texts']:,} texts, "
        f"{len(result['queries'])} types. {' '.join(result['notes'])}"
    )
    if not split:
        console.print(NO_SPLIT)


def _group(group: dict[str, Any]) -> str:
    value = group["r_precision"]
    return "–" if value is None else f"{value:.3f} ({group['types']})"
