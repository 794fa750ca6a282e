"""What is compared: anything that can index texts and score each of them for a query."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document, Mention, Span

Settings = Mapping[str, str | int | float | None]
Progress = Callable[[int], None]


class System(Protocol):
    """A retrieval system on a fixed pool of texts.

    The runner calls `index` once and then `rank` for each type; it measures the time and the
    memory of both. The same pool and query always give the same scores.

    Attributes:
        name: how the system is called in results, unique among those compared.
        reads_mentions: whether it uses the documents' spans.
        training_types: names of the types that it was trained on; ``None`` where it was not, or
            does not say.
    """

    name: str
    reads_mentions: bool = False
    training_types: frozenset[str] | None = None

    @property
    def settings(self) -> Settings:
        """What the scores depend on, for the record: model, fingerprint, constants."""
        ...

    @property
    def bytes_a_text(self) -> float:
        """Bytes that searching needs, a text of the pool; the text itself is not counted."""
        ...

    @property
    def disk_bytes_a_text(self) -> float | None:
        """Bytes kept on disk, a text of the pool, text and all; ``None`` if nothing is kept."""
        return None

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Take in the pool.

        Args:
            documents: distinct texts, with ``spans`` to use as mentions where the system
                `reads_mentions`.
            progress: called with the number of documents done so far.
        """
        ...

    def rank(self, query: str) -> NDArray[np.float32]:
        """Score every text for a type's readable name.

        Returns:
            (n_texts,) float32 in the order of the pool, higher is better, −inf where the text is
            not retrieved; never NaN.
        """
        ...


@runtime_checkable
class NamesMentions(Protocol):
    """A system that can say which mention brought a text its score."""

    def best_mentions(self, query: str, positions: Sequence[int]) -> list[Mention | None]:
        """The best mention of each of some texts; ``None`` where the text has none.

        Args:
            query: a type's readable name.
            positions: of texts in the pool.
        """
        ...


@runtime_checkable
class KeepsMentions(Protocol):
    """A system that keeps its texts' mentions, which it may have found itself."""

    @property
    def detector_fingerprint(self) -> str:
        """Names what found them."""
        ...

    def mentions(self) -> list[list[Span]]:
        """Those of each text of the pool."""
        ...
