"""``ner-retriever probe``: which site of a model tells types apart."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ner_retriever.cli.output import require_folders, write_json
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import DEFAULT_PRESET, load_preset
from ner_retriever.drawing import check_figure

_BEST = 10
_WIDTH = 120


def probe(
    data: Annotated[
        list[Path],
        typer.Option(
            help="Typed mentions (.jsonl), NERetrieve's files, or CoNLL columns (.conll, .txt), "
            "compressed or not; may be given again."
        ),
    ],
    preset: Annotated[
        str, typer.Option(help="Backbone to probe, and the site to compare with.")
    ] = DEFAULT_PRESET,
    out: Annotated[Path | None, typer.Option(help="Write everything to this JSON file.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the sites to this file, .png, .svg or .pdf.")
    ] = None,
    label_map: Annotated[
        Path | None,
        typer.Option(help="JSON file: the type names of each label of the CoNLL files."),
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option(help="Take texts of this source; may be given again.  [default: all]"),
    ] = None,
    limit_texts: Annotated[
        int | None, typer.Option(help="Take a random sample of so many texts.", min=1)
    ] = None,
    prefix: Annotated[
        list[str] | None,
        typer.Option(help="Try this prefix too; \\n stands for a line break. May be given again."),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(help="Try this query template too, with {query} in it. May be given again."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the sample, the pairs and the intervals.")] = 0,
) -> None:
    """Measure how well each site of a backbone tells types apart, without any training.

    A site is a component of a block and a pooling. Then prefixes and query templates are tried at
    the preset's site. The vectors of all sites are kept in the folder for temporary files (TMPDIR)
    while this runs.

    Example: ner-retriever probe --data typed-mentions.jsonl.gz --limit-texts 3000 --out probe.json
    --plot probe.png
    """
    from ner_retriever.training.data import read_training_texts
    from ner_retriever.training.probe import study
    from ner_retriever.training.probe.figure import draw_probe
    from ner_retriever.training.probe.sample import choose_sample

    settings = load_preset(preset)
    require_folders(out, plot)
    if plot is not None:
        check_figure(plot, extra="training")
    texts = read_training_texts(data, label_map=label_map)
    sample = choose_sample(texts, sources=sources or (), limit=limit_texts, seed=seed)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with progress_bar(console) as bar:
        result = study.probe(
            settings,
            sample,
            prefixes=[text.replace("\\n", "\n") for text in prefix or ()],
            templates=template or (),
            seed=seed,
            progress=Stages(bar),
        )
    result = {"data": [file.name for file in data], "sources": sources or [], **result}
    if out is not None:
        write_json(result, out)
    if plot is not None:
        draw_probe(result, plot)
    _print_result(result)
    console.print(
        f"{preset}: {result['texts']:,} texts, {result['mentions']:,} mentions, "
        f"{len(result['types'])} types. Vectors are centred unless it says raw; ± is half of the "
        "95 % interval over types."
    )


def _print_result(result: dict[str, Any]) -> None:
    """Print the best sites and the preset's, then the readings."""
    # What is no terminal has no width of its own, and figures must not be cut off.
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDTH)
    chosen = result["preset"]["site"]
    sites = sorted(result["sites"], key=lambda site: -site["centred"]["prototypes"]["value"])
    table = _table("block", "component", "pooling", "width")
    for name in (
        "R-Precision of\nprototypes",
        "ahead of\nthe preset's",
        "of names",
        "AUC",
        "raw AUC",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for rank, site in enumerate(sites):
        is_chosen = all(site[key] == chosen[key] for key in chosen)
        if rank >= _BEST and not is_chosen:
            continue
        measures = site["centred"]
        table.add_row(
            *(str(site[key]) for key in ("block", "component", "pooling", "width")),
            _with_interval(measures["prototypes"]),
            "the preset's" if is_chosen else _ahead(measures["prototypes"]),
            _with_interval(measures["names"]),
            _with_interval(measures["auc"]),
            f"{site['raw']['auc']['value']:.3f}",
        )
    console.print(table)
    console.print()
    table = _table("prefix", "query template")
    for name in ("of prototypes", "of names", "of names, raw", "ahead of\nthe preset's"):
        table.add_column(f"R-Precision\n{name}", justify="right", no_wrap=True)
    for rank, reading in enumerate(result["readings"]):
        table.add_row(
            json.dumps(reading["prefix"]),
            json.dumps(reading["query_template"]),
            _with_interval(reading["prototypes"]),
            _with_interval(reading["names_own_means"]),
            f"{reading['names_raw']['value']:.3f}",
            _ahead(reading["names_own_means"]) if rank else "the preset's",
        )
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name)
    return table


def _with_interval(measure: dict[str, Any]) -> str:
    low, high = measure["interval"]
    return f"{measure['value']:.3f} ± {(high - low) / 2:.3f}"


def _ahead(measure: dict[str, Any]) -> str:
    low, high = measure["ahead_interval"]
    return f"{measure['ahead']:+.3f} [{low:+.3f}, {high:+.3f}]"
