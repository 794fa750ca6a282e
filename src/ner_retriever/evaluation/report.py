"""The page of benchmark results: Markdown tables, and the charts that stand in it."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from ner_retriever.errors import InputError
from ner_retriever.evaluation.merging import merge
from ner_retriever.evaluation.plots import bar_chart, win_loss_chart
from ner_retriever.evaluation.published import NV_EMBED_BYTES_A_TEXT, SOURCE
from ner_retriever.evaluation.results import (
    NO_OVERLAP_CHECK,
    NO_SPLIT,
    Result,
    best,
    read_result,
    title,
)
from ner_retriever.evaluation.summary import summary
from ner_retriever.evaluation.tables import (
    comparison_table,
    cost_table,
    detection_table,
    provenance,
    quality_table,
)

_FIGURES_FOLDER = "figures"
_INTRODUCTION = f"""# Benchmarks

Written by `ner-retriever report`; do not edit.

This page compares ner-retriever with baselines and with the published figures. A query is the
readable name of a type. Every text that mentions an entity of the type is relevant. R-Precision
is the precision of the first R texts, where R is the number of relevant ones. The average counts
every type the same and leaves catch-all types ("other") out. Intervals are 95 % bootstrap
intervals over types.

Rows marked *measured* were measured here; rows marked *published* are quoted from {SOURCE}.
R-Precision depends on how many texts of a pool are relevant. Where the pools differ, measured and
published rows are shown side by side, but are not exactly comparable.

*Bytes a text* is what search needs: float16 vectors, one per mention or one per text, or an
inverted index. *Stored* is everything that an index keeps by default: texts, mentions, their
vectors, and the copy of the vectors that is scanned. Both are compared with NV-Embed v2's one
vector of 4,096 numbers per text, without the text, in float16: {NV_EMBED_BYTES_A_TEXT:,} bytes
(in float32: {2 * NV_EMBED_BYTES_A_TEXT:,}). The paper's figure is 79 % less, for 500 numbers per
mention. Ours depends on how many mentions a text has.

The time to index includes detection if a mention head finds mentions in the backbone's own
forward pass. Detection by other detectors is not included, because it is done once for all
systems.
"""


def write_report(results: Sequence[Path], *, out: Path) -> list[Path]:
    """Write the page, and its charts into ``figures`` beside it.

    Results on the same texts and mentions stand in one table, see `merging.merge`.

    Args:
        results: result files, in any order.
        out: the Markdown file.

    Returns:
        The files that were written, the page first.

    Raises:
        InputError: a file is not a result file, there is none, two that go together hold the same
            system, or nothing can be written.
        MissingExtra: matplotlib is not installed.
    """
    if not results:
        raise InputError("a report needs at least one result file, none was given")
    read = sorted(
        merge([read_result(path) for path in results]),
        key=lambda result: (result["benchmark"], result["spans"], -result["texts"]),
    )
    folder = out.parent / _FIGURES_FOLDER
    sections = [_INTRODUCTION, f"## Summary\n\n{summary(read)}"]
    stems: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for benchmark, group in groupby(read, key=lambda result: str(result["benchmark"])):
            runs = list(group)
            stems.append(folder / benchmark)
            bar_chart(runs, stems[-1])
            sections += [f"## {title(runs[0])}\n", _image("R-Precision of every system", stems[-1])]
            for run in runs:
                sections += _section(run)
                ours, baseline = best(run, "ours"), best(run, "baseline")
                stem = folder / f"{benchmark}-{run['spans']}-by-type"
                # A chart a setting, of its largest pool, which stands first.
                if ours is not None and baseline is not None and stem not in stems:
                    stems.append(stem)
                    win_loss_chart(run, ours=ours, baseline=baseline, stem=stems[-1])
                    sections.append(_image(f"{ours} against {baseline}, type by type", stems[-1]))
                sections.append(provenance(run))
        out.write_text("\n".join(sections), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); choose another place with --out"
        ) from error
    charts = [stem.with_name(f"{stem.name}{end}") for stem in stems for end in (".png", ".svg")]
    return [out, *charts]


def _section(result: Result) -> list[str]:
    notes = list(result["notes"])
    if result.get("texts_in_training_data") is None:
        notes.append(NO_OVERLAP_CHECK)
    if result.get("types_seen") is None:
        notes.append(NO_SPLIT)
    parts = [
        f"### {_mentions(result)}, {result['texts']:,} texts\n",
        f"{' '.join(notes)}\n",
        quality_table(result),
        cost_table(result),
    ]
    if result.get("detection"):
        parts.append(detection_table(result["detection"]))
    baseline = best(result, "baseline")
    if baseline is not None:
        parts.append(comparison_table(result, baseline))
    return [part for part in parts if part.strip()]


def _mentions(result: Result) -> str:
    if detection := result.get("detection"):
        return f"Mentions detected by {detection.get('detector', 'a detector not said')}"
    return f"{result['spans'].capitalize()} mentions"


def _image(description: str, stem: Path) -> str:
    return f"![{description}]({_FIGURES_FOLDER}/{stem.name}.png)\n"
