"""The query vector that judgements ask for: Rocchio at first, a fitted classifier as they grow.

Rocchio moves the query by the mean of what was accepted, which a handful of judgements is enough
for. Logistic regression learns from each mention of what was read, and finds the rest sooner, but
is worse than Rocchio after ten judgements. Both are linear in a mention's vector, so a mix of them
is one vector too, and costs a search no more than a query does.
"""

import numpy as np
from numpy.typing import NDArray

from ner_retriever.index.scan import Scan
from ner_retriever.search.logistic import fit_logistic
from ner_retriever.search.vectors import rocchio, unit

# So many judgements make the ranking the classifier's alone.
_JUDGEMENTS_TO_LEARN_FROM = 100
_INVERSE_PENALTY = 10.0
# The query counts as so many accepted mentions.
_WEIGHT_OF_QUERY = 3
# Mentions at random: hardly one is of the type, and they tell how scores spread.
_BACKGROUND = 200
# Bounds the time to fit; one document may hold thousands of mentions.
_MOST_NEGATIVES = 1000


def refine(
    scan: Scan,
    query: NDArray[np.float32],
    *,
    accepted: NDArray[np.int64],
    rejected: NDArray[np.int64],
    rejected_documents: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return the query vector that judgements ask for.

    Args:
        scan: where the judged mentions are.
        query: unit vector, (dimensions,).
        accepted: rows of mentions that were accepted, (n,).
        rejected: rows of mentions that were shown and rejected, (m,).
        rejected_documents: rows of the documents that were rejected, (k,): none of their mentions
            is of the type.

    Returns:
        A unit vector, (dimensions,); the query itself where nothing is judged.
    """
    judgements = len(accepted) + len(rejected_documents)
    if not judgements or not len(scan.mentions):
        return query
    right = scan.joined(accepted)
    moved = rocchio(query, right, scan.joined(rejected))
    chance = np.random.default_rng(0)
    background = scan.joined(_sample(np.arange(len(scan.mentions)), _BACKGROUND, chance))
    wrong = scan.joined(_sample(scan.mentions_of(rejected_documents), _MOST_NEGATIVES, chance))
    positives = np.concatenate([right, np.tile(query, (_WEIGHT_OF_QUERY, 1))])
    vectors = np.concatenate([positives, wrong, background])
    learnt = fit_logistic(
        vectors,
        np.arange(len(vectors)) < len(positives),
        inverse_penalty=_INVERSE_PENALTY,
    )
    share = min(judgements / _JUDGEMENTS_TO_LEARN_FROM, 1.0)
    # In standard deviations of what each gives to mentions at random, so that the share holds.
    mixed = (1 - share) * _by_spread(moved, background) + share * _by_spread(learnt, background)
    return unit(mixed)


def _by_spread(vector: NDArray[np.float32], background: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = float((background @ vector).std())
    return vector / spread if spread > 0 else unit(vector)


def _sample(rows: NDArray[np.int64], most: int, chance: np.random.Generator) -> NDArray[np.int64]:
    if len(rows) <= most:
        return rows
    return rows[np.sort(chance.choice(len(rows), most, replace=False, shuffle=False))]
