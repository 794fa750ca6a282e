"""The probe's figure: how well each component tells types apart, block by block."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner_retriever.config import Component, Pooling
from ner_retriever.drawing import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Distinguishable without colour vision (Okabe and Ito); markers tell them apart in print.
_LOOKS: dict[Component, tuple[str, str]] = {
    "value": ("#D55E00", "o"),
    "hidden": ("#000000", "x"),
    "attention": ("#009E73", "D"),
    "mlp": ("#56B4E9", "v"),
    "key": ("#E69F00", "s"),
    "query": ("#CC79A7", "^"),
}
# What the paper's claim is about.
_FOREMOST = ("value", "hidden")
_RING: dict[str, Any] = {
    "marker": "o",
    "markersize": 11,
    "markerfacecolor": "none",
    "markeredgecolor": "#0072B2",
    "markeredgewidth": 2,
    "linestyle": "none",
}
_POOLINGS: dict[Pooling, str] = {
    "last": "last token",
    "mean": "mean of tokens",
    "first": "first token",
}
_MEASURES = (
    ("raw", "auc", "AUC of pairs, not centred"),
    ("centred", "auc", "AUC of pairs, centred"),
    ("centred", "prototypes", "R-Precision of prototypes"),
    ("centred", "names", "R-Precision of names"),
)


def draw_probe(result: dict[str, Any], file: Path) -> None:
    """Draw a line a component over the blocks, a panel for each pooling and measure.

    Args:
        result: what `probe` returned.
        file: .png, .svg or .pdf.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure = new_figure(12.0, 7.6, extra="training")
    panels = figure.subplots(len(_POOLINGS), len(_MEASURES), sharex=True, sharey="col")
    for row, pooling in zip(panels, _POOLINGS, strict=True):
        row[0].set_ylabel(_POOLINGS[pooling])
        for axes, (how, measure, _) in zip(row, _MEASURES, strict=True):
            _panel(axes, result, pooling, how, measure)
    for axes, (_, _, title) in zip(panels[0], _MEASURES, strict=True):
        axes.set_title(title, fontsize=10, loc="left")
    for axes in panels[-1]:
        axes.set_xlabel("block")
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.suptitle(
        f"{result['preset']['backbone']}, untrained: {len(result['types'])} types, "
        f"{result['mentions']:,} mentions",
        fontsize=11,
        x=0.01,
        horizontalalignment="left",
    )
    _legend(figure)
    figure.savefig(file, dpi=100, facecolor="white")


def _panel(axes: "Axes", result: dict[str, Any], pooling: Pooling, how: str, measure: str) -> None:
    for component, (colour, marker) in _LOOKS.items():
        sites = [
            site
            for site in result["sites"]
            if (site["component"], site["pooling"]) == (component, pooling)
        ]
        first = component in _FOREMOST
        axes.plot(
            [site["block"] for site in sites],
            [site[how][measure]["value"] for site in sites],
            color=colour,
            marker=marker,
            markersize=4 if first else 3,
            linewidth=1.8 if first else 0.9,
            zorder=3 if first else 2,
        )
    chosen = result["preset"]["site"]
    for site in result["sites"]:
        if chosen["pooling"] == pooling and chosen.items() <= site.items():
            axes.plot(site["block"], site[how][measure]["value"], zorder=4, **_RING)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def _legend(figure: "Figure") -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=colour, marker=marker, markersize=4, label=component)
        for component, (colour, marker) in _LOOKS.items()
    ]
    figure.legend(
        handles=[*lines, Line2D([], [], label="the preset's site", **_RING)],
        loc="outside lower center",
        ncols=len(lines) + 1,
        fontsize=8,
        frameon=False,
    )
