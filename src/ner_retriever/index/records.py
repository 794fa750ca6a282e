"""What goes into the store and comes out of it, and its shape as a table.

A document is one row with its mentions nested in it, so that replacing a document replaces its
mentions with it, in one commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from struct import pack

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ner_retriever.documents import Span
from ner_retriever.errors import StoreError

DIGEST_BYTES = 16
# Rounding to float16 moves the length of a unit vector by less than 0.0005.
LENGTH_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """A document as it is stored.

    Attributes:
        id: unique in the store.
        text: the text as given.
        digest: what :func:`digest_of` gives for the document as it was handed in.
        run: the indexing run that wrote it.
        spans: its mentions.
        vectors: unit vectors of the mentions, float16 of shape (mentions, dimensions).
    """

    id: str
    text: str
    digest: bytes
    run: int
    spans: tuple[Span, ...]
    vectors: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it is read back: its id and its text."""

    id: str
    text: str


def digest_of(text: str, spans: tuple[Span, ...] | None) -> bytes:
    """16 bytes that change when a document's text or the spans given with it change.

    Args:
        text: the text.
        spans: the spans given with it; ``None``, where finding them is left to the detector,
            differs from no spans.
    """
    encoded = text.encode()
    digest = blake2b(pack("<q", len(encoded)), digest_size=DIGEST_BYTES)
    digest.update(encoded)
    if spans is not None:
        digest.update(b"spans")
        for span in spans:
            digest.update(pack("<qqd", span.start, span.end, span.detection_score))
    return digest.digest()


def schema(dimensions: int) -> pa.Schema:
    """The store's columns, for vectors of length ``dimensions``."""
    mention = pa.struct(
        [
            pa.field("start", pa.int32()),
            pa.field("end", pa.int32()),
            pa.field("detection_score", pa.float32()),
        ]
    )
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("text", pa.large_string(), nullable=False),
            pa.field("digest", pa.binary(DIGEST_BYTES), nullable=False),
            pa.field("run", pa.int64(), nullable=False),
            pa.field("mentions", pa.list_(mention), nullable=False),
            pa.field("vectors", pa.list_(pa.list_(pa.float16(), dimensions)), nullable=False),
        ]
    )


def to_table(records: Sequence[Record], dimensions: int) -> pa.Table:
    """Records as a table of :func:`schema`.

    Raises:
        StoreError: two records share an id, or a record's vectors are not one float16 unit
            vector of length ``dimensions`` for each span.
    """
    seen: set[str] = set()
    for record in records:
        _check(record, dimensions, seen)
        seen.add(record.id)
    columns = schema(dimensions)
    spans = [span for record in records for span in record.spans]
    vectors = np.concatenate([record.vectors.reshape(-1) for record in records])
    offsets = pa.array(np.cumsum([0, *(len(record.spans) for record in records)]), pa.int32())
    mentions_type, vectors_type = columns.field("mentions").type, columns.field("vectors").type
    mentions = pa.StructArray.from_arrays(
        [
            pa.array([span.start for span in spans], pa.int32()),
            pa.array([span.end for span in spans], pa.int32()),
            pa.array([span.detection_score for span in spans], pa.float32()),
        ],
        fields=list(mentions_type.value_type),
    )
    return pa.table(
        [
            pa.array([record.id for record in records], pa.string()),
            pa.array([record.text for record in records], pa.large_string()),
            pa.array([record.digest for record in records], pa.binary(DIGEST_BYTES)),
            pa.array([record.run for record in records], pa.int64()),
            pa.ListArray.from_arrays(offsets, mentions, type=mentions_type),
            pa.ListArray.from_arrays(
                offsets,
                pa.FixedSizeListArray.from_arrays(
                    pa.array(vectors, pa.float16()), type=vectors_type.value_type
                ),
                type=vectors_type,
            ),
        ],
        schema=columns,
    )


def _check(record: Record, dimensions: int, seen: set[str]) -> None:
    if record.id in seen:
        raise StoreError(f"two documents of one batch have the id {record.id!r}; keep one of them")
    expected = (len(record.spans), dimensions)
    vectors = record.vectors
    if vectors.shape != expected or vectors.dtype != np.float16:
        raise StoreError(
            f"the vectors of document {record.id!r} are {vectors.dtype} of shape {vectors.shape}, "
            f"not float16 of shape {expected}; store vectors of the index's own head"
        )
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
    # Written so that NaN fails too.
    if not (np.abs(lengths - 1.0) <= LENGTH_TOLERANCE).all():
        raise StoreError(
            f"document {record.id!r} has a vector that is not of unit length; "
            "normalise vectors before storing them"
        )
