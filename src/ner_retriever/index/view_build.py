"""How a search view is made from the store, with memory that does not grow with it."""

import os
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ner_retriever.errors import StoreError
from ner_retriever.index.checksums import FileChecksum, HashedWriter
from ner_retriever.index.int8 import INT8_FILES, write_int8
from ner_retriever.index.scan import DOCUMENT, MENTION, document_key
from ner_retriever.index.store import Store
from ner_retriever.index.syncing import sync_folder
from ner_retriever.index.view_files import PLAIN_FILES, POINTER, VECTOR, ViewRecord
from ner_retriever.text.windows import sentence_starts


def build_view(folder: Path, store: Store) -> None:
    """Write the view of a store's state into the folder of views; hold its lock meanwhile.

    The store's files are hashed first, so that damage doesn't spread.

    Raises:
        OSError: the folder cannot be written.
        StoreError: the store is damaged.
    """
    store.check_files()
    partial = folder / "partial"
    partial.mkdir()
    documents = mentions = 0
    with ExitStack() as stack:
        streams = [stack.enter_context((partial / name).open("wb")) for name in PLAIN_FILES]
        vectors_file, mentions_file, first_file, documents_file = written = [
            HashedWriter(stream) for stream in streams
        ]
        first_file.write(np.zeros(1, POINTER).tobytes())
        for batch in store.batches(["id", "text", "run", "mentions", "vectors"]):
            counts = pc.list_value_length(batch.column("mentions")).to_numpy()
            first_file.write((mentions + np.cumsum(counts, dtype=POINTER)).tobytes())
            mentions_file.write(_mentions(batch, counts).tobytes())
            vectors = batch.column("vectors").flatten().flatten().to_numpy(zero_copy_only=False)
            if vectors.size != int(counts.sum()) * store.dimensions:
                raise _damaged("a document has not a vector for each mention")
            vectors_file.write(vectors.astype(VECTOR, copy=False).tobytes())
            documents_file.write(_documents(batch).tobytes())
            documents += batch.num_rows
            mentions += int(counts.sum())
        for stream in streams:
            stream.flush()
            os.fsync(stream.fileno())
    record = ViewRecord(
        state=store.state,
        documents=documents,
        mentions=mentions,
        dimensions=store.dimensions,
        files={
            name: writer.checksum(partial / name)
            for name, writer in zip(PLAIN_FILES, written, strict=True)
        },
        checked=time.time(),
    )
    record.write(partial)
    partial.rename(folder / store.state)
    sync_folder(folder)


def add_int8(view: Path, vectors: NDArray[np.float16]) -> None:
    """Put the vectors as int8 beside a view's other files; hold the lock of its parent meanwhile.

    Args:
        vectors: the view's own.

    Raises:
        OSError: the folder cannot be written.
        ValueError, TypeError, KeyError: the view's record is damaged.
    """
    write_int8(view, vectors)
    record = ViewRecord.read(view)
    written = {name: FileChecksum.of(view / name) for name in INT8_FILES}
    replace(record, files={**record.files, **written}).write(view)


def _mentions(batch: pa.RecordBatch, counts: NDArray[np.int64]) -> NDArray[np.void]:
    structs = batch.column("mentions").flatten()
    mentions = np.empty(len(structs), MENTION)
    for name, column in zip(("start", "end", "detection_score"), structs.flatten(), strict=True):
        mentions[name] = column.to_numpy()
    last = np.cumsum(counts)
    for text, first, end in zip(batch.column("text"), last - counts, last, strict=True):
        if first < end:
            content = text.as_py()
            _check_spans(mentions[first:end], len(content))
            starts = mentions["start"][first:end]
            sentences = np.searchsorted(sentence_starts(content), starts, side="right") - 1
            mentions["sentence"][first:end] = sentences
    return mentions


def _check_spans(mentions: NDArray[Any], characters: int) -> None:
    starts, ends = mentions["start"], mentions["end"]
    if not ((starts >= 0) & (starts < ends) & (ends <= characters)).all():
        raise _damaged("a document has a mention that does not lie in its text")


def _documents(batch: pa.RecordBatch) -> NDArray[np.void]:
    documents = np.empty(batch.num_rows, DOCUMENT)
    documents["key"] = [document_key(identifier) for identifier in batch.column("id").to_pylist()]
    documents["run"] = batch.column("run").to_numpy()
    return documents


def _damaged(what: str) -> StoreError:
    return StoreError(
        f"the index's store is damaged: {what}; restore the index from a copy, or make it again "
        "with --replace"
    )
