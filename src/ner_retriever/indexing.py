"""From documents to the store: skip what is known, read the rest, write, batch by batch.

Each batch is one commit, so stopping half way loses at most the batch in flight, and memory is
bounded by a batch, not by the corpus.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ner_retriever.documents import Document
from ner_retriever.errors import DocumentError
from ner_retriever.index.details import Details
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.signatures import signature_of
from ner_retriever.index.store import Store
from ner_retriever.reading.reader import Reader
from ner_retriever.text.formats.columns import Columns, content_id

_BATCH_DOCUMENTS = 256
_BATCH_CHARACTERS = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What has become of the documents handed in so far.

    Attributes:
        new: documents that the index didn't have.
        replaced: documents whose text or spans had changed.
        updated: documents whose fields, pages or file alone had changed.
        unchanged: documents that the index had as they are.
        mentions: mentions of new and replaced documents.
    """

    new: int = 0
    replaced: int = 0
    updated: int = 0
    unchanged: int = 0
    mentions: int = 0

    @property
    def documents(self) -> int:
        """Documents handed in."""
        return self.new + self.replaced + self.updated + self.unchanged


ErrorHandler = Callable[[DocumentError], None]
ProgressHandler = Callable[[Added], None]


def as_documents(items: Iterable[str | Mapping[str, Any] | Document]) -> Iterator[Document]:
    """Turn texts and mappings into documents; what has no id is named after its content.

    Raises:
        DocumentError: an item cannot be a document.
    """
    for number, item in enumerate(items):
        if isinstance(item, Document):
            yield item
        elif isinstance(item, str):
            yield Document(content_id(item), item)
        elif isinstance(item, Mapping):
            text = item.get("text")
            columns = Columns(spans="spans" if "spans" in item else None)
            document, _ = columns.read(
                item,
                default_id=content_id(text) if isinstance(text, str) else f"item-{number}",
                origin=f"item {number}",
            )
            yield document
        else:
            raise DocumentError(
                f"item {number}: a document is a str, a mapping or a Document, "
                f"not {type(item).__name__}"
            )


def add_documents(
    documents: Iterable[Document],
    *,
    store: Store,
    reader: Reader,
    on_error: ErrorHandler | None = None,
    progress: ProgressHandler | None = None,
) -> Added:
    """Bring documents into a store.

    Args:
        reader: finds and embeds mentions.
        on_error: takes the error of a document that cannot be used, which is then left out;
            without it the error is raised, and what was written before stays.
        progress: called after each batch.

    Raises:
        DocumentError: two documents of the run share an id, or the detector cannot use one.
        StoreError: the store cannot be written.
    """
    run = time.time_ns()
    added = Added()
    for batch in _batches(documents):
        added = _add_batch(batch, added, run, store, reader, on_error)
        if progress:
            progress(added)
    return added


def _add_batch(
    batch: list[Document],
    added: Added,
    run: int,
    store: Store,
    reader: Reader,
    on_error: ErrorHandler | None,
) -> Added:
    known = store.lookup([document.id for document in batch])
    fresh: dict[str, tuple[Document, bytes]] = {}
    updated: dict[str, Details] = {}
    unchanged = 0
    for document in batch:
        digest = digest_of(document.text, document.spans)
        before = known.get(document.id)
        if document.id in fresh or document.id in updated or (before and before.run == run):
            _report(_duplicate(document), on_error)
        elif before is None or before.digest != digest:
            fresh[document.id] = (document, digest)
        elif before.details != (details := Details.of(document)):
            updated[document.id] = details
        else:
            unchanged += 1
    replaced = sum(identifier in known for identifier in fresh)
    written = _write(fresh, run, store, reader, replace=replaced > 0)
    store.update(updated)
    return Added(
        new=added.new + len(fresh) - replaced,
        replaced=added.replaced + replaced,
        updated=added.updated + len(updated),
        unchanged=added.unchanged + unchanged,
        mentions=added.mentions + written,
    )


def _write(
    fresh: Mapping[str, tuple[Document, bytes]],
    run: int,
    store: Store,
    reader: Reader,
    *,
    replace: bool,
) -> int:
    if not fresh:
        return 0
    # Equal texts are read once.
    distinct = {digest: document for document, digest in fresh.values()}
    read = dict(zip(distinct, reader.read(list(distinct.values())), strict=True))
    records = [
        Record(
            id=document.id,
            text=document.text,
            digest=digest,
            run=run,
            spans=read[digest].spans,
            vectors=read[digest].vectors.astype(np.float16),
            sentences=read[digest].sentences,
            contexts=read[digest].contexts.astype(np.float16),
            details=Details.of(document),
            signature=signature_of(document.text),
        )
        for document, digest in fresh.values()
    ]
    store.write(records, replace=replace)
    store.compact()
    return sum(len(record.spans) for record in records)


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    characters = 0
    for document in documents:
        batch.append(document)
        characters += len(document.text)
        if len(batch) == _BATCH_DOCUMENTS or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _duplicate(document: Document) -> DocumentError:
    where = f"{document.origin}: " if document.origin else ""
    return DocumentError(
        f"{where}another document of this run has the id {document.id!r}; make ids unique, "
        "name another --id-field, or leave it out with --on-error skip"
    )


def _report(error: DocumentError, on_error: ErrorHandler | None) -> None:
    if on_error is None:
        raise error
    on_error(error)
