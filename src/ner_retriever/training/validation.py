"""R-Precision from plain scores, to choose by while training."""

import numpy as np
import torch
from numpy.typing import NDArray

from ner_retriever.head.network import Head
from ner_retriever.training.activations import Activations
from ner_retriever.training.split import Split


def r_precision(scores: NDArray[np.float32], relevant: NDArray[np.bool_]) -> float:
    """Return the precision of the first R of a ranking, R being the number of relevant items.

    Args:
        scores: (items,), higher is better; ties are broken by position.
        relevant: (items,), at least one of them.
    """
    size = int(relevant.sum())
    best = np.argsort(-scores, kind="stable")[:size]
    return float(relevant[best].mean())


def validate(head: Head, activations: Activations, split: Split) -> dict[str, float]:
    """Return the mean R-Precision of the held-out types over the validation mentions' texts.

    A text's score is its best mention's, as in search. ``validation_r_precision`` searches the
    annotated mentions; ``…_with_generic`` also type names used as common nouns, as detected
    mentions would have them.
    """
    rows = split.validation_mentions
    with torch.inference_mode():
        head.eval()
        mentions = head.mentions(torch.from_numpy(activations.mentions[rows])).numpy()
        vectors = torch.from_numpy(activations.queries[split.validation_types])
        queries = head.queries(vectors).numpy()
    entities = activations.generic[rows] < 0
    kept = {
        "validation_r_precision": entities,
        "validation_r_precision_with_generic": np.ones(len(rows), bool),
    }
    return {
        name: float(
            np.mean(
                [
                    _r_precision_of_texts(mentions[mask] @ query, rows[mask], number, activations)
                    for query, number in zip(queries, split.validation_types, strict=True)
                ]
            )
        )
        for name, mask in kept.items()
    }


def _r_precision_of_texts(
    scores: NDArray[np.float32], rows: NDArray[np.int64], number: int, activations: Activations
) -> float:
    text = activations.texts[rows]
    starts = np.flatnonzero(np.r_[True, text[1:] != text[:-1]])
    relevant = np.isin(rows, activations.owners[activations.types == number])
    return r_precision(np.maximum.reduceat(scores, starts), np.maximum.reduceat(relevant, starts))
