"""Which mention has which types, as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ner_retriever.config import fingerprint
from ner_retriever.training.typed_mentions import TypedText


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotations:
    """Mentions, numbered through all texts, and what is known of their types.

    Attributes:
        names: the type names.
        owners: (pairs,) int64 and
        types: (pairs,) int64: mention ``owners[i]`` has type ``types[i]``.
        texts: (mentions,) int64, the text that a mention stands in.
        sources: (mentions,) str, the source of that text.
        fingerprint: names the texts, their spans and types.
    """

    names: tuple[str, ...]
    owners: NDArray[np.int64]
    types: NDArray[np.int64]
    texts: NDArray[np.int64]
    sources: NDArray[np.str_]
    fingerprint: str = ""

    @property
    def count(self) -> int:
        """How many mentions there are."""
        return len(self.texts)


def annotate(texts: Sequence[TypedText]) -> Annotations:
    """Number the mentions of texts, and the types that they have."""
    names = tuple(sorted({name for text in texts for types in text.types for name in types}))
    number = {name: index for index, name in enumerate(names)}
    pairs = [
        (owner, number[name])
        for owner, types in enumerate(types for text in texts for types in text.types)
        for name in types
    ]
    owners, types = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    sizes = [len(text.spans) for text in texts]
    record = [[text.text, [[s.start, s.end] for s in text.spans], text.types] for text in texts]
    return Annotations(
        names=names,
        owners=owners,
        types=types,
        texts=np.repeat(np.arange(len(texts)), sizes),
        sources=np.repeat([text.source for text in texts], sizes),
        fingerprint=fingerprint({"texts": record}),
    )
