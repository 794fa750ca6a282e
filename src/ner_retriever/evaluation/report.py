"""The page of benchmark results: tables in Markdown, and the charts that stand in it."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ner_retriever.errors import InputError
from ner_retriever.evaluation.metrics import R_PRECISION
from ner_retriever.evaluation.plots import bar_chart, win_loss_chart
from ner_retriever.evaluation.published import (
    FIGURES,
    NV_EMBED_BYTES_A_TEXT,
    POOLS,
    SOURCE,
)
from ner_retriever.evaluation.results import Result, best, best_first, read_result, title

_FIGURES_FOLDER = "figures"
_INTRODUCTION = f"""# Benchmarks

Written by `ner-retriever report`; do not edit.

A query is a type's readable name; every text that mentions an entity of the type is relevant.
R-Precision is the precision of the first R texts, with R relevant ones; the average counts every
type the same and leaves catch-all types ("other") out. Intervals are 95 % bootstrap intervals over
types. Rows marked *measured* were measured here; rows marked *published* are quoted from {SOURCE}.
R-Precision depends on how many texts of a pool are relevant: where the pools differ, measured and
published rows stand side by side, but do not compare exactly.
"""


def write_report(results: Sequence[Path], *, out: Path) -> list[Path]:
    """Write the page, and its charts into ``figures`` beside it.

    Args:
        results: result files, in any order.
        out: the Markdown file.

    Returns:
        The files that were written, the page first.

    Raises:
        InputError: a file is not a result file, there is none, or nothing can be written.
        MissingExtra: matplotlib is not installed.
    """
    if not results:
        raise InputError("a report needs at least one result file, none was given")
    read = sorted(
        (read_result(path) for path in results),
        key=lambda result: (result["benchmark"], result["spans"], -result["texts"]),
    )
    folder = out.parent / _FIGURES_FOLDER
    sections = [_INTRODUCTION]
    stems: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for benchmark, group in groupby(read, key=lambda result: str(result["benchmark"])):
            runs = list(group)
            stem = folder / benchmark
            bar_chart(runs, stem)
            stems.append(stem)
            sections.append(f"## {title(runs[0])}\n")
            sections.append(_image(f"R-Precision on {title(runs[0])}", stem))
            for number, run in enumerate(runs, start=1):
                sections.extend(_section(run, folder / f"{benchmark}-{number}-by-type", stems))
        out.write_text("\n".join(sections), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); choose another place with --out"
        ) from error
    charts = [stem.with_name(f"{stem.name}{end}") for stem in stems for end in (".png", ".svg")]
    return [out, *charts]


def _section(result: Result, stem: Path, stems: list[Path]) -> Iterable[str]:
    """One result in Markdown; a chart that is drawn for it is added to ``stems``."""
    yield f"### {result['spans'].capitalize()} mentions, {result['texts']:,} texts\n"
    yield " ".join(result["notes"]) + "\n"
    yield _quality_table(result)
    yield _cost_table(result)
    if result.get("detection"):
        yield _detection_table(result["detection"])
    ours, baseline = best(result, "ours"), best(result, "baseline")
    if baseline is not None:
        yield _comparison_table(result, baseline)
    if ours is not None and baseline is not None:
        win_loss_chart(result, ours=ours, baseline=baseline, stem=stem)
        stems.append(stem)
        yield _image(f"{ours} against {baseline} by type", stem)
    yield _provenance(result)
