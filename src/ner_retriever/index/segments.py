"""One segment of the search view: what a scan needs of a fragment of the store, but its vectors.

``<index>/scan/NAME.arrow`` is made once from the data file ``NAME.lance`` and never changes. It is
mapped into memory, and so are the vectors, in the data file itself. A row is a document; those that
were deleted since are left out when it is read.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ner_retriever.errors import StoreError
from ner_retriever.index.dot_products import Vectors
from ner_retriever.index.fragments import Fragment
from ner_retriever.index.mentions import DOCUMENT
from ner_retriever.index.parts import MENTION, Part
from ner_retriever.index.scan import document_key
from ner_retriever.index.store import Store
from ner_retriever.index.vector_layout import VectorLayout

_SCHEMA = pa.schema(
    [
        ("place", pa.int64()),
        ("key", pa.uint64()),
        ("run", pa.int64()),
        ("digest", pa.binary()),
        ("signature", pa.binary()),
        ("mentions", pa.list_(pa.binary(MENTION.itemsize))),
        ("scales", pa.list_(pa.float32())),
        ("vectors", pa.int64()),
        ("context_scales", pa.list_(pa.float32())),
        ("contexts", pa.int64()),
    ]
)


def write_segment(file: Path, fragment: Fragment, store: Store) -> None:
    """Make the segment of a fragment, with memory that does not grow with the fragment.

    Raises:
        OSError: the folder cannot be written.
        StoreError: the store is damaged.
    """
    columns = ["id", "text", "digest", "run", "signature", "mentions", "vectors"]
    if store.contexts:
        columns += ["context_scales", "contexts"]
    sentences = 0
    with pa.OSFile(str(file), "wb") as stream, pa.ipc.new_file(stream, _SCHEMA) as writer:
        for places, batch in fragment.batches(columns):
            counts = pc.list_value_length(batch.column("mentions")).to_numpy()
            mentions, of_documents = _mentions(batch, counts)
            mentions["sentence"] += sentences
            sentences += int(of_documents.sum())
            offsets = pa.array(np.cumsum([0, *counts]), pa.int32())
            records = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(MENTION.itemsize), len(mentions), [None, pa.py_buffer(mentions.tobytes())]
            )
            own_scales = batch.column("mentions").flatten().field("scale")
            around = np.cumsum([0, *of_documents])
            scales = np.zeros(around[-1], np.float32)
            positions = np.zeros(len(counts), np.int64)
            if store.contexts:
                own = batch.column("context_scales")
                if (pc.list_value_length(own).to_numpy() != of_documents).any():
                    raise damaged("a document has not as many contexts as it should")
                scales = own.flatten().to_numpy()
                positions = _positions(batch, "contexts", store.contexts, of_documents)
            arrays = [
                pa.array(places),
                pa.array([document_key(name) for name in batch.column("id").to_pylist()], "u8"),
                batch.column("run"),
                batch.column("digest").cast(pa.binary()),
                batch.column("signature"),
                pa.ListArray.from_arrays(offsets, records),
                pa.ListArray.from_arrays(offsets, own_scales),
                pa.array(_positions(batch, "vectors", store.vectors, counts)),
                pa.ListArray.from_arrays(pa.array(around, pa.int32()), pa.array(scales)),
                pa.array(positions),
            ]
            writer.write_batch(pa.record_batch(arrays, schema=_SCHEMA))


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A fragment's documents, mapped into memory.

    Attributes:
        places: of the documents in the data file, int64 of shape (documents,).
        documents: records of ``DOCUMENT``, of shape (documents,).
        signed: a table of ``digest`` and ``signature``.
        parts: the mentions with their vectors.
    """

    places: NDArray[np.int64]
    documents: NDArray[np.void]
    signed: pa.Table
    parts: tuple[Part, ...]

    @classmethod
    def read(
        cls, file: Path, data: Path, vectors: VectorLayout, contexts: VectorLayout | None
    ) -> Self:
        """Map a segment and the vectors of its mentions.

        Args:
            file: the segment.
            data: the data file that it was made from.

        Raises:
            OSError, pa.ArrowInvalid: a file cannot be read.
            ValueError: one is cut off.
        """
        content = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
        if content.schema != _SCHEMA:
            raise ValueError(f"{file} is of an earlier version")
        documents = np.empty(len(content), DOCUMENT)
        for name in DOCUMENT.names or ():
            documents[name] = content.column(name).to_numpy()
        raw = map_file(data)
        parts: list[Part] = []
        sentences = 0
        for batch in content.combine_chunks().to_batches():
            parts += _parts(batch, raw, vectors, contexts, sentences)
            sentences += int(pc.sum(pc.list_value_length(batch.column("context_scales"))).as_py())
        places = content.column("place").to_numpy()
        return cls(places, documents, content.select(["digest", "signature"]), tuple(parts))


