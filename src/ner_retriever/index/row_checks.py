"""Whether the rows of a store make sense, whatever the checksums of its files say."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ner_retriever.errors import StoreError
from ner_retriever.index.records import LENGTH_TOLERANCE
from ner_retriever.index.store import Store


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
    for batch in store.batches(["id", "text", "run", "mentions", "vectors"]):
        ids = batch.column("id").to_pylist()
        mentions += _check_mentions(batch, ids, store.dimensions)
        before = len(seen)
        seen.update(ids)
        if len(seen) < before + len(ids):
            raise StoreError("two documents share an id")
        progress(len(seen), count)
    if len(seen) != count:
        raise StoreError(f"{len(seen):,} documents can be read, but there should be {count:,}")
    return mentions


def _check_mentions(batch: pa.RecordBatch, ids: list[str], dimensions: int) -> int:
    counts = pc.list_value_length(batch.column("mentions")).to_numpy()
    if (pc.list_value_length(batch.column("vectors")).to_numpy() != counts).any():
        raise StoreError("a document has not a vector for each mention")
    owners = np.repeat(np.arange(len(ids)), counts)
    lengths = pc.utf8_length(batch.column("text")).to_numpy()[owners]
    structs = batch.column("mentions").flatten()
    starts, ends = (structs.field(name).to_numpy() for name in ("start", "end"))
    outside = (starts < 0) | (starts >= ends) | (ends > lengths)
    if outside.any():
        name = ids[owners[np.argmax(outside)]]
        raise StoreError(f"document {name!r} has a mention that does not lie in its text")
    values = batch.column("vectors").flatten().flatten().to_numpy(zero_copy_only=False)
    norms = np.linalg.norm(values.astype(np.float32).reshape(-1, dimensions), axis=1)
    # Written so that NaN is refused too.
    unfit = ~(np.abs(norms - 1.0) <= LENGTH_TOLERANCE)
    if unfit.any():
        name = ids[owners[np.argmax(unfit)]]
        raise StoreError(f"document {name!r} has a vector that is not of unit length")
    return int(counts.sum())
