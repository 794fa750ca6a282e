"""Documents into the store: what is read once, and what is read for each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ner_retriever.documents import Document, Span
from ner_retriever.index.store import Store
from ner_retriever.index.view import open_scan
from ner_retriever.indexing import add_documents
from ner_retriever.reading.reader import Read


class Reader:
    """Finds the first letter of each text, whose vector is its place among all that were read."""

    name = fingerprint = "letters"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        return [(Span(0, 1),) for _ in documents]

    def read(self, documents: Sequence[Document]) -> list[Read]:
        found = []
        for document in documents:
            vector = np.zeros((1, 8), np.float32)
            vector[0, len(self.seen)] = 1
            self.seen.append(document.text)
            contexts = np.zeros((1, 0), np.float32)
            found.append(Read((Span(0, 1),), vector, np.zeros(1, np.int32), contexts))
        return found


def test_equal_texts_are_read_once(tmp_path: Path) -> None:
    store, reader = Store.create(tmp_path, 8), Reader()
    given = (Span(0, 1),)
    documents = [
        Document("1", "a"),
        Document("2", "b"),
        Document("3", "a"),
        # Other spans may give other vectors.
        Document("4", "a", given),
        Document("5", "b"),
    ]
    added = add_documents(documents, store=store, reader=reader)
    assert reader.seen == ["a", "b", "a"]
    assert (added.new, added.mentions) == (5, 5)
    stored = {}
    scan = open_scan(tmp_path, store)
    for row, identifier in enumerate(["1", "2", "3", "4", "5"]):
        stored[identifier] = int(np.argmax(scan.joined(scan.firsts[[row]])))
    assert stored == {"1": 0, "2": 1, "3": 0, "4": 2, "5": 1}
