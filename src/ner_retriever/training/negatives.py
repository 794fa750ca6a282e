"""Hard negatives: mentions that look right for an anchor and are wrong.

Two sources name candidates, BM25 and the model's own nearest neighbours; `Rules` drop those that
may be right after all. Anchors are numbered as there: type names first, then mentions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.text.lexical import LexicalIndex
from ner_retriever.training.annotations import Annotations
from ner_retriever.training.exclusion import Exclusions, Rules, Verdict
from ner_retriever.training.relation import Relation
from ner_retriever.training.typed_mentions import TypedText

_BLOCK_BYTES = 64 << 20


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
        annotations: the training data.
        texts: what was annotated.
        rules: made of the same.
        usable: (mentions,) bool, the mentions that may be candidates, such as a split's.
        kept: how many are wanted for an anchor.
        looked_at: how many candidates are looked at for an anchor, nearest first.
    """

    def __init__(
        self,
        annotations: Annotations,
        texts: Sequence[TypedText],
        rules: Rules,
        *,
        usable: NDArray[np.bool_],
        kept: int = 10,
        looked_at: int = 100,
    ) -> None:
        self._names = annotations.names
        self._texts = texts
        self._text_of = annotations.texts
        self._rules = rules
        self._usable = np.flatnonzero(usable)
        self._kept = kept
        self._looked_at = looked_at
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
        texts_of = self._text_of[self._usable]
        mentions_in = Relation(texts_of, self._usable, len(self._texts))
        searched = np.zeros(len(self._texts), dtype=bool)
        searched[texts_of] = True
        for anchor in anchors.tolist():
            scores = index.scores(self._query(anchor))
            sharing = np.flatnonzero(searched & (scores > -np.inf))
            best = sharing[_highest(scores[sharing], self._looked_at)]
            yield mentions_in.of(best)[1][: self._looked_at]

    def _query(self, anchor: int) -> str:
        if anchor < len(self._names):
            return self._names[anchor]
        return self._texts[int(self._text_of[anchor - len(self._names)])].text

    def _nearest(
        self,
        anchors: NDArray[np.int64],
        names: NDArray[np.float32],
        mentions: NDArray[np.float32],
    ) -> Iterator[NDArray[np.int64]]:
        searched = mentions[self._usable]
        block = max(1, _BLOCK_BYTES // max(1, len(searched) * searched.itemsize))
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
        """Keep the first candidates that are wrong; ``candidates`` has a list for each anchor."""
        looked_at = np.full((len(anchors), self._looked_at), -1, dtype=np.int64)
        for row, mentions in zip(looked_at, candidates, strict=True):
            row[: len(mentions)] = mentions
        present = looked_at >= 0
        verdicts = self._rules.judge(anchors, np.where(present, looked_at, 0))
        wrong = present & (verdicts == Verdict.WRONG)
        # A stable sort moves what is kept to the front, in its order.
        order = np.argsort(~wrong, axis=1, kind="stable")[:, : self._kept]
        mentions = np.take_along_axis(np.where(wrong, looked_at, -1), order, axis=1)
        return HardNegatives(mentions, Exclusions.count(verdicts[present]))


def _highest(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Positions of the highest scores, best first."""
    if count < len(scores):
        chosen = np.argpartition(scores, -count)[-count:]
    else:
        chosen = np.arange(len(scores))
    return chosen[np.argsort(-scores[chosen], kind="stable")]
