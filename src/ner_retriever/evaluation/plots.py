"""Charts of results, each as PNG and SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ner_retriever.drawing import new_figure
from ner_retriever.evaluation.metrics import R_PRECISION
from ner_retriever.evaluation.published import FIGURES
from ner_retriever.evaluation.results import Result, best_first, kind, pool, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Distinguishable without colour vision (Okabe and Ito), and by lightness in print.
_BLUE, _GREEN, _GREY, _ORANGE = "#0072B2", "#009E73", "#808080", "#D55E00"
_COLOURS = {"ours": _BLUE, "variant": _GREEN, "baseline": _GREY}
_MEANINGS = {"ours": "ner-retriever", "variant": "its variants", "baseline": "baselines"}
_SHARE_OF_COLOUR_WHERE_PALE = 0.45
_WIDTH = 8.0
_BAR = 0.19
_GAP = 0.5
_TYPE_ROW = 0.17


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar: its length, the ends of its interval, and how it looks."""

    value: float
    low: float
    high: float
    label: str
    colour: str = "white"
    pale: bool = False
    published: bool = False


def bar_chart(results: Sequence[Result], stem: Path) -> None:
    """Macro R-Precision of every system with its 95 % interval, one panel a pool of texts.

    A system's bars on gold mentions are pale and stand below those on detected ones; a baseline,
    which reads no mentions, has one bar. Published figures stand in the panel of the largest pool
    with detected mentions, as empty bars.

    Args:
        results: results on one benchmark.
        stem: where to write, without the ending.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    panels: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: (-result["texts"], result["spans"])):
        panels.setdefault(pool(result), []).append(result)
    detected = (key for key, own in panels.items() if own[0]["spans"] == "detected")
    headline = next(detected, None)
    rows = [
        _rows(own) | (_published_rows(own[0]) if key == headline else {})
        for key, own in panels.items()
    ]
    heights = [_BAR * (sum(map(len, bars.values())) + _GAP * len(bars)) for bars in rows]
    figure = _figure(sum(heights) + 0.35 * len(rows) + 1.0)
    axes = figure.subplots(
        len(rows), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for panel, bars, own in zip(axes, rows, panels.values(), strict=True):
        _draw(panel, bars)
        settings = " and ".join(dict.fromkeys(str(result["spans"]) for result in own))
        caption = f"{own[0]['texts']:,} texts, {settings} mentions"
        panel.set_title(caption, fontsize=9, loc="left")
    ends = [bar.high for bars in rows for own_bars in bars.values() for bar in own_bars]
    axes[-1].set_xlim(0, max(1e-9, *ends) * 1.1)
    axes[-1].set_xlabel("R-Precision, macro average over types, with 95 % interval", fontsize=9)
    _heading(figure, title(results[0]))
    _legend(figure, rows)
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
    figure = _figure(_TYPE_ROW * len(labels) + 1.3)
    axes = figure.subplots()
    colours = [_BLUE if ahead[label] > 0 else _ORANGE for label in labels]
    axes.barh(range(len(labels)), [ahead[label] for label in labels], color=colours, height=0.72)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(labels)), [result["queries"][label] for label in labels])
    axes.set_ylim(-0.7, len(labels) - 0.3)
    wins = sum(value > 0 for value in ahead.values())
    losses = sum(value < 0 for value in ahead.values())
    _heading(
        figure,
        f"{ours} against {baseline}: better on {wins}, worse on {losses} of {len(labels)} types\n"
        f"{title(result)}, {result['spans']} mentions, {result['texts']:,} texts",
    )
    axes.set_xlabel(
        f"← {baseline} better      difference in R-Precision      {ours} better →", fontsize=8
    )
    _plain(axes)
    _save(figure, stem)


def _rows(results: Sequence[Result]) -> dict[str, list[_Bar]]:
    """The bars of each system on a pool, the best system first."""
    detectors = sum(result["spans"] == "detected" for result in results)
    rows: dict[str, list[_Bar]] = {}
    for result in results:
        for name in best_first(result):
            baseline = kind(name) == "baseline"
            if baseline and name in rows:
                continue
            measured = result["systems"][name]
            low, high = measured["intervals"][R_PRECISION]
            value = measured[R_PRECISION]
            detector = (result.get("detection") or {}).get("detector", "")
            told = detectors > 1 and not baseline and detector
            bar = _Bar(
                value=value,
                low=low,
                high=high,
                label=f"{value:.3f}, {detector}" if told else f"{value:.3f}",
                colour=_COLOURS[kind(name)],
                pale=result["spans"] == "gold" and not baseline,
            )
            rows.setdefault(name, []).append(bar)
    best_row = sorted(rows.items(), key=lambda row: -max(bar.value for bar in row[1]))
    return dict(best_row)


def _published_rows(result: Result) -> dict[str, list[_Bar]]:
    figures = {
        figure.system.split(" (")[0].split(",")[0]: figure.r_precision
        for figure in FIGURES.get(result["benchmark"], ())
        if figure.r_precision is not None
    }
    return {
        f"{name}, published": [_Bar(value, value, value, f"{value:.2f}", published=True)]
        for name, value in figures.items()
    }


def _draw(axes: "Axes", rows: Mapping[str, Sequence[_Bar]]) -> None:
    place = 0.0
    middles = []
    for bars in rows.values():
        middles.append(place + (len(bars) - 1) / 2)
        for bar in bars:
            axes.barh(
                place,
                bar.value,
                height=0.86,
                color=_pale(bar.colour) if bar.pale else bar.colour,
                edgecolor="black" if bar.published else "none",
                linestyle="--",
            )
            axes.plot([bar.low, bar.high], [place, place], color="black", linewidth=0.9)
            axes.text(bar.high + 0.006, place, bar.label, va="center", fontsize=7.5)
            place += 1
        place += _GAP
    axes.set_yticks(middles, list(rows))
    axes.set_ylim(place - _GAP - 0.4, -0.6)
    _plain(axes)


def _legend(figure: "Figure", rows: Sequence[Mapping[str, Sequence[_Bar]]]) -> None:
    from matplotlib.patches import Patch

    bars = [bar for panel in rows for own in panel.values() for bar in own]
    present = {bar.colour for bar in bars}
    entries = [
        Patch(facecolor=colour, label=_MEANINGS[name])
        for name, colour in _COLOURS.items()
        if colour in present
    ]
    if any(bar.pale for bar in bars):
        entries.append(Patch(facecolor=_pale(_BLUE), label="pale: gold mentions"))
    if any(bar.published for bar in bars):
        label = "published, on another pool"
        entries.append(Patch(facecolor="white", edgecolor="black", linestyle="--", label=label))
    figure.legend(
        handles=entries, loc="outside lower center", ncols=len(entries), fontsize=8, frameon=False
    )


def _pale(colour: str) -> str:
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (1 - _SHARE_OF_COLOUR_WHERE_PALE * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _heading(figure: "Figure", text: str) -> None:
    figure.suptitle(text, fontsize=10, x=0.01, horizontalalignment="left")


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def _figure(height: float) -> "Figure":
    return new_figure(_WIDTH, height, extra="evaluation")


def _save(figure: "Figure", stem: Path) -> None:
    from matplotlib import rc_context

    stem.parent.mkdir(parents=True, exist_ok=True)
    # Nothing is drawn outside of its axes; clipping would only make the SVG longer.
    for artist in figure.findobj():
        artist.set_clip_on(False)
    # Without a salt, and with dates and versions, the same figure would give another file.
    with rc_context(
        {
            "svg.hashsalt": "ner-retriever",
            "svg.fonttype": "none",
            "font.sans-serif": ["DejaVu Sans"],
        }
    ):
        figure.savefig(
            stem.with_name(f"{stem.name}.png"),
            dpi=150,
            facecolor="white",
            metadata={"Software": None},
        )
        figure.savefig(
            stem.with_name(f"{stem.name}.svg"),
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
