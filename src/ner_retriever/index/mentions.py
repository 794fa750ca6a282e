"""The mentions of an index as a scan has them: where they stand, and which of them count."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import LEAST_NAME_SCORE
from ner_retriever.index.dot_products import joined, plain
from ner_retriever.index.parts import MENTION, Part
from ner_retriever.index.signatures import LazyGroups

DOCUMENT = np.dtype([("key", "<u8"), ("run", "<i8")])


@dataclass(frozen=True, slots=True, eq=False)
class Mentions:
    """The mentions of one state of a store, in the store's row order.

    A mention's row counts those of deleted documents too, which stay in their part; a document's
    row does not.

    Attributes:
        state: the :attr:`~ner_retriever.index.store.Store.state` they were read from.
        parts: which hold the mentions, one after the other.
        lengths: of a mention's vector, and of its sentence's (0 without).
        places: the documents' numbers in the parts, int64 of shape (documents,).
        firsts, lasts: int64 of shape (documents,); the mentions of the document in row ``i`` are
            those from ``firsts[i]`` up to ``lasts[i]``.
        documents: records of ``key`` (uint64, a hash of the id) and ``run`` (int64,
            the indexing run that wrote it), of shape (documents,).
        groups: gives for each document the row of the first that is equal or nearly so.
        counted: which mentions count, of shape (mentions,); ``None`` where all do. Others score
            minus infinity.
    """

    state: str
    parts: tuple[Part, ...]
    lengths: tuple[int, int]
    places: NDArray[np.int64]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]
    documents: NDArray[np.void]
    groups: LazyGroups
    counted: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls,
        state: str,
        parts: tuple[Part, ...],
        lengths: tuple[int, int],
        documents: NDArray[np.void],
        *,
        groups: LazyGroups | None = None,
        kept: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Put parts together.

        Args:
            documents: of those that are kept.
            groups: none are like others where it is not given.
            kept: which of the parts' documents are not deleted; ``None`` for all.
        """
        starts = np.cumsum([0, *(len(part.mentions) for part in parts)])
        pairs = list(zip(parts, starts, strict=False))
        empty = np.zeros(0, np.int64)
        firsts = np.concatenate([empty, *(part.document_first[:-1] + at for part, at in pairs)])
        lasts = np.concatenate([empty, *(part.document_first[1:] + at for part, at in pairs)])
        places = np.arange(len(firsts))
        counted = None
        if kept is not None and not kept.all():
            counted = np.repeat(kept, lasts - firsts)
            places, firsts, lasts = places[kept], firsts[kept], lasts[kept]
        groups = groups or LazyGroups.of_none(len(documents))
        return cls(state, parts, lengths, places, firsts, lasts, documents, groups, counted)

    @staticmethod
    def no_documents() -> NDArray[np.void]:
        """Records of none."""
        return np.zeros(0, DOCUMENT)

    def detected(self, least: float) -> Self:
        """The same mentions, of which only those count that a detector was so sure of.

        Args:
            least: detection score in [0, 1].
        """
        return self._where(self.column("detection_score") >= np.float32(least))

    def names(self) -> Self:
        """The same mentions, of which only names count."""
        return self._where(self.column("name_score") >= np.float32(LEAST_NAME_SCORE))

    def of_documents(self, kept: NDArray[np.bool_]) -> Self:
        """The same mentions, of which only those of some documents count.

        Args:
            kept: of shape (documents,).
        """
        of_places = np.zeros(sum(part.documents for part in self.parts), np.bool_)
        of_places[self.places] = kept
        return self._where(np.repeat(of_places, self.sizes()))

    def _where(self, condition: NDArray[np.bool_]) -> Self:
        counted = condition if self.counted is None else self.counted & condition
        return replace(self, counted=counted)

    def sizes(self) -> NDArray[np.int64]:
        """How many mentions each of the parts' documents has."""
        sizes = [np.diff(part.document_first) for part in self.parts]
        return np.concatenate([np.zeros(0, np.int64), *sizes])

    @property
    def mention_count(self) -> int:
        """How many mentions the parts hold."""
        return sum(len(part.mentions) for part in self.parts)

    @property
    def mentions_counted(self) -> int:
        """How many mentions count."""
        return self.mention_count if self.counted is None else int(np.count_nonzero(self.counted))

    @property
    def vector_bytes(self) -> int:
        """The bytes of the vectors of mentions and sentences, with the scales of int8."""
        vectors = [part.vectors for part in self.parts]
        vectors += [part.contexts for part in self.parts if part.contexts is not None]
        return sum(one.nbytes for one in vectors)

    @property
    def owners(self) -> NDArray[np.int64]:
        """A number for the document that each mention stands in, int64 of shape (mentions,)."""
        sizes = self.sizes()
        return np.repeat(np.arange(len(sizes)), sizes)

    @property
    def sentences(self) -> NDArray[np.int64]:
        """A number for the sentence that each mention stands in, int64 of shape (mentions,)."""
        starts = np.cumsum([0, *(part.sentences for part in self.parts)])
        numbers = [
            part.mentions["sentence"].astype(np.int64) - part.first_sentence + start
            for part, start in zip(self.parts, starts, strict=False)
        ]
        return np.concatenate([np.zeros(0, np.int64), *numbers])

    @property
    def dimensions(self) -> int:
        """Length of a query's vector: of a mention's own, and of its sentence's behind it."""
        return sum(self.lengths)

    def column(self, name: str) -> NDArray[Any]:
        """One field of ``MENTION`` of all mentions, of shape (mentions,)."""
        empty = np.zeros(0, MENTION)[name]
        return np.concatenate([empty, *(part.mentions[name] for part in self.parts)])

    def mentions_of(self, document: int) -> NDArray[np.void]:
        """The mentions of the document in a row, records of ``MENTION``."""
        first, last = int(self.firsts[document]), int(self.lasts[document])
        if first == last:
            return np.zeros(0, MENTION)
        part, start = self._part_of(first)
        return part.mentions[first - start : last - start]

    def _part_of(self, mention: int) -> tuple[Part, int]:
        """The part that holds a mention, and the row of its first."""
        starts = np.cumsum([0, *(len(part.mentions) for part in self.parts)])
        number = int(np.searchsorted(starts, mention, side="right")) - 1
        return self.parts[number], int(starts[number])

    def joined(self, mentions: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Vectors of some mentions as they are stored, their sentences' behind their own.

        Args:
            mentions: their rows, of shape (n,).

        Returns:
            Of shape (n, dimensions); of length 1 but for rounding.
        """
        if not len(mentions):
            return np.zeros((0, self.dimensions), np.float32)
        part = self._gathered(mentions)
        own = plain(part.vectors)
        if part.contexts is None:
            return own
        return np.concatenate([own, plain(part.contexts[part.mentions["sentence"]])], axis=1)

    def of_mentions(
        self, mentions: NDArray[np.integer[Any]], document_first: NDArray[np.int64] | None = None
    ) -> Self:
        """A scan of some of the mentions alone.

        Args:
            mentions: their rows, of shape (n,).
            document_first: as in a part; by default they are of one document.
        """
        first = np.array([0, len(mentions)]) if document_first is None else document_first
        parts = (replace(self._gathered(mentions), document_first=first),) if len(mentions) else ()
        documents = np.zeros(len(first) - 1, DOCUMENT)
        if not parts:
            empty = np.zeros(0, MENTION)
            none = np.zeros((0, self.lengths[0]), np.float16)
            parts = (Part(none, empty, first),)
        scan = type(self).of(self.state, parts, self.lengths, documents)
        return scan if self.counted is None else scan._where(self.counted[mentions])

    def _gathered(self, mentions: NDArray[np.integer[Any]]) -> Part:
        """Some mentions as a part of one document, each sentence counted once; at least one."""
        starts = np.cumsum([0, *(len(part.mentions) for part in self.parts)])
        numbers = np.searchsorted(starts, mentions, side="right") - 1
        order = np.argsort(numbers, kind="stable")
        vectors, contexts, found, sentences = [], [], [], 0
        for number in np.unique(numbers):
            part = self.parts[number]
            rows = mentions[numbers == number] - starts[number]
            vectors.append(part.vectors[rows])
            own = part.mentions[rows]
            used, places = np.unique(own["sentence"], return_inverse=True)
            own["sentence"] = places + sentences
            sentences += len(used)
            found.append(own)
            if part.contexts is not None:
                contexts.append(part.contexts[used - part.first_sentence])
        back = np.argsort(order, kind="stable")
        return Part(
            vectors=joined(vectors)[back],
            mentions=np.concatenate(found)[back],
            document_first=np.array([0, len(mentions)]),
            contexts=joined(contexts) if contexts else None,
            sentences=sentences,
        )

    def mention_rows(
        self, documents: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of all mentions of some documents, and where each document's end in them."""
        firsts = self.firsts[documents]
        counts = self.lasts[documents] - firsts
        ends = np.cumsum(counts)
        return np.repeat(firsts - ends + counts, counts) + np.arange(counts.sum()), ends
