"""Hard negatives: mentions that look right for an anchor and are wrong.

An anchor is what a head is asked to bring near: a type's name or a mention. As a number, type names
come first, then mentions: anchor ``n`` is type name ``n``, anchor ``len(names) + n`` mention ``n``.

Two sources name candidates, BM25 and the model's own nearest neighbours. Labels are incomplete, so
a candidate is dropped whenever it may be right after all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.text.lexical import LexicalIndex
from ner_retriever.training.activations import Activations
from ner_retriever.training.hierarchy import estimate_hierarchy
from ner_retriever.training.relation import Relation
from ner_retriever.training.typed_mentions import TypedText

_BLOCK_BYTES = 64 << 20

# Why a candidate is dropped; of several reasons the highest counts.
_KEPT, _SAME_SURFACE, _DESCENDANT, _ANCESTOR, _SAME_TYPE, _NO_TYPE = range(6)


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

    def to_record(self) -> dict[str, int]:
        """Return the counts as a mapping that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class HardNegatives:
    """What was found for some anchors.

    Attributes:
        mentions: (anchors, kept) int64, hardest first; −1 where no more were left.
        exclusions: how many candidates were dropped, and why.
    """

    mentions: NDArray[np.int64]
    exclusions: Exclusions


class Miner:
    """Finds hard negatives among mentions.

    Args:
        activations: the training data.
        texts: what the activations were extracted from.
        usable: (mentions,) bool, the mentions that may be candidates, such as a split's.
        kept: how many are wanted for an anchor.
        looked_at: how many candidates are looked at for an anchor, nearest first.
    """

    def __init__(
        self,
        activations: Activations,
        texts: Sequence[TypedText],
        *,
        usable: NDArray[np.bool_],
        kept: int = 10,
        looked_at: int = 100,
    ) -> None:
        self._activations = activations
        self._texts = texts
        self._kept = kept
        self._looked_at = looked_at
        self._usable = np.flatnonzero(usable)
        names, total = len(activations.names), len(activations.mentions)
        self._types = Relation(activations.owners, activations.types, total)
        self._hierarchy = estimate_hierarchy(
            activations.owners, activations.types, mentions=total, count=names
        )
        surfaces = [text.text[span.start : span.end] for text in texts for span in text.spans]
        folded = [surface.casefold() for surface in (*activations.names, *surfaces)]
        _, self._surface = np.unique(folded, return_inverse=True)
        self._lexical: LexicalIndex | None = None

    def by_bm25(self, anchors: NDArray[np.int64]) -> HardNegatives:
        """Find mentions in texts that share words with the anchor's.

        The query of a type is its name, of a mention the text that it stands in.

        Args:
            anchors: (n,) int64.

        Raises:
            MissingExtra: bm25s or PyStemmer is not installed.
        """
        if self._lexical is None:
            self._lexical = LexicalIndex(what="Mining by BM25", extra="training")
            self._lexical.index([text.text for text in self._texts])
        return self._sift(anchors, self._lexically(anchors, self._lexical))

    def by_neighbours(
        self,
        anchors: NDArray[np.int64],
        names: NDArray[np.float32],
        mentions: NDArray[np.float32],
    ) -> HardNegatives:
        """Find the mentions whose vectors are nearest to the anchor's, with the head as it is now.

        Memory beside the vectors is bounded, whatever the number of mentions.

        Args:
            anchors: (n,) int64.
            names: (types, dimensions) float32, rows of length 1.
            mentions: (mentions, dimensions) float32, rows of length 1.
        """
        return self._sift(anchors, self._nearest(anchors, names, mentions))

    def _lexically(
        self, anchors: NDArray[np.int64], index: LexicalIndex
    ) -> Iterator[NDArray[np.int64]]:
        texts_of = self._activations.texts[self._usable]
        mentions_in = Relation(texts_of, self._usable, len(self._texts))
        searched = np.zeros(len(self._texts), dtype=bool)
        searched[texts_of] = True
        for anchor in anchors.tolist():
            scores = index.scores(self._query(anchor))
            sharing = np.flatnonzero(searched & (scores > -np.inf))
            best = sharing[_highest(scores[sharing], self._looked_at)]
            _, mentions = mentions_in.of(best)
            yield mentions[: self._looked_at]

    def _nearest(
        self,
        anchors: NDArray[np.int64],
        names: NDArray[np.float32],
        mentions: NDArray[np.float32],
    ) -> Iterator[NDArray[np.int64]]:
        searched = mentions[self._usable]
        block = max(1, _BLOCK_BYTES // max(1, searched.shape[0] * searched.itemsize))
        for start in range(0, len(anchors), block):
            rows = anchors[start : start + block]
            is_name = rows < len(names)
            vectors = np.empty((len(rows), names.shape[1]), dtype=np.float32)
            vectors[is_name] = names[rows[is_name]]
            vectors[~is_name] = mentions[rows[~is_name] - len(names)]
            for scores in vectors @ searched.T:
                yield self._usable[_highest(scores, self._looked_at)]

    def _sift(
        self, anchors: NDArray[np.int64], candidates: Iterable[NDArray[np.int64]]
    ) -> HardNegatives:
        found = np.full((len(anchors), self._kept), -1, dtype=np.int64)
        counts = np.zeros(_NO_TYPE + 1, dtype=np.int64)
        for row, (anchor, mentions) in enumerate(zip(anchors.tolist(), candidates, strict=True)):
            reasons = self._reasons(anchor, mentions)
            counts += np.bincount(reasons, minlength=len(counts))
            left = mentions[reasons == _KEPT][: self._kept]
            found[row, : len(left)] = left
        numbers = counts.tolist()
        return HardNegatives(
            mentions=found,
            exclusions=Exclusions(
                candidates=sum(numbers),
                kept=numbers[_KEPT],
                no_type=numbers[_NO_TYPE],
                same_type=numbers[_SAME_TYPE],
                ancestor_type=numbers[_ANCESTOR],
                descendant_type=numbers[_DESCENDANT],
                same_surface=numbers[_SAME_SURFACE],
            ),
        )

    def _reasons(self, anchor: int, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        names = len(self._activations.names)
        own = np.array([anchor])
        if anchor >= names:
            _, own = self._types.of(own - names)
        verdict = np.full(names, _KEPT)
        verdict[self._hierarchy.descendants.of(own)[1]] = _DESCENDANT
        verdict[self._hierarchy.ancestors.of(own)[1]] = _ANCESTOR
        verdict[own] = _SAME_TYPE
        positions, types = self._types.of(candidates)
        reasons = np.full(len(candidates), _NO_TYPE)
        reasons[positions] = _KEPT
        np.maximum.at(reasons, positions, verdict[types])
        same = self._surface[candidates + names] == self._surface[anchor]
        reasons[same & (reasons == _KEPT)] = _SAME_SURFACE
        return reasons

    def _query(self, anchor: int) -> str:
        names = self._activations.names
        if anchor < len(names):
            return names[anchor]
        return self._texts[int(self._activations.texts[anchor - len(names)])].text


def _highest(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Positions of the highest scores, best first."""
    if count < len(scores):
        chosen = np.argpartition(scores, -count)[-count:]
    else:
        chosen = np.arange(len(scores))
    return chosen[np.argsort(-scores[chosen], kind="stable")]
