"""How the answers move with the least detection score of a mention that counts."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ner_retriever.drawing import new_figure
from ner_retriever.evaluation.benchmarks import Benchmark
from ner_retriever.evaluation.detection import detection_report
from ner_retriever.evaluation.metrics import macro_average
from ner_retriever.evaluation.results import title
from ner_retriever.evaluation.systems.pool import whole_scan
from ner_retriever.training.metric import r_precision

if TYPE_CHECKING:
    from ner_retriever.evaluation.systems.ner_retriever import ExistingIndex


def measure_thresholds(
    benchmark: Benchmark,
    system: "ExistingIndex",
    thresholds: Sequence[float],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, float]]:
    """Measure detection and R-Precision at thresholds, on mentions that were indexed once.

    Args:
        system: holds the benchmark's texts with detected mentions.
        thresholds: least detection scores.
        progress: called with (types done, types in all).

    Returns:
        A record a threshold: ``threshold``, ``r_precision`` (macro, without catch-all types) and
        the fields of a `DetectionReport`.
    """
    retriever = system.retriever
    scan = whole_scan(retriever)
    relevant, asked = benchmark.relevant(), benchmark.averaged
    surest = scan.column("detection_score")
    values: list[dict[str, float]] = [{} for _ in thresholds]
    for done, label in enumerate(asked, 1):
        scores = scan.scores(retriever.encoder.queries([benchmark.queries[label]])[0])
        for threshold, found in zip(thresholds, values, strict=True):
            kept = np.where(surest >= np.float32(threshold), scores, np.float32(-np.inf))
            found[label] = r_precision(scan.best(kept)[system.rows], relevant[label])
        if progress:
            progress(done, len(asked))
    records = []
    mentions = system.mentions()
    for threshold, found in zip(thresholds, values, strict=True):
        least = np.float32(threshold)
        sure = [[span for span in spans if span.detection_score >= least] for spans in mentions]
        report = asdict(detection_report(benchmark.texts, sure))
        r = macro_average(found, asked)
        records.append({"threshold": threshold, "r_precision": r, **report})
    return records


def plot_thresholds(results: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw R-Precision and recall over mentions a text, a panel a benchmark.

    Args:
        results: ``benchmark``, ``gold`` (R-Precision with gold mentions) and ``records``, as
            :func:`measure_thresholds` gives them.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure = new_figure(4.2 * len(results), 3.2, extra="evaluation")
    panels = figure.subplots(1, len(results), squeeze=False)[0]
    for axes, result in zip(panels, results, strict=True):
        records = result["records"]
        x = [record["mentions_a_text"] for record in records]
        for key, label, colour, marker in (
            ("overlap_recall", "recall, any overlap", "#999999", "^"),
            ("exact_recall", "recall, both borders", "#0072B2", "s"),
            ("r_precision", "R-Precision", "#D55E00", "o"),
        ):
            y = [record[key] for record in records]
            axes.plot(x, y, color=colour, marker=marker, markersize=4, label=label)
        axes.axhline(result["gold"], color="#D55E00", linestyle=":", linewidth=1)
        axes.annotate(
            "gold mentions", (max(x), result["gold"]), ha="right", va="bottom", fontsize=7,
            color="#D55E00",
        )  # fmt: skip
        for record in records:
            axes.annotate(
                f"{record['threshold']:g}", (record["mentions_a_text"], record["r_precision"]),
                textcoords="offset points", xytext=(0, -11), ha="center", fontsize=6,
            )  # fmt: skip
        axes.set_title(title(result), fontsize=10)
        axes.set_xlabel("mentions a text")
        axes.set_ylim(0, 1.02)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    panels[0].legend(frameon=False, fontsize=7, loc="lower right")
    figure.savefig(file, dpi=150, facecolor="white")
