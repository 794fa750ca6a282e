"""``ner-retriever simulate``: what working with answers is like, measured on a benchmark."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ner_retriever.cli.benchmark import Data, LimitTexts, Name, Seed, read_benchmark
from ner_retriever.cli.evaluate import Spans
from ner_retriever.cli.output import require_folders, write_json
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import DEFAULT_PRESET
from ner_retriever.drawing import check_figure


def simulate(
    benchmark: Name,
    data: Data = None,
    spans: Annotated[
        Spans, typer.Option(help="Whether mentions are detected, or the annotators' own.")
    ] = Spans.DETECTED,
    preset: Annotated[str, typer.Option(help="What texts are indexed with.")] = DEFAULT_PRESET,
    index: Annotated[
        Path | None,
        typer.Option(help="Ask this index, which holds the texts, instead of making one."),
    ] = None,
    stop_at: Annotated[
        float | None,
        typer.Option(
            metavar="RECALL",
            help="Also let users stop as soon as a random check of the unread proves, with 95 % "
            "confidence, that so much is found: 0.95.",
            min=0.0,
            max=1.0,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write what was measured here, JSON.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the effect of judging: .png, .svg or .pdf.")
    ] = None,
    limit_texts: LimitTexts = None,
    seed: Seed = 0,
) -> None:
    """Cut off and judge the answers to a benchmark's types by its gold.

    A simulated user reads from the top and says yes or no to each document; the ranking is refined
    as he goes. Measured are R-Precision after 5, 10, 20 and 50 judgements, how many documents
    must be read to find 95 % of the relevant ones, and how good automatic cut-offs are. With
    --stop-at, also how often a review that stops itself keeps its promise, and what it reads.

    Example: ner-retriever simulate few-nerd --data few-nerd/dev.txt --out few-nerd-use.json
    """
    from ner_retriever.evaluation.systems.loading import load_index
    from ner_retriever.evaluation.systems.ner_retriever import NerRetriever
    from ner_retriever.evaluation.use import measure_use, plot_feedback

    require_folders(out, plot)
    if plot is not None:
        check_figure(plot, extra="evaluation")
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    texts = read_benchmark(benchmark, data, console=console, limit_texts=limit_texts, seed=seed)
    with progress_bar(console) as bar:
        stages = Stages(bar)
        gold = spans is Spans.GOLD
        documents = texts.documents(spans=texts.gold_spans() if gold else None)
        if index:
            system = load_index(index, spans=spans.value)
        else:
            system = NerRetriever(preset, detector="spans" if gold else None)
        system.index(documents, progress=lambda done: stages("index", done, len(documents)))
        result = measure_use(
            texts,
            system,
            spans=spans.value,
            stop_at=stop_at,
            progress=lambda done, total: stages("types", done, total),
        )
    if out is not None:
        write_json(result, out)
    if plot is not None:
        plot_feedback([result], plot)
    _print(result)


def _print(result: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for name, value in result["cutoffs"].items():
        console.print(f"{name}: {value:.3f}")
    for name, means in result["feedback"].items():
        values = " ".join(f"{value:.3f}" for value in means["r_precision"])
        console.print(
            f"judgements {name}: R-Precision after {result['judgements']}: {values}; "
            f"{means['read']:,.0f} documents read for {result['recall']:.0%} of the relevant ones"
        )
    stopping = result["stopping"]
    if stopping is not None:
        console.print(
            f"stopping at {stopping['recall']:.0%} with {stopping['confidence']:.0%} confidence: "
            f"held in {stopping['held']:.1%} of {stopping['reviews']:,} reviews; mean recall "
            f"{stopping['reached']:.3f}; {stopping['read']:,.0f} documents read "
            f"({stopping['read_share']:.0%} of all), {stopping['drawn']:,.0f} drawn at random"
        )
