"""The files that a scan maps into memory: derived from the store, rebuilt when they are stale.

``<index>/scan/<state>/`` holds ``vectors.f16``, ``mentions.bin``, ``document_first.i64``,
``documents.bin`` (raw, little-endian) and ``view.json`` with their sizes. A view is written under
another name and renamed when it is whole, so a name that equals the store's state is a promise of
its content.
"""

import json
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock
from numpy.typing import NDArray

from ner_retriever.errors import StoreError
from ner_retriever.index.files import map_array
from ner_retriever.index.int8 import read_int8, write_int8
from ner_retriever.index.scan import DOCUMENT, MENTION, Scan, document_key
from ner_retriever.index.store import Store
from ner_retriever.text.windows import sentence_starts

_FOLDER_NAME = "scan"
_LOCK_NAME = "lock"
_VECTOR = np.dtype("<f2")
_POINTER = np.dtype("<i8")


def open_scan(path: Path, store: Store, *, int8: bool = False) -> Scan:
    """The scan of a store, from files in the index folder ``path`` where they are fresh.

    Otherwise they are made first, with memory that does not grow with the store; one process makes
    them while others wait. Where the index folder cannot be written, temporary files serve.

    Args:
        path: the index folder.
        store: stays at its version meanwhile.
        int8: scan the vectors as int8, of which there is then a file beside the others.

    Raises:
        StoreError: the store is damaged, or there is room neither in the index folder nor in the
            folder for temporary files.
    """
    folder = path / _FOLDER_NAME
    try:
        return _load(folder, store.state, int8=int8) or _rebuild(folder, store, int8=int8)
    except OSError:
        return _temporary(store, int8=int8)


def _rebuild(folder: Path, store: Store, *, int8: bool) -> Scan:
    folder.mkdir(exist_ok=True)
    state = store.state
    with FileLock(folder / _LOCK_NAME):
        plain = _load(folder, state)
        if plain is None:
            _clear(folder)
            _build(folder, store)
            plain = _load(folder, state)
        scan = _load(folder, state, int8=int8)
        if plain is not None and scan is None:
            write_int8(folder / state, plain.vectors)
            scan = _load(folder, state, int8=int8)
    if scan is None:
        raise OSError(f"the view just written to {folder} cannot be read")
    return scan


def _temporary(store: Store, *, int8: bool) -> Scan:
    try:
        # The maps outlive the files' names, which go at once and so are never left behind.
        with tempfile.TemporaryDirectory(
            prefix="ner-retriever-", ignore_cleanup_errors=True
        ) as name:
            return _rebuild(Path(name), store, int8=int8)
    except OSError as error:
        raise StoreError(
            f"no room for the search view: {error}; make the index folder writable, free disk "
            "space, or set TMPDIR to a folder with room"
        ) from error


def _load(folder: Path, state: str, *, int8: bool = False) -> Scan | None:
    """The view of a state, or ``None`` where there is no whole one."""
    view = folder / state
    try:
        sizes = json.loads((view / "view.json").read_text(encoding="utf-8"))
        documents, mentions = sizes["documents"], sizes["mentions"]
        return Scan(
            state=state,
            vectors=map_array(view / "vectors.f16", _VECTOR, (mentions, sizes["dimensions"])),
            mentions=map_array(view / "mentions.bin", MENTION, (mentions,)),
            document_first=map_array(view / "document_first.i64", _POINTER, (documents + 1,)),
            documents=map_array(view / "documents.bin", DOCUMENT, (documents,)),
            int8=read_int8(view, (mentions, sizes["dimensions"])) if int8 else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _build(folder: Path, store: Store) -> None:
    partial = folder / "partial"
    partial.mkdir()
    documents = mentions = 0
    with ExitStack() as files:
        vectors_file, mentions_file, first_file, documents_file = (
            files.enter_context((partial / name).open("wb"))
            for name in ("vectors.f16", "mentions.bin", "document_first.i64", "documents.bin")
        )
        first_file.write(np.zeros(1, _POINTER).tobytes())
        for batch in store.batches(["id", "text", "run", "mentions", "vectors"]):
            counts = pc.list_value_length(batch.column("mentions")).to_numpy()
            first_file.write((mentions + np.cumsum(counts, dtype=_POINTER)).tobytes())
            mentions_file.write(_mentions(batch, counts).tobytes())
            vectors = batch.column("vectors").flatten().flatten().to_numpy(zero_copy_only=False)
            vectors_file.write(vectors.astype(_VECTOR, copy=False).tobytes())
            documents_file.write(_documents(batch).tobytes())
            documents += batch.num_rows
            mentions += int(counts.sum())
        for file in (vectors_file, mentions_file, first_file, documents_file):
            file.flush()
            os.fsync(file.fileno())
    sizes = {"documents": documents, "mentions": mentions, "dimensions": store.dimensions}
    (partial / "view.json").write_text(json.dumps(sizes), encoding="utf-8")
    partial.rename(folder / store.state)


def _mentions(batch: pa.RecordBatch, counts: NDArray[np.int64]) -> NDArray[np.void]:
    structs = batch.column("mentions").flatten()
    mentions = np.empty(len(structs), MENTION)
    for name, column in zip(("start", "end", "detection_score"), structs.flatten(), strict=True):
        mentions[name] = column.to_numpy()
    last = np.cumsum(counts)
    for text, first, end in zip(batch.column("text"), last - counts, last, strict=True):
        if first < end:
            starts = sentence_starts(text.as_py())
            places = mentions["start"][first:end]
            mentions["sentence"][first:end] = np.searchsorted(starts, places, side="right") - 1
    return mentions


def _documents(batch: pa.RecordBatch) -> NDArray[np.void]:
    documents = np.empty(batch.num_rows, DOCUMENT)
    documents["key"] = [document_key(identifier) for identifier in batch.column("id").to_pylist()]
    documents["run"] = batch.column("run").to_numpy()
    return documents


def _clear(folder: Path) -> None:
    """Remove stale views and what a killed process left; a map of them elsewhere stays valid."""
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
