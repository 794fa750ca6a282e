"""One benchmark, several systems: index, ask every type, measure, compare."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ner_retriever import environment
from ner_retriever.documents import Document, Span
from ner_retriever.errors import ConfigError, InputError
from ner_retriever.evaluation.benchmarks import Benchmark
from ner_retriever.evaluation.comparison import compare, split_by_seen
from ner_retriever.evaluation.detection import detection_report
from ner_retriever.evaluation.examples import worst_types
from ner_retriever.evaluation.metrics import METRICS, R_PRECISION, macro_average, measure
from ner_retriever.evaluation.seen import seen_types, training_overlap
from ner_retriever.evaluation.systems import KeepsMentions, NamesMentions, System
from ner_retriever.training.metric import bootstrap_interval

if TYPE_CHECKING:
    from ner_retriever.detect import Detector

Progress = Callable[[str, int, int], None]

_DETECTION_BATCH = 256
_NAMED_TEXTS = 10


def evaluate(
    benchmark: Benchmark,
    systems: Sequence[System],
    *,
    spans: Literal["gold", "detected"] = "detected",
    detector: "Detector | None" = None,
    training_texts: Iterable[str] | None = None,
    examples: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure systems side by side on the same texts and queries.

    Args:
        benchmark: texts, queries and what is relevant.
        systems: what is compared; names must differ.
        spans: whether systems are given the gold mentions, or detected ones.
        detector: finds the mentions that systems are given, once for all of them, if any system
            reads mentions. Without it there is no detection report, and systems get no mentions.
            Where a system found mentions with the same detector itself, those are reported on.
        training_texts: texts of the training data; those of the benchmark among them are named.
        examples: at most how many examples of each kind of error are kept for the worst types of
            each system that can name the mention that it found.
        seed: decides intervals and sampled tests.
        progress: is called with a stage, how much of it is done, and how much there is.

    Returns:
        What ``results.json`` holds; nothing but JSON types. ``r_precision`` is the macro average
        without catch-all types; ``per_type`` holds R-Precision. Where a system names the types
        that it was trained on, every system's macro average is also given apart for types seen
        and unseen by any of them.

    Raises:
        ConfigError: no system, two of one name, or a detector together with gold spans.
        InputError: a system's scores are not usable, or there is nothing to average.
    """
    _check(systems, spans=spans, detector=detector)
    report = progress or _silent
    detection: dict[str, Any] | None = None
    given: Sequence[Sequence[Span]] | None = benchmark.gold_spans() if spans == "gold" else None
    if detector is not None and any(system.reads_mentions for system in systems):
        given = _detect(detector, benchmark, report)
        detection = _detection(detector, benchmark, given)
    trained = [types for system in systems if (types := system.training_types) is not None]
    seen = seen_types(benchmark.queries, frozenset().union(*trained)) if trained else None
    documents = benchmark.documents(spans=given)
    measured = {
        system.name: _measure_system(
            system,
            benchmark,
            documents,
            seen=seen,
            examples=examples,
            spans=spans,
            given=given,
            seed=seed,
            progress=report,
        )
        for system in systems
    }
    if detector is not None and detection is None:
        detection = _found_by_systems(detector, systems, benchmark)
    overlap = None if training_texts is None else training_overlap(benchmark, training_texts)
    return {
        "benchmark": benchmark.name,
        "spans": spans,
        "texts": len(benchmark.texts),
        "notes": [*benchmark.notes, *_overlap_notes(overlap)],
        "queries": dict(benchmark.queries),
        "other_types": sorted(benchmark.other_types),
        "relevant": {label: len(found) for label, found in benchmark.relevant().items()},
        "systems": measured,
        "comparisons": compare(measured, benchmark.averaged, seed=seed),
        "detection": detection,
        "types_seen": None if seen is None else sorted(seen),
        "texts_in_training_data": None if overlap is None else list(overlap),
        "machine": environment.machine(),
        "memory_method": environment.MEMORY_METHOD,
        "versions": environment.versions(),
        "commit": environment.commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
    }


def _detect(
    detector: "Detector", benchmark: Benchmark, progress: Progress
) -> list[tuple[Span, ...]]:
    documents = benchmark.documents()
    spans: list[tuple[Span, ...]] = []
    progress("detect", 0, len(documents))
    for first in range(0, len(documents), _DETECTION_BATCH):
        spans += detector.detect(documents[first : first + _DETECTION_BATCH])
        progress("detect", len(spans), len(documents))
    return spans


def _detection(
    detector: "Detector", benchmark: Benchmark, spans: Sequence[Sequence[Span]]
) -> dict[str, Any]:
    return {
        "detector": detector.name,
        "fingerprint": detector.fingerprint,
        **asdict(detection_report(benchmark.texts, spans)),
    }


def _found_by_systems(
    detector: "Detector", systems: Sequence[System], benchmark: Benchmark
) -> dict[str, Any] | None:
    for system in systems:
        if isinstance(system, KeepsMentions) and (
            system.detector_fingerprint == detector.fingerprint
        ):
            return _detection(detector, benchmark, system.mentions())
    return None


def _overlap_notes(overlap: Sequence[str] | None) -> list[str]:
    if overlap is None:
        return []
    if not overlap:
        return ["No text of the benchmark stands in the training data."]
    named = ", ".join(overlap[:_NAMED_TEXTS])
    more = f" and {len(overlap) - _NAMED_TEXTS} more" if len(overlap) > _NAMED_TEXTS else ""
    return [f"Texts that also stand in the training data: {len(overlap)} ({named}{more})."]


def _measure_system(
    system: System,
    benchmark: Benchmark,
    documents: Sequence[Document],
    *,
    seen: Collection[str] | None,
    examples: int,
    spans: str,
    given: Sequence[Sequence[Span]] | None,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    rankings: dict[str, NDArray[np.float32]] = {}
    seconds_a_query: list[float] = []
    total = len(benchmark.queries)
    progress(f"{system.name}: index", 0, len(documents))
    with environment.PeakMemory() as memory:
        start = perf_counter()
        system.index(
            documents, progress=lambda done: progress(f"{system.name}: index", done, len(documents))
        )
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
    asked = benchmark.averaged
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
        "disk_bytes_a_text": system.disk_bytes_a_text,
        "settings": dict(system.settings),
    }
    if seen is not None:
        result |= split_by_seen(r_precision, asked, seen)
    if examples and isinstance(system, NamesMentions):
        detected = None
        if spans == "detected":
            detected = system.mentions() if isinstance(system, KeepsMentions) else given
        result["examples"] = worst_types(
            system,
            benchmark,
            rankings=rankings,
            r_precision=r_precision,
            types=asked,
            examples=examples,
            detected=detected,
        )
    return result


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


def _check(systems: Sequence[System], *, spans: str, detector: "Detector | None") -> None:
    names = [system.name for system in systems]
    if not names or len(set(names)) < len(names):
        raise ConfigError(
            f"systems must be at least one and differ in name, not: {', '.join(names) or 'none'}"
        )
    if spans not in ("gold", "detected"):
        raise ConfigError(f"spans must be gold or detected, not {spans!r}")
    if spans == "gold" and detector is not None:
        raise ConfigError("gold spans leave nothing to detect; drop the detector or the gold spans")


def _silent(_stage: str, _done: int, _total: int) -> None:
    pass