def map_file(file: Path) -> NDArray[np.uint8]:
    """The bytes of a file, mapped into memory.

    Raises:
        OSError, ValueError: it cannot be read, or is empty.
    """
    # A plain array of the same memory: numpy's own class for maps takes ten times as long to slice.
    return np.asarray(np.memmap(file, np.uint8, mode="r"))


def _parts(
    batch: pa.RecordBatch,
    raw: NDArray[np.uint8],
    own: VectorLayout,
    around: VectorLayout | None,
    first_sentence: int,
) -> list[Part]:
    """Cut a batch where its vectors do not follow one another."""
    lists = batch.column("mentions")
    records = np.zeros(0, MENTION)
    if len(lists.values):
        records = np.frombuffer(lists.values.buffers()[1], MENTION, len(lists.values))
    scales = batch.column("scales").values.to_numpy()
    first = lists.offsets.to_numpy().astype(np.int64)
    sentence_first = batch.column("context_scales").offsets.to_numpy().astype(np.int64)
    positions = batch.column("vectors").to_numpy()
    cuts = _cuts(positions, np.diff(first) * own.row_bytes)
    if around is not None:
        beside = batch.column("contexts").to_numpy()
        context_scales = batch.column("context_scales").values.to_numpy()
        sizes = np.diff(sentence_first) * around.row_bytes
        cuts = np.union1d(cuts, _cuts(beside, sizes))
    parts = []
    for start, stop in zip([0, *cuts], [*cuts, batch.num_rows], strict=True):
        mentions = slice(first[start], first[stop])
        sentences = slice(sentence_first[start], sentence_first[stop])
        # Empty documents have no position.
        filled = start + int(np.argmax(first[start + 1 : stop + 1] > first[start]))
        contexts: Vectors | None = None
        count = int(sentences.stop - sentences.start)
        if around is not None:
            contexts = around.mapped(raw, int(beside[filled]), count, context_scales[sentences])
        parts.append(
            Part(
                vectors=own.mapped(
                    raw,
                    int(positions[filled]),
                    int(mentions.stop - mentions.start),
                    scales[mentions],
                ),
                mentions=records[mentions],
                document_first=first[start : stop + 1] - first[start],
                contexts=contexts,
                first_sentence=first_sentence + int(sentences.start),
                sentences=count,
            )
        )
    return parts


def _cuts(positions: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The documents whose vectors do not follow those of the one before that has any."""
    filled = np.flatnonzero(sizes)
    ends = positions[filled] + sizes[filled]
    return np.asarray(filled[1:][positions[filled[1:]] != ends[:-1]])


def _positions(
    batch: pa.RecordBatch, column: str, layout: VectorLayout, counts: NDArray[Any]
) -> NDArray[np.int64]:
    blobs = batch.column(column)
    if (blobs.field("size").to_numpy() != counts * layout.row_bytes).any():
        raise damaged(f"a document has not as many {column} as it should")
    return np.asarray(blobs.field("position").to_numpy(), np.int64)


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
    owners = np.repeat(np.arange(batch.num_rows), counts)
    lengths = pc.utf8_length(batch.column("text")).to_numpy()[owners]
    starts, ends = mentions["start"], mentions["end"]
    if not ((starts >= 0) & (starts < ends) & (ends <= lengths)).all():
        raise damaged("a document has a mention that does not lie in its text")
    if (mentions["sentence"] < 0).any():
        raise damaged("a document has a mention in a sentence that it doesn't have")
    sentences = np.zeros(batch.num_rows, np.int64)
    np.maximum.at(sentences, owners, mentions["sentence"] + 1)
    mentions["sentence"] += (np.cumsum(sentences) - sentences)[owners].astype(np.int32)
    return mentions, sentences


def damaged(what: str) -> StoreError:
    """The error of rows that make no sense."""
    return StoreError(
        f"the index's store is damaged: {what}; restore the index from a copy, or make it again "
        "with --replace"
    )
