"""What goes into the store and comes out of it, and its shape as a table.

A document is one row with its mentions nested in it, so that replacing a document replaces its
mentions with it, in one commit.
"""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field
from hashlib import blake2b
from struct import pack
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ner_retriever.documents import FieldValue, Span
from ner_retriever.errors import StoreError
from ner_retriever.index.details import DETAIL_COLUMNS, Details, detail_arrays
from ner_retriever.index.vector_layout import Numbers, VectorLayout

DIGEST_BYTES = 16
# Rounding to int8 moves the length of a unit vector by less than 0.01, and to float16 by less than
# 0.0005.
_LENGTH_TOLERANCE = 0.02
_MENTION_FIELDS = [
    pa.field("start", pa.int32()),
    pa.field("end", pa.int32()),
    pa.field("detection_score", pa.float32()),
    pa.field("name_score", pa.float32()),
    pa.field("sentence", pa.int32()),
    # Of the mention's vector.
    pa.field("scale", pa.float32()),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """A document as it is stored.

    Attributes:
        id: unique in the store.
        text: the text as given.
        digest: what :func:`digest_of` gives for the document as it was handed in.
        run: the indexing run that wrote it.
        spans: its mentions.
        vectors: of the mentions, float16 of shape (mentions, dimensions).
        sentences: the row of each mention's sentence in ``contexts``, int32 of shape (mentions,).
        contexts: of the sentences that hold a mention, float16 of shape (sentences, context
            dimensions); no columns without a context head. Behind a mention's vector, its
            sentence's makes one of length 1.
        details: its fields, its pages and its file.
        signature: what :func:`~ner_retriever.index.signatures.signature_of` gives for its text.
    """

    id: str
    text: str
    digest: bytes
    run: int
    spans: tuple[Span, ...]
    vectors: NDArray[np.float16]
    sentences: NDArray[np.int32]
    contexts: NDArray[np.float16]
    details: Details = field(default_factory=Details)
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a document by its id.

    Attributes:
        digest: as in ``Record``.
        run: as in ``Record``.
        details: as in ``Record``.
    """

    digest: bytes
    run: int
    details: Details


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it is read back.

    Attributes:
        id, text: as they were given.
        fields: what else is known of it.
        pages: the first character of each page.
    """

    id: str
    text: str
    fields: Mapping[str, FieldValue] = field(default_factory=dict, hash=False)
    pages: tuple[int, ...] = ()


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


def schema(dimensions: int, context_dimensions: int, numbers: Numbers = "int8") -> pa.Schema:
    """The store's columns, for vectors of mentions and sentences of some lengths.

    Args:
        context_dimensions: 0 where sentences have no vectors; they then have no column.
        numbers: what vectors are kept as.
    """
    columns = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("digest", pa.binary(DIGEST_BYTES), nullable=False),
        pa.field("run", pa.int64(), nullable=False),
        *DETAIL_COLUMNS,
        pa.field("signature", pa.binary(), nullable=False),
        pa.field("mentions", pa.list_(pa.struct(_MENTION_FIELDS)), nullable=False),
        VectorLayout(numbers, dimensions).field("vectors"),
    ]
    if context_dimensions:
        columns.append(pa.field("context_scales", pa.list_(pa.float32()), nullable=False))
        columns.append(VectorLayout(numbers, context_dimensions).field("contexts"))
    return pa.schema(columns)


def to_table(records: Sequence[Record], columns: pa.Schema) -> pa.Table:
    """Records as a table of :func:`schema`.

    Raises:
        StoreError: two records share an id, or a record's vectors are not one float16 unit
            vector for each span, its sentence's part included.
    """
    layout = VectorLayout.of(columns.field("vectors"))
    around = VectorLayout.of(columns.field("contexts")) if "contexts" in columns.names else None
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise StoreError(
                f"two documents of one batch have the id {record.id!r}; keep one of them"
            )
        _check(record, layout.dimensions, around.dimensions if around else 0)
        seen.add(record.id)
    spans = [span for record in records for span in record.spans]
    sentences = np.concatenate([record.sentences for record in records])
    vectors, scales = layout.encode([record.vectors for record in records])
    mentions = pa.StructArray.from_arrays(
        [
            pa.array([span.start for span in spans], pa.int32()),
            pa.array([span.end for span in spans], pa.int32()),
            pa.array([span.detection_score for span in spans], pa.float32()),
            pa.array([span.name_score for span in spans], pa.float32()),
            pa.array(sentences, pa.int32()),
            pa.array(scales, pa.float32()),
        ],
        fields=_MENTION_FIELDS,
    )
    arrays = [
        pa.array([record.id for record in records], pa.string()),
        pa.array([record.text for record in records], pa.large_string()),
        pa.array([record.digest for record in records], pa.binary(DIGEST_BYTES)),
        pa.array([record.run for record in records], pa.int64()),
        *detail_arrays([record.details for record in records]),
        pa.array([record.signature for record in records], pa.binary()),
        pa.ListArray.from_arrays(_offsets([record.spans for record in records]), mentions),
        pa.array(vectors, pa.large_binary()),
    ]
    if around:
        contexts = [record.contexts for record in records]
        blobs, scales = around.encode(contexts)
        arrays.append(pa.ListArray.from_arrays(_offsets(contexts), pa.array(scales, pa.float32())))
        arrays.append(pa.array(blobs, pa.large_binary()))
    return pa.table(arrays, schema=columns)


def _offsets(parts: Sequence[Sized]) -> pa.Array:
    return pa.array(np.cumsum([0, *map(len, parts)]), pa.int32())


def _check(record: Record, dimensions: int, context_dimensions: int) -> None:
    count = len(record.spans)
    _check_shape(record, "vectors", record.vectors, (count, dimensions))
    _check_shape(record, "contexts", record.contexts, (len(record.contexts), context_dimensions))
    rows = record.sentences
    fit = (rows >= 0) & (rows < len(record.contexts))
    if rows.shape != (count,) or not fit.all():
        raise StoreError(
            f"document {record.id!r} has {count} mentions in {len(record.contexts)} sentences, not "
            f"{rows.tolist()}; give the row of each mention's sentence"
        )
    if not are_units(record.vectors, record.contexts[rows]).all():
        raise StoreError(
            f"document {record.id!r} has a vector that is not of unit length; "
            "normalise vectors before storing them"
        )


def _check_shape(
    record: Record, name: str, vectors: NDArray[Any], expected: tuple[int, int]
) -> None:
    if vectors.shape != expected or vectors.dtype != np.float16:
        raise StoreError(
            f"the {name} of document {record.id!r} are {vectors.dtype} of shape {vectors.shape}, "
            f"not float16 of shape {expected}; store vectors of the index's own head"
        )


def are_units(
    vectors: NDArray[np.floating[Any]], contexts: NDArray[np.floating[Any]]
) -> NDArray[np.bool_]:
    """Whether mentions' vectors have length 1 together with their sentences'.

    Args:
        vectors: (mentions, dimensions).
        contexts: each mention's sentence's, (mentions, context dimensions).

    Returns:
        (mentions,).
    """
    squares = sum((part.astype(np.float32) ** 2).sum(axis=1) for part in (vectors, contexts))
    # NaN compares as false.
    return np.asarray(np.abs(np.sqrt(squares) - 1.0) <= _LENGTH_TOLERANCE)
