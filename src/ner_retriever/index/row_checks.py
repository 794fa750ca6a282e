"""Whether the rows of a store make sense, whatever the checksums of its files say."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ner_retriever.errors import StoreError
from ner_retriever.index.dot_products import plain
from ner_retriever.index.records import are_units
from ner_retriever.index.segments import map_file
from ner_retriever.index.store import Store
from ner_retriever.index.vector_layout import VectorLayout


def check_rows(store: Store, progress: Callable[[int, int], None]) -> int:
    """Read all documents of a store and return how many mentions they have.

    Args:
        progress: called with how many documents were read and how many there are.

    Raises:
        StoreError: the store cannot be read, two documents share an id, a mention does not lie in
            its text, or a vector is missing or not of unit length.
    """
    count, mentions = store.count(), 0
    seen: set[str] = set()
    for fragment in store.fragments:
        content = map_file(fragment.file)
        for _, batch in fragment.batches(store.columns):
            ids = batch.column("id").to_pylist()
            mentions += _check_mentions(batch, ids, content, store)
            before = len(seen)
            seen.update(ids)
            if len(seen) < before + len(ids):
                raise StoreError("two documents share an id")
            progress(len(seen), count)
    if len(seen) != count:
        raise StoreError(f"{len(seen):,} documents can be read, but there should be {count:,}")
    return mentions


def _check_mentions(
    batch: pa.RecordBatch, ids: list[str], content: NDArray[np.uint8], store: Store
) -> int:
    counts = pc.list_value_length(batch.column("mentions")).to_numpy()
    owners = np.repeat(np.arange(len(ids)), counts)

    def refuse(unfit: NDArray[np.bool_], what: str) -> None:
        if unfit.any():
            raise StoreError(f"document {ids[owners[np.argmax(unfit)]]!r} has a {what}")

    structs = batch.column("mentions").flatten()
    starts, ends, rows = (structs.field(name).to_numpy() for name in ("start", "end", "sentence"))
    lengths = pc.utf8_length(batch.column("text")).to_numpy()[owners]
    refuse(
        (starts < 0) | (starts >= ends) | (ends > lengths),
        "mention that does not lie in its text",
    )
    scales = structs.field("scale").to_numpy()
    vectors = _vectors(batch.column("vectors"), content, store.vectors, scales)
    if len(vectors) != len(owners):
        raise StoreError("a document has not a vector for each mention")
    contexts = np.empty((len(vectors), 0), np.float32)
    if store.contexts:
        lists = batch.column("context_scales")
        sentences = pc.list_value_length(lists).to_numpy()
        refuse((rows < 0) | (rows >= sentences[owners]), "mention in a sentence without a vector")
        firsts = np.cumsum(sentences) - sentences
        scales = lists.flatten().to_numpy()
        around = _vectors(batch.column("contexts"), content, store.contexts, scales)
        if len(around) != len(scales):
            raise StoreError("a document has not a vector for each sentence")
        contexts = around[firsts[owners] + rows]
    else:
        refuse(rows < 0, "mention without a sentence")
    refuse(~are_units(vectors, contexts), "vector that is not of unit length")
    return int(counts.sum())


def _vectors(
    blobs: pa.StructArray,
    content: NDArray[np.uint8],
    layout: VectorLayout,
    scales: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The vectors of a batch, (n, dimensions)."""
    found = [np.zeros((0, layout.dimensions), np.float32)]
    done = 0
    for blob in blobs.to_pylist():
        count = blob["size"] // layout.row_bytes
        if count:
            try:
                own = scales[done : done + count]
                found.append(plain(layout.mapped(content, blob["position"], count, own)))
            except ValueError as error:
                raise StoreError(f"a document's {error}") from error
            done += count
    return np.concatenate(found)
