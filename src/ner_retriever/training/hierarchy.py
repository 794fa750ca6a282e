"""Which type is a kind of which, as far as the data tell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.training.relation import Relation

_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Ancestors and descendants of types; no type is its own.

    Attributes:
        ancestors: of each type.
        descendants: of each type.
    """

    ancestors: Relation
    descendants: Relation


def estimate_hierarchy(
    owners: NDArray[np.int64], types: NDArray[np.int64], *, mentions: int, count: int
) -> Hierarchy:
    """Take a type for a descendant of another when nine in ten of its mentions have the other too.

    Two types that nearly always go together are each both of the other. Time and memory grow with
    the sum over mentions of the square of how many types a mention has.

    Args:
        owners, types: (pairs,) int64: mention ``owners[i]`` has type ``types[i]``.
        mentions, count: how many mentions and types there are.
    """
    owners, types = np.unique(np.stack([owners, types]), axis=1)
    positions, others = Relation(owners, types, mentions).of(owners)
    pairs, shared = np.unique(types[positions] * count + others, return_counts=True)
    first, second = pairs // count, pairs % count
    # A type's pairs with itself count its mentions.
    mentions_of = np.zeros(count, dtype=np.int64)
    mentions_of[first[first == second]] = shared[first == second]
    kept = (shared >= _SHARE * mentions_of[first]) & (first != second)
    return Hierarchy(
        ancestors=Relation(first[kept], second[kept], count),
        descendants=Relation(second[kept], first[kept], count),
    )
