"""How well cosine tells types apart: pairs of mentions, and rankings from prototypes and names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.training.metric import auc, r_precision
from ner_retriever.training.probe.sample import ProbeSample

Vectors = NDArray[np.float32]
# One value a type.
Values = NDArray[np.float64]

_PAIRS_A_TYPE = 500


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of mentions for each type; those of one pair differ in text and in surface form.

    Attributes:
        same: (pairs, 2) int64 for each type: both mentions have it.
        different: (pairs, 2) int64 for each type: the first mention has it, the second is unlike
            it.
    """

    same: tuple[NDArray[np.int64], ...]
    different: tuple[NDArray[np.int64], ...]


def draw_pairs(sample: ProbeSample, *, seed: int) -> Pairs:
    """Draw at most 500 pairs of each kind for each type.

    The second mention of a different-type pair is drawn by its type, and all types count the same:
    otherwise most pairs would be told apart by one very common type.
    """
    generator = np.random.default_rng(seed)
    chance = (sample.has / sample.has.sum(axis=1, keepdims=True)).sum(axis=0)
    same, different = [], []
    for has, unlike in zip(sample.has, sample.unlike, strict=True):
        its = np.flatnonzero(has)
        one, other = np.triu_indices(len(its), 1)
        pairs = _apart(sample, np.column_stack([its[one], its[other]]))
        same.append(generator.permutation(pairs)[:_PAIRS_A_TYPE])
        weights = chance * unlike
        # Rare types alone may be unlike this one.
        weights = weights if weights.any() else unlike.astype(float)
        second = generator.choice(len(weights), _PAIRS_A_TYPE, p=weights / weights.sum())
        first = generator.choice(its, _PAIRS_A_TYPE)
        different.append(_apart(sample, np.column_stack([first, second])))
    return Pairs(tuple(same), tuple(different))


def _apart(sample: ProbeSample, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep the pairs that a common name or a common sentence cannot give away."""
    one, other = pairs.T
    apart = sample.text[one] != sample.text[other]
    apart &= sample.surface[one] != sample.surface[other]
    return np.asarray(pairs[apart])


def unit(vectors: Vectors) -> Vectors:
    """Return vectors scaled to length 1; a vector of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny))


def centred(vectors: Vectors) -> Vectors:
    """Return vectors less their mean, scaled to length 1."""
    return unit(vectors - vectors.mean(axis=0))


def pair_auc(mentions: Vectors, pairs: Pairs) -> Values:
    """Return for each type the AUC of cosine at telling its same from its different pairs.

    This is the paper's measure of a representation (section 3.2), type by type.

    Args:
        mentions: (mentions, width), rows of length 1.
    """
    return np.array(
        [
            auc(_cosines(mentions, same), _cosines(mentions, different))
            for same, different in zip(pairs.same, pairs.different, strict=True)
        ]
    )


def _cosines(mentions: Vectors, pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.asarray(np.einsum("ij,ij->i", mentions[pairs[:, 0]], mentions[pairs[:, 1]]))


def prototype_r_precision(mentions: Vectors, sample: ProbeSample) -> Values:
    """Return for each type the R-Precision of its prototype, the mean of both ways round.

    The prototype is the mean of the type's mentions in one half of the texts; it ranks the mentions
    of the other half whose surface form it was not made of.

    Args:
        mentions: (mentions, width), rows of length 1.
    """
    values = []
    for way in range(2):
        rankings = [both[way] for both in sample.rankings]
        prototypes = np.stack([mentions[ranking.shown].mean(axis=0) for ranking in rankings])
        values.append(
            [
                r_precision(scores[ranking.searched], ranking.relevant)
                for scores, ranking in zip(prototypes @ mentions.T, rankings, strict=True)
            ]
        )
    return np.asarray(np.mean(values, axis=0))


def name_r_precision(mentions: Vectors, queries: Vectors, sample: ProbeSample) -> Values:
    """Return for each type the R-Precision of its name, without any training.

    Args:
        mentions: (mentions, width), rows of length 1.
        queries: (types, width), rows of length 1.
    """
    return np.array(
        [
            r_precision(scores[has | unlike], np.flatnonzero(has[has | unlike]))
            for scores, has, unlike in zip(
                queries @ mentions.T, sample.has, sample.unlike, strict=True
            )
        ]
    )
