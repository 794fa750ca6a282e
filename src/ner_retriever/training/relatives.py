"""Which types are neither right nor wrong for a mention, and which are hard to tell apart."""

import numpy as np
from numpy.typing import NDArray

from ner_retriever.training.hierarchy import Hierarchy
from ner_retriever.training.relation import Relation


class Relatives:
    """Relatives of mentions' types, for a batch at a time.

    Labels are incomplete: a mention that is labelled a river is a body of water too, and one that
    is labelled a person may be a composer. Neither is a negative. But what is labelled a river and
    a body of water is no lake.

    Args:
        owners, types: (pairs,) int64: mention ``owners[i]`` has type ``types[i]``.
        mentions, count: how many mentions and types there are.
        hierarchy: of the types.
    """

    def __init__(
        self,
        owners: NDArray[np.int64],
        types: NDArray[np.int64],
        *,
        mentions: int,
        count: int,
        hierarchy: Hierarchy,
    ) -> None:
        self._count = count
        self._hierarchy = hierarchy
        self._types_of = Relation(owners, types, mentions)
        positions, ancestors = hierarchy.ancestors.of(types)
        above = np.unique(owners[positions] * count + ancestors)
        finest = ~np.isin(owners * count + types, above)
        self._finest_of = Relation(owners[finest], types[finest], mentions)

    def spared(self, mentions: NDArray[np.int64], types: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (m, t) bool: the ancestors of a mention's types, and its finest ones' descendants.

        A mention's own types may be among them.
        """
        return self._with_any(
            self._types_of, mentions, self._table(self._hierarchy.descendants, types)
        ) | self._with_any(self._finest_of, mentions, self._table(self._hierarchy.ancestors, types))

    def _table(self, relation: Relation, types: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (types in all, t) bool: which types a relation gives for each of some."""
        columns, related = relation.of(types)
        table = np.zeros((self._count, len(types)), np.bool_)
        table[related, columns] = True
        return table

    @staticmethod
    def _with_any(
        labels: Relation, mentions: NDArray[np.int64], table: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        found = np.zeros((len(mentions), table.shape[1]), np.bool_)
        positions, types = labels.of(mentions)
        if len(positions):
            present, first = np.unique(positions, return_index=True)
            found[present] = np.logical_or.reduceat(table[types], first, axis=0)
        return found


class Siblings:
    """Types under the same parent, the ancestor that has the fewest mentions.

    Args:
        types: those that may be drawn.
        counts: mentions of each type.
        hierarchy: of the types.
    """

    def __init__(
        self, types: NDArray[np.int64], counts: NDArray[np.int64], hierarchy: Hierarchy
    ) -> None:
        positions, ancestors = hierarchy.ancestors.of(types)
        order = np.lexsort((counts[ancestors], positions))
        children, first = np.unique(positions[order], return_index=True)
        self._parent = np.full(len(counts), -1, np.int64)
        self._parent[types[children]] = ancestors[order][first]
        having = types[children]
        self._children = Relation(self._parent[having], having, len(counts))

    def draw(
        self, generator: np.random.Generator, types: NDArray[np.int64], wanted: int
    ) -> NDArray[np.int64]:
        """Draw at most so many siblings of some types, none of them among these."""
        parents = np.unique(self._parent[types])
        _, found = self._children.of(parents[parents >= 0])
        others = np.setdiff1d(found, types)
        return generator.permutation(others)[:wanted]
