"""A benchmark's texts in an index: which row each has, and the scan of them alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ner_retriever.documents import Document
from ner_retriever.errors import InputError
from ner_retriever.index.scan import Scan
from ner_retriever.index.store import Store
from ner_retriever.index.view import open_scan
from ner_retriever.retriever import Retriever


def find_texts(retriever: Retriever, documents: Sequence[Document]) -> NDArray[np.int64]:
    """Return the row of each document's text in an index, whatever its id there.

    Raises:
        InputError: some are not there.
    """
    batches = Store.open(retriever.path).batches(["text"])
    stored = (text for batch in batches for text in batch.column("text").to_pylist())
    rows = {text: row for row, text in enumerate(stored)}
    missing = [document.id for document in documents if document.text not in rows]
    if missing:
        raise InputError(
            f"the index {retriever.path} lacks {len(missing)} of the benchmark's "
            f"{len(documents)} texts (such as {missing[0]}); index the benchmark's own texts, "
            "which ner-retriever convert writes"
        )
    return np.array([rows[document.text] for document in documents], dtype=np.int64)


def whole_scan(retriever: Retriever) -> Scan:
    """Return the scan of all documents of an index, in its row order."""
    return open_scan(retriever.path, Store.open(retriever.path))


def scan_of(retriever: Retriever, documents: Sequence[Document]) -> Scan:
    """Return the scan of some documents alone, in their order.

    Raises:
        InputError: some are not in the index.
    """
    return restrict(whole_scan(retriever), find_texts(retriever, documents))


def restrict(scan: Scan, rows: NDArray[np.int64]) -> Scan:
    """Return the scan of some documents, in the order of their rows."""
    mentions, ends = scan.mention_rows(rows)
    chosen = scan.of_mentions(mentions, np.concatenate([[0], ends]))
    return replace(chosen, documents=scan.documents[rows])
