"""Charts of results, each as PNG and SVG."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ner_retriever.drawing import new_figure
from ner_retriever.evaluation.metrics import R_PRECISION
from ner_retriever.evaluation.published import FIGURES
from ner_retriever.evaluation.results import Result, best_first, kind, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Distinguishable without colour vision (Okabe and Ito), and by lightness in print.
_BLUE, _GREY, _SKY, _ORANGE = "#0072B2", "#9A9A9A", "#74B9E0", "#D55E00"
_COLOURS = {"ours": _BLUE, "variant": _SKY, "baseline": _GREY}
_MEANINGS = {"ours": "ner-retriever", "variant": "its variants", "baseline": "baselines"}
_PUBLISHED = "published, on another pool"
_WIDTH = 8.0
_BAR = 0.34


def bar_chart(results: Sequence[Result], stem: Path) -> None:
    """Macro R-Precision of every system with its 95 % interval, one panel a result.

    Published figures stand in the panels of detected mentions, as empty bars.

    Args:
        results: results on one benchmark.
        stem: where to write, without the ending.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    rows = [len(result["systems"]) + len(_published(result)) for result in results]
    figure = _figure(_BAR * sum(rows) + 1.1 * len(rows) + 0.5)
    panels = figure.subplots(
        len(results), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": rows}
    )[:, 0]
    for axes, result in zip(panels, results, strict=True):
        _bars(axes, result)
    panels[-1].set_xlabel("R-Precision, macro average over types, with 95 % interval")
    _legend(figure, results)
    _save(figure, stem)


def win_loss_chart(result: Result, *, ours: str, baseline: str, stem: Path) -> None:
    """By type, how far one system is ahead of another in R-Precision.

    Args:
        result: a result with both systems.
        ours: the system whose wins point right.
        baseline: the system that it is compared with.
        stem: where to write, without the ending.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    systems = result["systems"]
    others = set(result["other_types"])
    first, second = systems[ours]["per_type"], systems[baseline]["per_type"]
    ahead = {label: first[label] - second[label] for label in first if label not in others}
    labels = sorted(ahead, key=lambda label: ahead[label])
    figure = _figure(0.19 * len(labels) + 1.3)
    axes = figure.subplots()
    colours = [_BLUE if ahead[label] > 0 else _ORANGE for label in labels]
    axes.barh(range(len(labels)), [ahead[label] for label in labels], color=colours, height=0.72)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(labels)), [result["queries"][label] for label in labels], fontsize=8)
    axes.set_ylim(-0.7, len(labels) - 0.3)
    wins = sum(value > 0 for value in ahead.values())
    losses = sum(value < 0 for value in ahead.values())
    figure.suptitle(
        f"{ours} against {baseline}\n"
        f"{title(result)}, {result['spans']} mentions: "
        f"better on {wins}, worse on {losses} of {len(labels)} types",
        fontsize=10,
        x=0.01,
        horizontalalignment="left",
    )
    axes.set_xlabel("difference in R-Precision")
    _plain(axes)
    _save(figure, stem)


def _bars(axes: "Axes", result: Result) -> None:
    systems = result["systems"]
    names = best_first(result)
    values = [systems[name][R_PRECISION] for name in names]
    bounds = [systems[name]["intervals"][R_PRECISION] for name in names]
    below = [value - low for value, (low, _) in zip(values, bounds, strict=True)]
    above = [high - value for value, (_, high) in zip(values, bounds, strict=True)]
    axes.barh(
        range(len(names)),
        values,
        xerr=[below, above],
        color=[_COLOURS[kind(name)] for name in names],
        error_kw={"elinewidth": 1, "capsize": 2},
        height=0.7,
    )
    published = _published(result)
    axes.barh(
        range(len(names), len(names) + len(published)),
        [value for _, value in published],
        facecolor="white",
        edgecolor="black",
        linestyle="--",
        height=0.7,
    )
    ends = [*(high for _, high in bounds), *(value for _, value in published)]
    shown = [*values, *(value for _, value in published)]
    for row, (end, value) in enumerate(zip(ends, shown, strict=True)):
        text = f"{value:.3f}" if row < len(names) else f"{value:.2f}"
        axes.text(end + 0.008, row, text, va="center", fontsize=8)
    axes.set_yticks(range(len(shown)), [*names, *(name for name, _ in published)], fontsize=9)
    axes.set_xlim(0, max(1e-9, *ends) * 1.12)
    axes.invert_yaxis()
    axes.set_title(
        f"{title(result)}, {result['spans']} mentions, {result['texts']:,} texts",
        fontsize=10,
        loc="left",
    )
    _plain(axes)


def _published(result: Result) -> list[tuple[str, float]]:
    if result["spans"] != "detected":
        return []
    return [
        (figure.system.split(" (")[0].split(",")[0], figure.r_precision)
        for figure in FIGURES.get(result["benchmark"], ())
        if figure.r_precision is not None
    ]


def _legend(figure: "Figure", results: Sequence[Result]) -> None:
    from matplotlib.patches import Patch

    present = {kind(name) for result in results for name in result["systems"]}
    entries = [
        Patch(facecolor=colour, label=_MEANINGS[name])
        for name, colour in _COLOURS.items()
        if name in present
    ]
    if any(map(_published, results)):
        entries.append(
            Patch(facecolor="white", edgecolor="black", linestyle="--", label=_PUBLISHED)
        )
    figure.legend(
        handles=entries, loc="outside lower center", ncols=len(entries), fontsize=8, frameon=False
    )


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def _figure(height: float) -> "Figure":
    return new_figure(_WIDTH, height, extra="evaluation")


def _save(figure: "Figure", stem: Path) -> None:
    from matplotlib import rc_context

    stem.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(stem.with_name(f"{stem.name}.png"), dpi=150, facecolor="white")
    # Without salt and date the same figure would give another file each time.
    with rc_context({"svg.hashsalt": "ner-retriever"}):
        figure.savefig(stem.with_name(f"{stem.name}.svg"), metadata={"Date": None})
