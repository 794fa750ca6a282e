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
from ner_retriever.index.field_table import FIELDS_FILE, write_field_table
from ner_retriever.index.int8 import write_int8
from ner_retriever.index.records import vectors_of
from ner_retriever.index.scan import DOCUMENT, MENTION, Scan, document_key
from ner_retriever.index.signatures import SIGNED, group_documents
from ner_retriever.index.store import Store
from ner_retriever.index.syncing import sync_folder
from ner_retriever.index.view_files import (
    CONTEXTS,
    INT8_FILES,
    PLAIN_FILES,
    POINTER,
    VECTOR,
    VECTORS,
    ViewRecord,
)


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
    groups = _groups(partial, store)
    documents = mentions = sentences = 0
    with ExitStack() as stack:
        streams = [stack.enter_context((partial / name).open("wb")) for name in PLAIN_FILES]
        written = [HashedWriter(stream) for stream in streams]
        own_file, contexts_file, mentions_file, first_file, documents_file = written
        first_file.write(np.zeros(1, POINTER).tobytes())
        for batch in store.batches(_columns(store)):
            counts = pc.list_value_length(batch.column("mentions")).to_numpy()
            first_file.write((mentions + np.cumsum(counts, dtype=POINTER)).tobytes())
            found, of_documents = _mentions(batch, counts)
            found["sentence"] += sentences
            mentions_file.write(found.tobytes())
            own = _vectors(batch, "vectors", store.dimensions, counts)
            own_file.write(own.astype(VECTOR, copy=False).tobytes())
            if store.context_dimensions:
                around = _vectors(batch, "contexts", store.context_dimensions, of_documents)
                contexts_file.write(around.astype(VECTOR, copy=False).tobytes())
            rows = slice(documents, documents + batch.num_rows)
            documents_file.write(_documents(batch, groups[rows]).tobytes())
            documents += batch.num_rows
            mentions += int(counts.sum())
            sentences += int(of_documents.sum())
        for stream in streams:
            stream.flush()
            os.fsync(stream.fileno())
    record = ViewRecord(
        state=store.state,
        documents=documents,
        mentions=mentions,
        sentences=sentences,
        dimensions=store.dimensions,
        context_dimensions=store.context_dimensions,
        files={
            name: writer.checksum(partial / name)
            for name, writer in zip(PLAIN_FILES, written, strict=True)
        },
        checked=time.time(),
    )
    record.write(partial)
    partial.rename(folder / store.state)
    sync_folder(folder)


def add_int8(view: Path, scan: Scan) -> None:
    """Put the vectors as int8 beside a view's other files; hold the lock of its parent meanwhile.

    Args:
        scan: the view's own.

    Raises:
        OSError: the folder cannot be written.
        ValueError, TypeError, KeyError: the view's record is damaged.
    """
    around = np.empty((0, 0), np.float16) if scan.contexts is None else scan.contexts.vectors
    write_int8(view, VECTORS, scan.vectors)
    write_int8(view, CONTEXTS, around)
    record = ViewRecord.read(view)
    written = {name: FileChecksum.of(view / name) for name in INT8_FILES}
    replace(record, files={**record.files, **written}).write(view)


def add_fields(view: Path, store: Store) -> None:
    """Put the documents' fields beside a view's other files; hold the lock of its parent meanwhile.

    Args:
        store: of whose state the view is.

    Raises:
        OSError: the folder cannot be written.
        ValueError, TypeError, KeyError: the view's record, or a document's fields, are damaged.
    """
    write_field_table(view / FIELDS_FILE, store)
    record = ViewRecord.read(view)
    written = {FIELDS_FILE: FileChecksum.of(view / FIELDS_FILE)}
    replace(record, files={**record.files, **written}).write(view)


def _groups(folder: Path, store: Store) -> NDArray[np.int64]:
    signatures = folder / "signatures"
    try:
        return group_documents(store.batches(SIGNED), signatures)
    finally:
        signatures.unlink(missing_ok=True)


def _columns(store: Store) -> list[str]:
    columns = ["id", "text", "run", "mentions", "vectors"]
    return [*columns, "contexts"] if store.context_dimensions else columns


def _vectors(
    batch: pa.RecordBatch, column: str, dimensions: int, counts: NDArray[np.int64]
) -> NDArray[np.float16]:
    if (pc.list_value_length(batch.column(column)).to_numpy() != counts).any():
        raise _damaged(f"a document has not as many {column} as it should")
    try:
        return vectors_of(batch, column, dimensions)
    except ValueError as error:
        raise _damaged(f"its {column} are not whole") from error


def _mentions(
    batch: pa.RecordBatch, counts: NDArray[np.int64]
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Return a batch's mentions, and how many sentences of each document have any.

    A mention's sentence is counted through the batch.
    """
    structs = batch.column("mentions").flatten()
    mentions = np.empty(len(structs), MENTION)
    for name in MENTION.names or ():
        mentions[name] = structs.field(name).to_numpy()
    last = np.cumsum(counts)
    sentences = np.zeros(batch.num_rows, np.int64)
    lengths = pc.utf8_length(batch.column("text")).to_numpy()
    for row, (first, end) in enumerate(zip(last - counts, last, strict=True)):
        if first < end:
            own = mentions[first:end]
            _check_spans(own, int(lengths[row]))
            if own["sentence"].min() < 0:
                raise _damaged("a document has a mention in a sentence that it doesn't have")
            sentences[row] = own["sentence"].max() + 1
            own["sentence"] += sentences[:row].sum()
    return mentions, sentences


def _check_spans(mentions: NDArray[Any], characters: int) -> None:
    starts, ends = mentions["start"], mentions["end"]
    if not ((starts >= 0) & (starts < ends) & (ends <= characters)).all():
        raise _damaged("a document has a mention that does not lie in its text")


def _documents(batch: pa.RecordBatch, groups: NDArray[np.int64]) -> NDArray[np.void]:
    documents = np.empty(batch.num_rows, DOCUMENT)
    documents["key"] = [document_key(identifier) for identifier in batch.column("id").to_pylist()]
    documents["run"] = batch.column("run").to_numpy()
    documents["group"] = groups
    return documents


def _damaged(what: str) -> StoreError:
    return StoreError(
        f"the index's store is damaged: {what}; restore the index from a copy, or make it again "
        "with --replace"
    )
