"""From documents to the store: skip what is known, detect, encode, write, batch by batch.

Each batch is one commit, so stopping half way loses at most the batch in flight, and memory is
bounded by a batch, not by the corpus.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from ner_retriever.detect import Detector
from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store
from ner_retriever.text.windows import passages

if TYPE_CHECKING:
    from ner_retriever.encode import Encoder


_BATCH_DOCUMENTS = 256
_BATCH_CHARACTERS = 1 << 20
_PASSAGE_CHARACTERS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What has become of the documents handed in so far.

    Attributes:
        new: documents that the index didn't have.
        replaced: documents whose text or spans had changed.
        unchanged: documents that the index had as they are.
        mentions: mentions of new and replaced documents.
    """

    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    mentions: int = 0

    @property
    def documents(self) -> int:
        """Documents handed in."""
        return self.new + self.replaced + self.unchanged


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
            yield Document(_content_id(item), item)
        elif isinstance(item, Mapping):
            text = item.get("text")
            yield Document.from_mapping(
                item,
                default_id=_content_id(text) if isinstance(text, str) else f"item-{number}",
                spans_field="spans" if "spans" in item else None,
                origin=f"item {number}",
            )
        else:
            raise DocumentError(
                f"item {number}: a document is a str, a mapping or a Document, "
                f"not {type(item).__name__}"
            )


def add_documents(
    documents: Iterable[Document],
    *,
    store: Store,
    detector: Detector,
    encoder: "Callable[[], Encoder]",
    on_error: ErrorHandler | None = None,
    progress: ProgressHandler | None = None,
) -> Added:
    """Bring documents into a store.

    Args:
        encoder: gives the encoder when the first document needs it.
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
        added = _add_batch(batch, added, run, store, detector, encoder, on_error)
        if progress:
            progress(added)
    return added


def _add_batch(
    batch: list[Document],
    added: Added,
    run: int,
    store: Store,
    detector: Detector,
    encoder: "Callable[[], Encoder]",
    on_error: ErrorHandler | None,
) -> Added:
    known = store.lookup([document.id for document in batch])
    fresh: dict[str, tuple[Document, bytes]] = {}
    unchanged = 0
    for document in batch:
        digest = digest_of(document.text, document.spans)
        known_digest, known_run = known.get(document.id, (None, None))
        if document.id in fresh or known_run == run:
            _report(_duplicate(document), on_error)
        elif known_digest == digest:
            unchanged += 1
        else:
            fresh[document.id] = (document, digest)
    replaced = sum(identifier in known for identifier in fresh)
    written = _write(fresh, run, store, detector, encoder, replace=replaced > 0)
    return Added(
        new=added.new + len(fresh) - replaced,
        replaced=added.replaced + replaced,
        unchanged=added.unchanged + unchanged,
        mentions=added.mentions + written,
    )


def _write(
    fresh: Mapping[str, tuple[Document, bytes]],
    run: int,
    store: Store,
    detector: Detector,
    encoder: "Callable[[], Encoder]",
    *,
    replace: bool,
) -> int:
    if not fresh:
        return 0
    documents = [document for document, _ in fresh.values()]
    spans = detect(detector, documents)
    vectors = encoder().mentions([document.text for document in documents], spans)
    records = [
        Record(
            id=document.id,
            text=document.text,
            digest=digest,
            run=run,
            spans=its_spans,
            vectors=its_vectors.astype(np.float16),
        )
        for (document, digest), its_spans, its_vectors in zip(
            fresh.values(), spans, vectors, strict=True
        )
    ]
    store.write(records, replace=replace)
    store.compact()
    return sum(map(len, spans))


def detect(detector: Detector, documents: list[Document]) -> list[tuple[Span, ...]]:
    """Detect mentions, long documents passage by passage; offsets are the documents'."""
    pieces, owners = [], []
    for index, document in enumerate(documents):
        if document.spans is not None or len(document.text) <= _PASSAGE_CHARACTERS:
            pieces.append(document)
            owners.append((index, 0))
            continue
        for start, end in passages(document.text, _PASSAGE_CHARACTERS):
            pieces.append(replace(document, text=document.text[start:end]))
            owners.append((index, start))
    found: list[list[Span]] = [[] for _ in documents]
    for (index, shift), spans in zip(owners, detector.detect(pieces), strict=True):
        found[index] += [
            replace(span, start=span.start + shift, end=span.end + shift) for span in spans
        ]
    return [tuple(spans) for spans in found]


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


def _content_id(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()
