"""Which mentions may count as wrong for an anchor; labels are incomplete, so some that seem so not.

An anchor is what a head is asked to bring near: a type's name or a mention. As a number, type names
come first, then mentions: anchor ``n`` is type name ``n``, anchor ``len(names) + n`` mention ``n``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ner_retriever.training.annotations import Annotations
from ner_retriever.training.hierarchy import estimate_hierarchy
from ner_retriever.training.relation import Relation
from ner_retriever.training.typed_mentions import TypedText

_BLOCK = 1024


class Verdict(IntEnum):
    """What becomes of a candidate; where several reasons hold, the highest counts."""

    WRONG = 0
    SAME_SURFACE = 1
    DESCENDANT_TYPE = 2
    ANCESTOR_TYPE = 3
    SAME_TYPE = 4
    NO_TYPE = 5


@dataclass(frozen=True, slots=True)
class Exclusions:
    """How many candidates were looked at, and what became of them; each counts once.

    Attributes:
        candidates: in all.
        kept: those that may be negatives.
        no_type: of no known type.
        same_type: they share a type with the anchor.
        ancestor_type: they have an ancestor of one of the anchor's types.
        descendant_type: they have a descendant of one of the anchor's types.
        same_surface: the same words, case folded.
    """

    candidates: int
    kept: int
    no_type: int
    same_type: int
    ancestor_type: int
    descendant_type: int
    same_surface: int

    @classmethod
    def count(cls, verdicts: NDArray[np.int8]) -> "Exclusions":
        """Count verdicts."""
        numbers = np.bincount(verdicts, minlength=len(Verdict)).tolist()
        return cls(
            candidates=len(verdicts),
            kept=numbers[Verdict.WRONG],
            no_type=numbers[Verdict.NO_TYPE],
            same_type=numbers[Verdict.SAME_TYPE],
            ancestor_type=numbers[Verdict.ANCESTOR_TYPE],
            descendant_type=numbers[Verdict.DESCENDANT_TYPE],
            same_surface=numbers[Verdict.SAME_SURFACE],
        )

    def to_record(self) -> dict[str, int]:
        """Return the counts as a mapping that JSON can hold."""
        return asdict(self)


class Rules:
    """Judges candidates by the types and the surface forms that are known.

    Args:
        annotations: the training data.
        texts: what was annotated.
    """

    def __init__(self, annotations: Annotations, texts: Sequence[TypedText]) -> None:
        self._names, mentions = len(annotations.names), annotations.count
        self._types = Relation(annotations.owners, annotations.types, mentions)
        self._hierarchy = estimate_hierarchy(
            annotations.owners, annotations.types, mentions=mentions, count=self._names
        )
        surfaces = [text.text[span.start : span.end] for text in texts for span in text.spans]
        folded = [surface.casefold() for surface in (*annotations.names, *surfaces)]
        _, self._surface = np.unique(folded, return_inverse=True)

    def judge(self, anchors: NDArray[np.int64], candidates: NDArray[np.int64]) -> NDArray[np.int8]:
        """Say of each candidate whether it is wrong for its anchor, or why it may not count so.

        Args:
            anchors: (n,) int64.
            candidates: (n, k) int64, mentions.

        Returns:
            (n, k) int8, members of `Verdict`.
        """
        verdicts = np.empty(candidates.shape, dtype=np.int8)
        for start in range(0, len(anchors), _BLOCK):
            block = slice(start, start + _BLOCK)
            verdicts[block] = self._judge(anchors[block], candidates[block])
        return verdicts

    def _judge(self, anchors: NDArray[np.int64], candidates: NDArray[np.int64]) -> NDArray[np.int8]:
        known, meaning = self._related(anchors)
        cells, types = self._types.of(candidates.ravel())
        verdicts = np.full(candidates.size, Verdict.NO_TYPE, dtype=np.int8)
        verdicts[cells] = Verdict.WRONG
        asked = cells // candidates.shape[1] * self._names + types
        place = np.searchsorted(known, asked)
        found = np.append(known, -1)[place] == asked
        np.maximum.at(verdicts, cells[found], meaning[place[found]])
        surfaces = np.repeat(self._surface[anchors], candidates.shape[1])
        same = self._surface[candidates.ravel() + self._names] == surfaces
        verdicts[same & (verdicts == Verdict.WRONG)] = Verdict.SAME_SURFACE
        return verdicts.reshape(candidates.shape)

    def _related(self, anchors: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """What the types related to each anchor mean for a mention that has one.

        Returns:
            Ascending ``position * names + type``, and the verdict that goes with each.
        """
        is_name = anchors < self._names
        rows, mention_types = self._types.of(anchors[~is_name] - self._names)
        positions = np.concatenate([np.flatnonzero(is_name), np.flatnonzero(~is_name)[rows]])
        own = np.concatenate([anchors[is_name], mention_types])
        above, ancestors = self._hierarchy.ancestors.of(own)
        below, descendants = self._hierarchy.descendants.of(own)
        size = self._names
        keys = np.concatenate(
            [
                positions * size + own,
                positions[above] * size + ancestors,
                positions[below] * size + descendants,
            ]
        )
        meaning = np.repeat(
            [Verdict.SAME_TYPE, Verdict.ANCESTOR_TYPE, Verdict.DESCENDANT_TYPE],
            [len(own), len(above), len(below)],
        )
        # np.unique keeps the first of equal keys, which has the strongest reason.
        known, first = np.unique(keys, return_index=True)
        return known, meaning[first].astype(np.int8)
