"""Systems against each other, and types seen in training against those never seen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from ner_retriever.evaluation.metrics import R_PRECISION, macro_average
from ner_retriever.evaluation.significance import paired_permutation_test


def compare(
    systems: Mapping[str, Mapping[str, Any]], types: Sequence[str], *, seed: int
) -> list[dict[str, Any]]:
    """Paired tests of R-Precision for every two systems, the better one first.

    Args:
        systems: by name, each with ``r_precision`` and ``per_type``.
        types: those that count.
        seed: decides sampled tests.
    """
    best_first = sorted(systems, key=lambda name: -systems[name][R_PRECISION])
    comparisons = []
    for first, second in combinations(best_first, 2):
        values = [[systems[name]["per_type"][label] for label in types] for name in (first, second)]
        test = paired_permutation_test(*values, seed=seed)
        comparisons.append({"first": first, "second": second, "types": len(types), **asdict(test)})
    return comparisons


def split_by_seen(
    per_type: Mapping[str, float], types: Sequence[str], seen: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Macro averages over ``seen`` and ``unseen`` types, each with how many types there are.

    Args:
        per_type: R-Precision by type.
        types: those that count.
        seen: those that were seen in training.
    """
    return {
        "seen": _group(per_type, [label for label in types if label in seen]),
        "unseen": _group(per_type, [label for label in types if label not in seen]),
    }


def _group(values: Mapping[str, float], types: Sequence[str]) -> dict[str, Any]:
    average = macro_average(values, types) if types else None
    return {"types": len(types), R_PRECISION: average}
