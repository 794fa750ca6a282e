"""The probe's figure: how well each component tells types apart, block by block."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ner_retriever.config import Component, Pooling
from ner_retriever.drawing import new_figure
from ner_retriever.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Distinguishable without colour vision (Okabe and Ito); markers tell them apart in print.
_LOOKS: dict[Component, tuple[str, str]] = {
    "value": ("#D55E00", "o"),
    "key": ("#E69F00", "s"),
    "query": ("#CC79A7", "^"),
    "attention": ("#009E73", "D"),
    "mlp": ("#56B4E9", "v"),
    "hidden": ("#000000", "x"),
}
_POOLINGS: dict[Pooling, str] = {
    "last": "last token",
    "mean": "mean of tokens",
    "first": "first token",
}
_MEASURES = {
    "auc": "AUC of same-type pairs",
    "prototypes": "R-Precision of prototypes",
    "names": "R-Precision of names, untrained",
}
_ENDINGS = (".png", ".svg", ".pdf")


def check_figure(file: Path) -> None:
    """Find out before long work whether a figure can be drawn.

    Raises:
        InputError: the file's name has an unknown ending.
        MissingExtra: matplotlib is not installed.
    """
    if file.suffix not in _ENDINGS:
        raise InputError(f"cannot draw {file}: its name must end with {', '.join(_ENDINGS)}")
    new_figure(1, 1, extra="training")


def draw_probe(result: dict[str, Any], file: Path) -> None:
    """Draw a line a component over the blocks, for each pooling and measure, centred vectors.

    Args:
        result: what `probe` returned.
        file: .png, .svg or .pdf.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure = new_figure(10.0, 8.0, extra="training")
    panels = figure.subplots(len(_POOLINGS), len(_MEASURES), sharex=True, sharey="col")
    for row, pooling in zip(panels, _POOLINGS, strict=True):
        for axes, measure in zip(row, _MEASURES, strict=True):
            _lines(axes, result, pooling, measure)
        row[0].set_ylabel(_POOLINGS[pooling])
    for axes, title in zip(panels[0], _MEASURES.values(), strict=True):
        axes.set_title(title, fontsize=10, loc="left")
    for axes in panels[-1]:
        axes.set_xlabel("block")
        axes.xaxis.get_major_locator().set_params(integer=True)
    preset = result["preset"]
    figure.suptitle(
        f"{preset['backbone']}: {len(result['types'])} types, {result['mentions']:,} mentions, "
        "vectors centred",
        fontsize=11,
        x=0.01,
        horizontalalignment="left",
    )
    named = {
        label: handle
        for axes in panels.flat
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        named.values(), named.keys(), loc="outside lower center", ncols=7, fontsize=8, frameon=False
    )
    figure.savefig(file, dpi=100, facecolor="white")


def _lines(axes: "Axes", result: dict[str, Any], pooling: Pooling, measure: str) -> None:
    for component in get_args(Component):
        sites = [
            site
            for site in result["sites"]
            if (site["component"], site["pooling"]) == (component, pooling)
        ]
        colour, marker = _LOOKS[component]
        axes.plot(
            [site["block"] for site in sites],
            [site["centred"][measure]["value"] for site in sites],
            color=colour,
            marker=marker,
            markersize=3.5,
            linewidth=1.2,
            label=component,
        )
        for site in sites:
            if {key: site[key] for key in result["preset"]["site"]} == result["preset"]["site"]:
                axes.plot(
                    site["block"],
                    site["centred"][measure]["value"],
                    marker="o",
                    markersize=11,
                    markerfacecolor="none",
                    markeredgecolor="#0072B2",
                    markeredgewidth=2,
                    linestyle="none",
                    label="the preset's site",
                )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
