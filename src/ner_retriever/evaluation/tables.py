"""Results as Markdown tables."""

from typing import Any

from ner_retriever.evaluation.metrics import R_PRECISION
from ner_retriever.evaluation.published import FIGURES, NV_EMBED_BYTES_A_TEXT, POOLS
from ner_retriever.evaluation.results import Result, best_first
from ner_retriever.markdown import table

_DETECTION_NAMES = {
    "exact_recall": "exact recall",
    "end_recall": "end recall",
    "overlap_recall": "overlap recall",
    "fuzzy_recall": "fuzzy recall",
    "precision": "precision",
    "mentions_a_text": "mentions a text",
}


def quality_table(result: Result) -> str:
    """How well each system ranks, with the published figures below where they are for the task."""
    systems = result["systems"]
    split = any("seen" in measured for measured in systems.values())
    header = ["system", "", "R-Precision", "with other", "AP", "nDCG@10", "P@10", "recall@2R"]
    rows = []
    for name in best_first(result):
        measured = systems[name]
        low, high = measured["intervals"][R_PRECISION]
        metrics = measured["metrics"]
        row = [
            name,
            "measured",
            f"{measured[R_PRECISION]:.3f} [{low:.3f}, {high:.3f}]",
            f"{measured['r_precision_with_other']:.3f}",
            f"{metrics['average_precision']:.3f}",
            f"{metrics['ndcg_at_10']:.3f}",
            f"{metrics['precision_at_10']:.3f}",
            f"{metrics['recall_at_2r']:.3f}",
        ]
        if split:
            row += [_group(measured.get("seen")), _group(measured.get("unseen"))]
        rows.append(row)
    if split:
        header += ["types seen", "types unseen"]
    published = _published_rows(result, columns=len(header))
    text = table(header, [*rows, *published])
    if published:
        text += (
            f"\nThe published rows are on another pool ({POOLS[result['benchmark']]}); "
            f"the measured ones on {result['texts']:,} texts.\n"
        )
    return text


def cost_table(result: Result) -> str:
    """What each system costs, in time, memory and storage."""
    rows = []
    for name in best_first(result):
        measured = result["systems"][name]
        memory = measured["peak_memory_bytes"]
        needed = measured["bytes_a_text"]
        on_disk = measured.get("disk_bytes_a_text")
        rows.append(
            [
                name,
                f"{measured['seconds_to_index']:.1f}",
                f"{measured['ms_a_query']:.1f}",
                "" if memory is None else f"{memory / 1e6:.0f}",
                f"{needed:,.0f}",
                f"{needed / NV_EMBED_BYTES_A_TEXT - 1:+.0%}",
                "" if on_disk is None else f"{on_disk:,.0f}",
            ]
        )
    header = [
        "system",
        "s to index",
        "ms a query",
        "peak memory, MB",
        "bytes a text",
        "against NV-Embed v2",
        "on disk",
    ]
    text = table(header, rows)
    method = result.get("memory_method", "not said")
    return f"{text}\nMemory: {method}.\n"


def detection_table(detection: dict[str, Any]) -> str:
    """How well mentions were found."""
    row = [
        f"{detection[key]:.1f}" if key == "mentions_a_text" else f"{detection[key]:.3f}"
        for key in _DETECTION_NAMES
    ]
    name = detection.get("detector", "detector not said")
    return table(["detection", *_DETECTION_NAMES.values()], [[name, *row]])


def comparison_table(result: Result, baseline: str) -> str:
    """Paired tests of every system against one of them."""
    rows = []
    for test in result["comparisons"]:
        if baseline not in (test["first"], test["second"]):
            continue
        ahead = test["first"] != baseline
        name = test["first"] if ahead else test["second"]
        difference = test["difference"] if ahead else -test["difference"]
        p_value = "< 0.001" if test["p_value"] < 0.001 else f"{test['p_value']:.3f}"
        rows.append([name, f"{difference:+.3f}", p_value])
    if not rows:
        return ""
    types = result["comparisons"][0]["types"]
    return (
        table([f"against {baseline}", "difference", "p"], rows)
        + f"\nPaired permutation test over {types} types, two-sided, each p on its own.\n"
    )


def provenance(result: Result) -> str:
    """Where, when and with what it was measured, a paragraph a run."""
    return "\n".join(_run(run) for run in result.get("runs", [result]))


def _published_rows(result: Result, *, columns: int) -> list[list[str]]:
    if result["spans"] != "detected":
        return []
    rows = []
    for figure in FIGURES.get(result["benchmark"], ()):
        value = "significantly below" if figure.r_precision is None else f"{figure.r_precision:.2f}"
        rows.append([figure.system, "published", value, *[""] * (columns - 3)])
    return rows


def _group(group: dict[str, Any] | None) -> str:
    if not group or group[R_PRECISION] is None:
        return "no type"
    return f"{group[R_PRECISION]:.3f} ({group['types']})"


def _run(result: Result) -> str:
    machine = result.get("machine", {})
    versions = ", ".join(f"{name} {number}" for name, number in result.get("versions", {}).items())
    accelerator = machine.get("accelerator") or "no accelerator"
    return (
        f"{', '.join(result['systems'])}: measured {result.get('date', 'at an unknown date')} on "
        f"{machine.get('processor')}, {machine.get('cores')} cores, {accelerator}; "
        f"commit {result.get('commit')}; seed {result.get('seed')}; {versions}.\n"
    )
