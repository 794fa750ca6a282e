"""R-Precision from plain scores, to choose by while training."""

import numpy as np
import torch

from ner_retriever.head.network import Head
from ner_retriever.training.activations import Activations
from ner_retriever.training.metric import r_precision
from ner_retriever.training.split import Split


def validate(head: Head, activations: Activations, split: Split) -> float:
    """Return the mean R-Precision of the held-out types over the validation mentions' texts.

    A text's score is its best mention's, as in search.
    """
    rows = split.validation_mentions
    with torch.inference_mode():
        head.eval()
        mentions = head.mentions(torch.from_numpy(activations.mentions[rows])).numpy()
        vectors = torch.from_numpy(activations.queries[split.validation_types])
        queries = head.queries(vectors).numpy()
    text = activations.texts[rows]
    starts = np.flatnonzero(np.r_[True, text[1:] != text[:-1]])
    values = []
    for query, number in zip(queries, split.validation_types, strict=True):
        relevant = np.isin(rows, activations.owners[activations.types == number])
        values.append(
            r_precision(
                np.maximum.reduceat(mentions @ query, starts),
                np.flatnonzero(np.maximum.reduceat(relevant, starts)),
            )
        )
    return float(np.mean(values))
