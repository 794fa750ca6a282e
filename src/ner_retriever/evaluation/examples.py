"""What a system gets wrong on its worst types, for reading."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Mention
from ner_retriever.evaluation.benchmarks import Benchmark, GoldText
from ner_retriever.evaluation.systems import NamesMentions
from ner_retriever.training.metric import ranking

WORST_TYPES = 20


def worst_types(
    system: NamesMentions,
    benchmark: Benchmark,
    *,
    rankings: Mapping[str, NDArray[np.float32]],
    r_precision: Mapping[str, float],
    types: Collection[str],
    examples: int,
) -> list[dict[str, Any]]:
    """Examples of both kinds of error for the 20 types of the lowest R-Precision, worst first.

    Args:
        system: has indexed the benchmark.
        rankings: its scores by type, each (n_texts,) float32.
        r_precision: by type.
        types: those to choose from.
        examples: at most how many of a kind of error a type.

    Returns:
        A JSON object a type: with R relevant texts, ``false_positives`` are the highest-ranked
        texts among the first R that are not relevant; ``missed`` are relevant texts that are not
        among them, taken evenly from the highest-ranked to those not retrieved.
    """
    relevant = benchmark.relevant()
    worst = sorted(types, key=lambda label: (r_precision[label], label))[:WORST_TYPES]
    described = []
    for label in worst:
        order = ranking(rankings[label])
        first, rest = order[: len(relevant[label])], order[len(relevant[label]) :]
        unretrieved = np.setdiff1d(relevant[label], order)
        false_positives = first[~np.isin(first, relevant[label])][:examples]
        missed = np.concatenate([rest[np.isin(rest, relevant[label])], unretrieved])
        ranks = {int(position): rank for rank, position in enumerate(order, start=1)}
        described.append(
            {
                "type": label,
                "query": benchmark.queries[label],
                "r_precision": r_precision[label],
                "relevant": len(relevant[label]),
                "false_positives": _describe(system, benchmark, label, false_positives, ranks),
                "missed": _describe(system, benchmark, label, _spread(missed, examples), ranks),
            }
        )
    return described


def _spread(positions: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """At most so many of the positions, evenly from the first to the last."""
    chosen = np.linspace(0, len(positions) - 1, num=min(count, len(positions)))
    return positions[chosen.round().astype(np.int64)]


def _describe(
    system: NamesMentions,
    benchmark: Benchmark,
    label: str,
    positions: NDArray[np.int64],
    ranks: Mapping[int, int],
) -> list[dict[str, Any]]:
    rows = positions.tolist()
    best = system.best_mentions(benchmark.queries[label], rows)
    return [
        {
            "id": benchmark.texts[row].id,
            "text": benchmark.texts[row].text,
            "rank": ranks.get(row),
            "best_mention": None if mention is None else _mention(mention),
            "gold": _gold(benchmark.texts[row]),
        }
        for row, mention in zip(rows, best, strict=True)
    ]


def _mention(mention: Mention) -> dict[str, Any]:
    return {
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "score": mention.score,
    }


def _gold(text: GoldText) -> list[dict[str, Any]]:
    return [
        {
            "text": text.text[mention.span.start : mention.span.end],
            "types": list(mention.types),
        }
        for mention in text.mentions
    ]
