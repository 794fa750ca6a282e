"""What `search.py` measured, as tables and a chart: functions of its record alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ner_retriever.drawing import new_figure
from ner_retriever.markdown import table

_TOPS = {"100": "top 100", "10000": "top 10,000", "all": "all"}
_INT8 = "int8"
_COLOURS = {"100": "#0072B2", "10000": "#E69F00", "all": "#009E73"}


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    rows = record["rows"]
    return [
        "Milliseconds a query, median; texts are read afterwards, as they are shown. *First* is "
        "right after the files were dropped from the system's memory.",
        "",
        table(
            ["mentions", "open", "first", *_TOPS.values(), "plain read", "ratio", "int8"],
            [
                [
                    f"{row['mentions']:,}",
                    milliseconds(row["open"]["median"]),
                    milliseconds(row["first"]),
                    *(milliseconds(row["warm"][top]["median"]) for top in _TOPS),
                    milliseconds(row["read"]["median"]),
                    f"{row['warm_over_read']['100']['median']:.2f}",
                    milliseconds(row["warm"][_INT8]["median"]),
                ]
                for row in rows
            ],
        ).rstrip(),
        "",
        "*Plain read* is the time in which as many threads read the vectors' bytes from memory; "
        "*ratio* is that of the top 100 to it, median over turns. *int8* is the top 100 with "
        "`--int8`.",
        "",
        "Many queries at once, milliseconds a query:",
        "",
        table(
            ["mentions", *(f"{count} at once" for count in rows[0]["many"]), "bytes a mention"],
            [
                [
                    f"{row['mentions']:,}",
                    *(milliseconds(times["median"]) for times in row["many"].values()),
                    f"{row['bytes_a_mention']:.0f}",
                ]
                for row in rows
            ],
        ).rstrip(),
    ]


def draw(record: Mapping[str, Any], file: Path) -> None:
    """Draw latency against size, both logarithmic.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    rows = record["rows"]
    sizes = [row["mentions"] for row in rows]
    figure = new_figure(6.4, 4.0, extra="evaluation")
    axes = figure.subplots()
    for top, name in _TOPS.items():
        times = [row["warm"][top]["median"] * 1000 for row in rows]
        axes.plot(sizes, times, marker="o", markersize=4, color=_COLOURS[top], label=name)
    read = [row["read"]["median"] * 1000 for row in rows]
    axes.plot(sizes, read, linestyle="--", color="black", label="plain read of memory")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("mentions in the index", size=9)
    axes.set_ylabel("milliseconds a query, warm", size=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=150, facecolor="white", metadata={"Software": None})


def milliseconds(seconds: float) -> str:
    """Write seconds as milliseconds, with two figures that mean something or all of them."""
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
