"""A system and a benchmark whose figures can be worked out by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ner_retriever.documents import Document, Mention, Span
from ner_retriever.evaluation.benchmarks import Benchmark, GoldMention, GoldText
from ner_retriever.evaluation.systems import Progress, Settings, System


class Fixed(System):
    """Gives every query the same scores, and keeps what it was given."""

    reads_mentions = True
    bytes_a_text = 4.0

    def __init__(
        self, name: str, values: Sequence[float], *, trained: frozenset[str] | None = None
    ) -> None:
        self.name = name
        self.training_types = trained
        self.documents: Sequence[Document] = ()
        self._values = np.array(values, dtype=np.float32)

    @property
    def settings(self) -> Settings:
        return {"constant": 1}

    def index(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        self.documents = documents
        if progress:
            progress(len(documents))

    def rank(self, query: str) -> Any:
        return self._values

    def best_mentions(self, query: str, positions: Sequence[int]) -> list[Mention | None]:
        return [None if row == 3 else Mention(0, 3, "Ann", 0.5) for row in positions]


def toy_benchmark() -> Benchmark:
    """Ann is an Actor in texts 0 and 1, a Boat in 2, and something else in 3."""
    types = [("Actor",), ("Actor",), ("Boat",), ("person-other",)]
    texts = tuple(
        GoldText(str(number), f"Ann {number}", (GoldMention(Span(0, 3), labels),))
        for number, labels in enumerate(types)
    )
    queries = {"Actor": "Actor", "Boat": "Boat", "person-other": "Other"}
    return Benchmark("jsonl", texts, queries, frozenset({"person-other"}), ("A note.",))
