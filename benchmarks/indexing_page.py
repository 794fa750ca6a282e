"""What `indexing.py` measured, as tables and a chart: functions of its record alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ner_retriever.drawing import new_figure
from ner_retriever.markdown import table

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
_FORWARD, _ONE_PASS = "forward", "mention-head"
_NAMES = {"auto": "ner-retriever", "torch": "ner-retriever", "reference": "reference pipeline"}


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    lines = ["### By stage", ""]
    for row in record["rows"]:
        lines += [*_stages(row), ""]
    lines += ["### Beside the reference pipeline", ""]
    lines += [*_whole(record["rows"]), ""]
    for row in record["rows"]:
        lines += [*_notes(row), ""]
    return lines[:-1]


def draw(record: Mapping[str, Any], file: Path) -> None:
    """Draw how many texts a second each stage does, on a logarithmic scale.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    rows = record["rows"]
    stages = list(dict.fromkeys(stage for row in rows for stage in row["stages"]))
    figure = new_figure(8.0, 1.0 + 0.32 * len(stages) * max(1, len(rows) / 1.5), extra="evaluation")
    axes = figure.subplots()
    height = 0.8 / len(rows)
    for number, (row, colour) in enumerate(zip(rows, _COLOURS, strict=False)):
        for place, stage in enumerate(stages):
            if stage not in row["stages"]:
                continue
            rate = row["stages"][stage]["texts_a_second"]
            middle = place + (number - (len(rows) - 1) / 2) * height
            label = row["preset"] if place == 0 else None
            axes.barh(middle, rate["median"], height=0.9 * height, color=colour, label=label)
            axes.plot([rate["least"], rate["largest"]], [middle] * 2, color="black", linewidth=0.9)
            axes.text(rate["largest"] * 1.1, middle, _number(rate["median"]), va="center", size=7.5)
    axes.set_yticks(range(len(stages)), stages)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xmargin(0.12)
    axes.set_xlabel("texts a second; the line goes from the slowest to the quickest part", size=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=150, facecolor="white", metadata={"Software": None})


def _stages(row: Mapping[str, Any]) -> list[str]:
    """One preset's stages, and how near the passes come to the machine's matrix products."""
    header = ["stage", "texts/s", "tokens/s", "share of the time", "of the matrix-product peak"]
    forward = [name for name in row["stages"] if name.startswith(_FORWARD)]
    quickest = max(forward, key=lambda name: _rate(row, name))
    counted = [
        name
        for name in row["stages"]
        if name == quickest or not name.startswith((_FORWARD, _ONE_PASS))
    ]
    whole = sum(1 / _rate(row, name) for name in counted)
    cells = []
    for name, stage in row["stages"].items():
        share = f"{1 / _rate(row, name) / whole:.1%}" if name in counted else ""
        flops = stage.get("flops")
        peak = f"{flops['median'] / row['peak_flops']:.0%}" if flops else ""
        tokens = _number(stage["tokens_a_second"]["median"])
        cells.append([name, _number(_rate(row, name)), tokens, share, peak])
    return [
        f"`{row['preset']}`, {row['texts']:,} texts of {row['tokens'] / row['texts']:.0f} tokens "
        f"and {row['mentions'] / row['texts']:.1f} mentions; the peak in the same run was "
        f"{row['peak_flops'] / 1e9:.0f} GFLOP/s:",
        "",
        *table(header, cells).splitlines(),
    ]


def _whole(rows: list[Mapping[str, Any]]) -> list[str]:
    header = ["preset, texts", "pipeline", "engine", "texts/s", "× reference", "peak memory, MB"]
    cells = []
    compared = [(row["preset"], part) for row in rows for part in row["comparisons"]]
    for preset, part in compared:
        reference = part["whole"]["reference"]["texts_a_second"]["median"]
        for name, measured in part["whole"].items():
            if name == "torch" and part["whole"]["auto"]["engine"] == "torch":
                continue
            rate = measured["texts_a_second"]
            cells.append(
                [
                    f"{preset}, {part['kind']}",
                    _NAMES[name],
                    measured["engine"],
                    f"{rate['median']:.1f} ({rate['least']:.1f}–{rate['largest']:.1f})",
                    f"{rate['median'] / reference:.2f}",
                    f"{measured['peak_bytes'] / 1e6:,.0f}",
                ]
            )
    return table(header, cells).splitlines()


def _notes(row: Mapping[str, Any]) -> list[str]:
    turns, threads = (row["overlap"][name]["median"] for name in ("in_turns", "in_two_threads"))
    loading = ", ".join(
        f"{took['median']:.2f} s with {engine}" for engine, took in row["loading"].items()
    )
    notes = [
        f"`{row['preset']}`: a part's forward pass and the next one's detection took {turns:.2f} s "
        f"one after the other and {threads:.2f} s in two threads, {turns / threads:.2f} times. "
        f"Loading the models and embedding a first query took {loading}.",
    ]
    for part in row["comparisons"]:
        notes += [
            "",
            f"`{row['preset']}`, {part['kind']}: the least cosine between the two pipelines' "
            f"vectors of {part['mentions_compared']:,} mentions is {part['least_cosine']:.6f}.",
        ]
        if part["more_texts"]:
            notes += ["", *_with_more(part)]
    return notes


def _with_more(part: Mapping[str, Any]) -> list[str]:
    """Say how memory and disk grow."""
    ours, reference = (
        part["whole"][name]["peak_bytes_with_more"] for name in ("auto", "reference")
    )
    return [
        f"With the vectors of {part['more_texts']:,} texts more ({part['more_mentions']:,} "
        "mentions), made up and put through the same lists, stores and indexes, the peak is "
        f"{ours / 1e6:,.0f} MB here and {reference / 1e6:,.0f} MB in the reference pipeline, "
        f"{reference / ours:.1f} times as much, with models and a search. The index takes "
        f"{part['disk_bytes_a_mention']:,.0f} bytes a mention, the text and the copy of the "
        "vectors that is scanned included.",
    ]


def _rate(row: Mapping[str, Any], stage: str) -> float:
    return float(row["stages"][stage]["texts_a_second"]["median"])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"
