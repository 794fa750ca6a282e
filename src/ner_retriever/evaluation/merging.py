"""Results of several runs as one, where they are on the same texts and mentions.

A slow system need not be measured again because another one changed.
"""

from collections.abc import Sequence
from typing import Any

from ner_retriever.errors import InputError
from ner_retriever.evaluation.comparison import compare, split_by_seen
from ner_retriever.evaluation.results import Result, pool


def merge(results: Sequence[Result]) -> list[Result]:
    """Put systems side by side that were measured apart on the same texts, queries and mentions.

    Mentions are the same where they are gold ones, or of the same detector. A run without
    detection, whose systems read none or bring their own, goes with every detector. Tests and the
    split by types seen are made anew; ``runs`` says when and where each system was measured.

    Args:
        results: as read.

    Returns:
        The merged results, in the order in which each first appears.

    Raises:
        InputError: a system stands in two results that go together.
    """
    detectors: dict[str, list[str]] = {}
    for result in results:
        if own := _detector(result):
            detectors.setdefault(_comparable(result), []).append(own)
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        key = _comparable(result)
        own = _detector(result)
        for detector in [own] if own else dict.fromkeys(detectors.get(key, [""])):
            groups.setdefault((key, detector), []).append(result)
    return [_merged(group) for group in groups.values()]


def _merged(group: Sequence[Result]) -> Result:
    first = group[0]
    if len(group) == 1:
        return first
    systems: dict[str, Any] = {}
    for result in group:
        if twice := sorted(systems.keys() & result["systems"].keys()):
            raise InputError(
                f"two results for {first['benchmark']} ({first['spans']} mentions, "
                f"{first['texts']} texts) hold {', '.join(twice)}; leave one of them out, or name "
                "the preset in --system"
            )
        systems |= result["systems"]
    types = [label for label in first["queries"] if label not in first["other_types"]]
    named = [result["types_seen"] for result in group if result.get("types_seen") is not None]
    seen = sorted(set().union(*named)) if named else None
    overlaps = (result.get("texts_in_training_data") for result in group)
    checked = [overlap for overlap in overlaps if overlap is not None]
    if seen is not None:
        systems = {
            name: {**measured, **split_by_seen(measured["per_type"], types, seen)}
            for name, measured in systems.items()
        }
    return {
        **first,
        "notes": list(dict.fromkeys(note for result in group for note in result["notes"])),
        "systems": systems,
        "comparisons": compare(systems, types, seed=first["seed"]),
        "detection": next((found for result in group if (found := result.get("detection"))), None),
        "types_seen": seen,
        "texts_in_training_data": sorted(set().union(*checked)) if checked else None,
        "runs": list(group),
    }


def _comparable(result: Result) -> str:
    """Names texts, queries and setting: two results with the same may be compared by type."""
    return f"{pool(result)}, {result['spans']}, {result['seed']}"


def _detector(result: Result) -> str:
    """The fingerprint of the detector; empty without detection."""
    return str((result.get("detection") or {}).get("fingerprint", ""))
