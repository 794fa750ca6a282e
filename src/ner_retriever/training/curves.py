"""The curves of a training run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ner_retriever.drawing import new_figure
from ner_retriever.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Distinguishable without colour vision (Okabe and Ito).
_BLUE, _ORANGE = "#0072B2", "#D55E00"
_VALIDATION = "validation_r_precision"


def plot_curves(log: Sequence[Mapping[str, float]], file: Path) -> None:
    """Draw loss and validation R-Precision over the steps, one above the other, as a PNG.

    Args:
        log: records with ``step``, ``loss`` and, where types were held out,
            ``validation_r_precision``; without any of these there is no lower part.

    Raises:
        InputError: the log is empty.
        MissingExtra: matplotlib is not installed.
    """
    if not log:
        raise InputError("the log of the run is empty, so there is nothing to draw; train first")
    validated = [record for record in log if _VALIDATION in record]
    parts = 2 if validated else 1
    figure = new_figure(6.4, 1.9 * parts + 0.4, extra="training")
    axes = figure.subplots(parts, 1, sharex=True, squeeze=False)[:, 0]
    _line(axes[0], log, "loss", "training loss")
    if validated:
        _line(axes[1], validated, _VALIDATION, "R-Precision,\nheld-out types")
        best = max(validated, key=lambda record: record[_VALIDATION])
        axes[1].plot(best["step"], best[_VALIDATION], "o", color=_ORANGE)
        axes[1].set_title(
            f"best: {best[_VALIDATION]:.3f} at step {best['step']:,}",
            fontsize=9,
            loc="right",
            color=_ORANGE,
        )
    axes[-1].set_xlabel("step")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="png", dpi=150, facecolor="white")


def _line(axes: "Axes", log: Sequence[Mapping[str, float]], key: str, label: str) -> None:
    axes.plot(
        [record["step"] for record in log],
        [record[key] for record in log],
        color=_BLUE,
        marker="." if len(log) <= 40 else "",
    )
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
