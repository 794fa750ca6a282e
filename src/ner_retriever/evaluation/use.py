"""What an answer is like to work with: where it is cut off, and how judging it helps."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ner_retriever import environment
from ner_retriever.drawing import new_figure
from ner_retriever.evaluation.benchmarks import Benchmark
from ner_retriever.evaluation.cutoffs import Labelled, measure_cutoffs
from ner_retriever.evaluation.feedback import JUDGEMENTS, RECALL, Session, simulate
from ner_retriever.evaluation.stopping import Stop, simulate_stop
from ner_retriever.evaluation.systems.ner_retriever import ExistingIndex
from ner_retriever.evaluation.systems.pool import whole_scan
from ner_retriever.search.stopping import CONFIDENCE

_REFINED, _KEPT = "refined", "kept"
# Random orders a type.
_REVIEWS = 3
_COLOURS = {_REFINED: "#0072B2", _KEPT: "#808080"}
_LABELS = {_REFINED: "ranked again by judgements", _KEPT: "judgements only kept"}


def measure_use(
    benchmark: Benchmark,
    system: ExistingIndex,
    *,
    spans: str,
    stop_at: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Cut off and judge the answer to each type that is no catch-all.

    Args:
        system: has indexed the benchmark's texts.
        spans: where the mentions come from, for the record.
        stop_at: also let reviews stop themselves as soon as a random check proves this recall,
            in (0, 1].
        progress: called with (types done, types in all).

    Returns:
        ``cutoffs`` (a `CutoffResult`), ``feedback`` (means over the types of `Session`, with and
        without refinement), ``stopping`` where it was asked for, and what tells of the
        measurement; nothing but JSON types.
    """
    retriever = system.retriever
    scan = whole_scan(retriever)
    asked = benchmark.averaged
    relevant = benchmark.relevant()
    labelled: list[Labelled] = []
    sessions: dict[str, list[Session]] = {_REFINED: [], _KEPT: []}
    stops: list[list[Stop]] = []
    for done, label in enumerate(asked, 1):
        query = benchmark.queries[label]
        gold = np.zeros(len(benchmark.texts), bool)
        gold[relevant[label]] = True
        labelled.append(Labelled(label, system.rank(query), gold))
        vector = retriever.encoder.queries([query])[0]
        rows = np.sort(system.rows[relevant[label]])
        for name, found in sessions.items():
            found.append(simulate(scan, vector, rows, refined=name == _REFINED))
        if stop_at is not None:
            stops.append(
                [
                    simulate_stop(scan, vector, rows, recall=stop_at, seed=seed)
                    for seed in range(_REVIEWS)
                ]
            )
        if progress:
            progress(done, len(asked))
    sizes = [len(relevant[label]) for label in asked]
    return {
        "benchmark": benchmark.name,
        "spans": spans,
        "texts": len(benchmark.texts),
        "notes": list(benchmark.notes),
        "preset": retriever.preset.name,
        "fingerprints": dict(retriever.manifest.fingerprints),
        "parameters": retriever.cutoff_parameters.to_record(),
        "cutoffs": asdict(measure_cutoffs(labelled, retriever.cutoff_parameters)),
        "feedback": {name: _mean(found, sizes) for name, found in sessions.items()},
        "stopping": None if stop_at is None else _stopping(stops, sizes, stop_at, len(gold)),
        "judgements": list(JUDGEMENTS),
        "recall": RECALL,
        "versions": environment.versions(),
        "commit": environment.commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _mean(sessions: Sequence[Session], sizes: Sequence[int]) -> dict[str, Any]:
    read = np.array([session.read for session in sessions])
    return {
        "r_precision": np.mean([session.r_precision for session in sessions], axis=0).tolist(),
        "read": float(read.mean()),
        "read_by_relevant": float(np.median(read / np.array(sizes))),
    }


def _stopping(
    stops: Sequence[Sequence[Stop]], sizes: Sequence[int], target: float, documents: int
) -> dict[str, Any]:
    """How often reviews kept their promise, and what they cost: means over types and orders."""
    recall = np.array([[stop.recall for stop in reviews] for reviews in stops])
    read = np.array([[stop.read for stop in reviews] for reviews in stops])
    drawn = np.array([[stop.drawn for stop in reviews] for reviews in stops])
    return {
        "recall": target,
        "confidence": CONFIDENCE,
        "reviews": int(recall.size),
        "held": float((recall >= target).mean()),
        "reached": float(recall.mean()),
        "read": float(read.mean()),
        "read_share": float((read / documents).mean()),
        "read_by_relevant": float(np.median(read / np.array(sizes)[:, None])),
        "drawn": float(drawn.mean()),
    }


def plot_feedback(results: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw R-Precision over judgements, a panel a benchmark.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure = new_figure(3.6 * len(results), 3.0, extra="evaluation")
    panels = figure.subplots(1, len(results), squeeze=False, sharey=True)[0]
    for axes, result in zip(panels, results, strict=True):
        places = np.arange(len(result["judgements"]))
        for name, means in result["feedback"].items():
            axes.plot(
                places, means["r_precision"], marker="o", color=_COLOURS[name], label=_LABELS[name]
            )
        axes.set_xticks(places, [str(count) for count in result["judgements"]])
        axes.set_title(f"{result['benchmark']}, {result['spans']}", fontsize=10)
        axes.set_xlabel("documents judged")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    panels[0].set_ylabel("R-Precision")
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=150, facecolor="white")
