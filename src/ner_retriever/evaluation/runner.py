"""One benchmark, several systems: index, ask every type, measure, compare."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import combinations
from statistics import median
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError, InputError
from ner_retriever.evaluation import environment
from ner_retriever.evaluation.benchmarks import Benchmark
from ner_retriever.evaluation.detection import detection_report
from ner_retriever.evaluation.metrics import METRICS, R_PRECISION, macro_average, measure
from ner_retriever.evaluation.significance import bootstrap_interval, paired_permutation_test
from ner_retriever.evaluation.systems import System

Detect = Callable[[Sequence[Document]], Sequence[Sequence[Span]]]
Progress = Callable[[str, int, int], None]


def evaluate(
    benchmark: Benchmark,
    systems: Sequence[System],
    *,
    spans: Literal["gold", "detected"] = "detected",
    detect: Detect | None = None,
    seen: Collection[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure systems side by side on the same texts and queries.

    Args:
        benchmark: texts, queries and what is relevant.
        systems: what is compared; names must differ.
        spans: whether systems are given the gold mentions, or detected ones.
        detect: finds the mentions that systems are given, once for all of them. Without it each
            system finds its own, and there is no detection report.
        seen: the types that were seen in training (see `seen.seen_types`); macro averages are then
            also given apart for types seen and unseen.
        seed: decides intervals and sampled tests.
        progress: is called with a stage, how much of it is done, and how much there is.

    Returns:
        What ``results.json`` holds; nothing but JSON types. ``r_precision`` is the macro average
        without catch-all types; ``per_type`` holds R-Precision.

    Raises:
        ConfigError: no system, two of one name, or ``detect`` together with gold spans.
        InputError: a system's scores are not usable, or there is nothing to average.
    """
    _check(systems, spans=spans, detect=detect)
    report = progress or _silent
    detection: dict[str, Any] | None = None
    given: Sequence[Sequence[Span]] | None = benchmark.gold_spans() if spans == "gold" else None
    if detect is not None:
        report("detect", 0, 1)
        start = perf_counter()
        given = detect(benchmark.documents())
        seconds = perf_counter() - start
        detection = asdict(detection_report(benchmark.texts, given)) | {"seconds": seconds}
        report("detect", 1, 1)
    documents = benchmark.documents(spans=given)
    measured = {
        system.name: _measure_system(
            system, benchmark, documents, seen=seen, seed=seed, progress=report
        )
        for system in systems
    }
    return {
        "benchmark": benchmark.name,
        "spans": spans,
        "texts": len(benchmark.texts),
        "notes": list(benchmark.notes),
        "queries": dict(benchmark.queries),
        "other_types": sorted(benchmark.other_types),
        "systems": measured,
        "comparisons": _compare(measured, benchmark, seed=seed),
        "detection": detection,
        "machine": environment.machine(),
        "memory_method": environment.MEMORY_METHOD,
        "versions": environment.versions(),
        "commit": environment.commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
    }


def _measure_system(
    system: System,
    benchmark: Benchmark,
    documents: Sequence[Document],
    *,
    seen: Collection[str] | None,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    rankings: dict[str, NDArray[np.float32]] = {}
    seconds_a_query: list[float] = []
    total = len(benchmark.queries)
    progress(f"{system.name}: index", 0, len(documents))
    with environment.PeakMemory() as memory:
        start = perf_counter()
        system.index(documents)
        seconds_to_index = perf_counter() - start
        progress(f"{system.name}: index", len(documents), len(documents))
        for done, (label, query) in enumerate(benchmark.queries.items(), start=1):
            start = perf_counter()
            rankings[label] = system.rank(query)
            seconds_a_query.append(perf_counter() - start)
            progress(f"{system.name}: query", done, total)
    relevant = benchmark.relevant()
    by_type = {
        label: measure(_usable(scores, system.name, len(documents)), relevant[label])
        for label, scores in rankings.items()
    }
    values = {name: {label: by_type[label][name] for label in by_type} for name in METRICS}
    r_precision = values[R_PRECISION]
    asked = _asked(benchmark)
    result: dict[str, Any] = {
        R_PRECISION: macro_average(r_precision, asked),
        "r_precision_with_other": macro_average(r_precision, benchmark.queries.keys()),
        "metrics": {name: macro_average(values[name], asked) for name in METRICS},
        "intervals": {
            name: list(bootstrap_interval([values[name][label] for label in asked], seed=seed))
            for name in METRICS
        },
        "per_type": r_precision,
        "metrics_per_type": by_type,
        "seconds_to_index": seconds_to_index,
        "ms_a_query": 1000 * median(seconds_a_query),
        "peak_memory_bytes": memory.bytes,
        "bytes_a_text": system.bytes_a_text,
        "settings": dict(system.settings),
    }
    if seen is not None:
        result["seen"] = _group(r_precision, [label for label in asked if label in seen])
        result["unseen"] = _group(r_precision, [label for label in asked if label not in seen])
    return result


def _group(values: Mapping[str, float], types: Sequence[str]) -> dict[str, Any]:
    average = macro_average(values, types) if types else None
    return {"types": len(types), R_PRECISION: average}


def _compare(
    measured: Mapping[str, Mapping[str, Any]], benchmark: Benchmark, *, seed: int
) -> list[dict[str, Any]]:
    """Paired tests of R-Precision for every two systems, the better one first."""
    asked = _asked(benchmark)
    best_first = sorted(measured, key=lambda name: -measured[name][R_PRECISION])
    comparisons = []
    for first, second in combinations(best_first, 2):
        values = [
            [measured[name]["per_type"][label] for label in asked] for name in (first, second)
        ]
        test = paired_permutation_test(*values, seed=seed)
        comparisons.append({"first": first, "second": second, "types": len(asked), **asdict(test)})
    return comparisons


def _asked(benchmark: Benchmark) -> list[str]:
    """The types that the macro average is over."""
    return [label for label in benchmark.queries if label not in benchmark.other_types]


def _usable(scores: NDArray[np.float32], name: str, size: int) -> NDArray[np.float32]:
    if scores.shape != (size,) or scores.dtype != np.float32:
        raise InputError(
            f"the system {name} gave scores of shape {scores.shape} and type {scores.dtype}; "
            f"expected ({size},) and float32: one score a text"
        )
    if np.isnan(scores).any() or np.isposinf(scores).any():
        raise InputError(
            f"the system {name} gave a score that is no number or infinite; "
            "expected finite numbers, or −inf for texts that are not retrieved"
        )
    return scores


def _check(systems: Sequence[System], *, spans: str, detect: Detect | None) -> None:
    names = [system.name for system in systems]
    if not names or len(set(names)) < len(names):
        raise ConfigError(
            f"systems must be at least one and differ in name, not: {', '.join(names) or 'none'}"
        )
    if spans not in ("gold", "detected"):
        raise ConfigError(f"spans must be gold or detected, not {spans!r}")
    if spans == "gold" and detect is not None:
        raise ConfigError("gold spans leave nothing to detect; drop the detector or the gold spans")


def _silent(_stage: str, _done: int, _total: int) -> None:
    pass
