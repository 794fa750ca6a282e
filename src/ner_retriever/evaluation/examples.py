"""What a system gets wrong on its worst types, for reading."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Mention, Span
from ner_retriever.evaluation.benchmarks import Benchmark, GoldMention, GoldText
from ner_retriever.evaluation.systems import NamesMentions
from ner_retriever.training.metric import ranking

WORST_TYPES = 20

Spans = Sequence[Sequence[Span]]


def worst_types(
    system: NamesMentions,
    benchmark: Benchmark,
    *,
    rankings: Mapping[str, NDArray[np.float32]],
    r_precision: Mapping[str, float],
    types: Collection[str],
    examples: int,
    detected: Spans | None = None,
) -> list[dict[str, Any]]:
    """Examples of both kinds of error for the 20 types of the lowest R-Precision, worst first.

    Args:
        system: has indexed the benchmark.
        rankings: its scores by type, each (n_texts,) float32.
        r_precision: by type.
        types: those to choose from.
        examples: at most how many of a kind of error a type.
        detected: the spans of each text that were found; ``None`` where they are gold ones.

    Returns:
        A JSON object a type. With R relevant texts, ``false_positives`` are the highest-ranked
        texts among the first R that are not relevant, and ``missed`` the lowest-ranked relevant
        ones, those that are not retrieved first. ``found`` says of how many of the first R texts
        the best mention has which gold type (``None`` where no annotated mention stands), and
        ``detected`` how many gold mentions of the type were found exactly, and how many in part.
    """
    relevant = benchmark.relevant()
    worst = sorted(types, key=lambda label: (r_precision[label], label))[:WORST_TYPES]
    described = []
    for label in worst:
        order = ranking(rankings[label])
        first, rest = order[: len(relevant[label])], order[len(relevant[label]) :]
        unretrieved = np.setdiff1d(relevant[label], order)
        missed = np.concatenate([unretrieved, rest[np.isin(rest, relevant[label])][::-1]])
        rows = np.concatenate([first, missed[:examples]]).tolist()
        best = system.best_mentions(benchmark.queries[label], rows)
        ranks = {int(position): rank for rank, position in enumerate(order, start=1)}
        texts = [
            _describe(
                benchmark.texts[row],
                mention,
                ranks.get(row),
                None if detected is None else detected[row],
            )
            for row, mention in zip(rows, best, strict=True)
        ]
        wrong = np.flatnonzero(~np.isin(first, relevant[label]))
        described.append(
            {
                "type": label,
                "query": benchmark.queries[label],
                "r_precision": r_precision[label],
                "relevant": len(relevant[label]),
                "found": _found(texts[: len(first)]),
                "detected": (
                    None if detected is None else _detected(label, benchmark.texts, detected)
                ),
                "false_positives": [texts[place] for place in wrong[:examples]],
                "missed": texts[len(first) :],
            }
        )
    return described


def _found(texts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of how many texts the best mention has each gold type, the most frequent first."""
    counts: Counter[str | None] = Counter()
    for text in texts:
        best = text["best_mention"]
        counts.update((best and best["types"]) or [None])
    return [{"type": label, "texts": count} for label, count in counts.most_common()]


def _detected(label: str, texts: Iterable[GoldText], detected: Spans) -> dict[str, int]:
    found = Counter(
        _how_detected(mention, spans)
        for text, spans in zip(texts, detected, strict=True)
        for mention in text.mentions
        if label in mention.types
    )
    return {
        "mentions": found.total(),
        "exactly": found["exactly"],
        "in part": found["in part"],
    }


def _describe(
    text: GoldText, best: Mention | None, rank: int | None, detected: Sequence[Span] | None
) -> dict[str, Any]:
    return {
        "id": text.id,
        "text": text.text,
        "rank": rank,
        "best_mention": best
        and {
            "start": best.start,
            "end": best.end,
            "text": best.text,
            "score": best.score,
            "types": _types_at(text, best),
        },
        "gold": [
            {
                "start": mention.span.start,
                "end": mention.span.end,
                "types": list(mention.types),
                "detected": None if detected is None else _how_detected(mention, detected),
            }
            for mention in text.mentions
        ],
    }


def _types_at(text: GoldText, best: Mention) -> list[str]:
    """The types of the gold mentions that share a character with a mention."""
    types = (
        label
        for mention in text.mentions
        if _overlap(mention.span, Span(best.start, best.end))
        for label in mention.types
    )
    return list(dict.fromkeys(types))


def _how_detected(mention: GoldMention, spans: Iterable[Span]) -> str:
    borders = (mention.span.start, mention.span.end)
    if any((span.start, span.end) == borders for span in spans):
        return "exactly"
    return "in part" if any(_overlap(mention.span, span) for span in spans) else "no"


def _overlap(first: Span, second: Span) -> bool:
    return first.start < second.end and second.start < first.end
