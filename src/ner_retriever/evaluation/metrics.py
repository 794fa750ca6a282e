"""How good a ranking is, for one type: computed by trec_eval through ir-measures.

A ranking is an array of scores, one a text of the pool, higher is better; −inf means that the text
was not retrieved. Of texts with equal scores the earlier one in the pool ranks higher. trec_eval
puts the greater name first, so the names handed to it count down.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from ner_retriever.errors import InputError, MissingExtra
from ner_retriever.training.metric import require_relevant

R_PRECISION = "r_precision"
METRICS = (R_PRECISION, "average_precision", "ndcg_at_10", "recall_at_2r", "precision_at_10")


def measure(scores: NDArray[np.float32], relevant: NDArray[np.int64]) -> dict[str, float]:
    """All of `METRICS` for one ranking, by trec_eval.

    Args:
        scores: (n,) float32, −inf for what is not retrieved.
        relevant: (R,) int64, positions of the relevant texts, each once.

    Raises:
        InputError: no text is relevant.
        MissingExtra: ir-measures is not installed.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise MissingExtra("Measuring rankings", "evaluation") from error

    require_relevant(relevant)
    names = trec_names(len(scores))
    retrieved = np.flatnonzero(scores > -np.inf)
    run = {names[position]: float(scores[position]) for position in retrieved}
    qrels = {names[position]: 1 for position in relevant}
    wanted = (
        ir_measures.Rprec,
        ir_measures.AP,
        ir_measures.nDCG @ 10,
        ir_measures.R @ (2 * len(relevant)),
        ir_measures.P @ 10,
    )
    values = ir_measures.calc_aggregate(wanted, {"query": qrels}, {"query": run})
    return {name: float(values[by]) for name, by in zip(METRICS, wanted, strict=True)}


def trec_names(size: int) -> list[str]:
    """Names for the texts of a pool under which trec_eval ranks the earlier of equals first."""
    width = len(str(size))
    return [f"{size - position:0{width}d}" for position in range(size)]


def macro_average(values: Mapping[str, float], types: Collection[str]) -> float:
    """The mean over the given types, each counting the same.

    Raises:
        InputError: there are no types to average.
    """
    if not types:
        raise InputError(
            "there is no type to average over; the benchmark holds only catch-all types"
        )
    return float(np.mean([values[label] for label in sorted(types)]))
