"""What is compared: anything that can index texts and score each of them for a query."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document


class System(Protocol):
    """A retrieval system on a fixed pool of texts.

    The runner calls `index` once and then `rank` for each type; it measures the time and the
    memory of both. The same pool and query always give the same scores.

    Attributes:
        name: how the system is called in results, unique among those compared.
    """

    name: str

    @property
    def settings(self) -> Mapping[str, str | int | float | None]:
        """What the scores depend on, for the record: model, fingerprint, constants."""
        ...

    @property
    def bytes_a_text(self) -> float:
        """Bytes kept for searching, a text of the pool; the text itself is not counted."""
        ...

    def index(self, documents: Sequence[Document]) -> None:
        """Take in the pool.

        Args:
            documents: distinct texts. Their ``spans`` are the mentions to use; ``None`` leaves
                finding them to the system. Systems without mentions ignore them.
        """
        ...

    def rank(self, query: str) -> NDArray[np.float32]:
        """Score every text for a type's readable name.

        Returns:
            (n_texts,) float32 in the order of the pool, higher is better, −inf where the text is
            not retrieved; never NaN.
        """
        ...
