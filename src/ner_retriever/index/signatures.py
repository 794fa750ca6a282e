"""Documents that are equal or nearly so: MinHash signatures, and groups of documents by them.

Broder's MinHash: the share of numbers that two signatures have in common estimates the Jaccard
similarity of the sets they stand for, here of runs of three words. Signatures are cut into bands,
and only documents that share a band are compared.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rensa import RMinHash

from ner_retriever.temporary import TemporaryFolder

_NUMBERS = 64
_BAND = 4
# The columns of the store that documents are grouped by.
SIGNED = ("digest", "signature")
SIGNATURE_BYTES = 2 * _NUMBERS
# Below so many words, a changed word makes another document.
_LEAST_WORDS = 40
_RUN = 3
_LEAST_SIMILARITY = 0.8
_SEED = 42
_WORD = re.compile(r"\w+")
_PAIRS_AT_ONCE = 1 << 16


def signature_of(text: str) -> bytes:
    """Return 128 bytes that are alike for texts alike; none for a text of under forty words."""
    words = _WORD.findall(text.casefold())
    if len(words) < _LEAST_WORDS:
        return b""
    runs = zip(*(words[first:] for first in range(_RUN)), strict=False)
    minhash = RMinHash(num_perm=_NUMBERS, seed=_SEED)
    minhash.update([" ".join(run) for run in runs])
    return np.array(minhash.digest(), np.uint32).astype("<u2").tobytes()


def group_documents(batches: Iterable[pa.RecordBatch], file: Path) -> NDArray[np.int64]:
    """Return for each document the row of the first that it is equal or nearly equal to.

    Args:
        batches: of the columns ``SIGNED``, in the rows' order.
        file: where signatures are kept meanwhile, so that memory holds but some numbers a document.

    Returns:
        int64 of shape (documents,); a document like no other has its own row.
    """
    digests = []
    signed = []
    row = 0
    with file.open("wb") as stream:
        for batch in batches:
            digests.append(_first_numbers(batch.column("digest")))
            signatures = batch.column("signature")
            for place in np.flatnonzero(pc.binary_length(signatures).to_numpy()).tolist():
                stream.write(signatures[place].as_py())
                signed.append(row + place)
            row += batch.num_rows
    groups = np.arange(row)
    if row:
        _join(groups, *_neighbours(np.concatenate(digests)))
    if signed:
        rows = np.array(signed)
        signatures = np.memmap(file, "<u2", mode="r", shape=(len(rows), _NUMBERS))
        for first in range(0, _NUMBERS, _BAND):
            band = np.ascontiguousarray(signatures[:, first : first + _BAND]).view("<u8")[:, 0]
            pairs = _alike(signatures, *_neighbours(band))
            _join(groups, rows[pairs[0]], rows[pairs[1]])
    return groups


class LazyGroups:
    """What :func:`group_documents` returns, found when it is first asked for.

    Args:
        signed: tables of the columns ``SIGNED``, and which of their rows count.
    """

    def __init__(self, signed: Sequence[tuple[pa.Table, NDArray[np.bool_]]]) -> None:
        self._signed = signed
        self._groups: NDArray[np.int64] | None = None

    @classmethod
    def of_none(cls, documents: int) -> "LazyGroups":
        """Groups of documents of which none is like another."""
        made = cls(())
        made._groups = np.arange(documents)
        return made

    def __call__(self) -> NDArray[np.int64]:
        """Return them, int64 of shape (documents,)."""
        if self._groups is None:
            with TemporaryFolder() as folder:
                self._groups = group_documents(self._batches(), Path(folder) / "signatures")
        return self._groups

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for table, kept in self._signed:
            rows = table if kept.all() else table.filter(pa.array(kept))
            yield from rows.to_batches()


def count_duplicates(batches: Iterable[pa.RecordBatch]) -> int:
    """Count the documents that are equal, or nearly so, to an earlier one.

    Args:
        batches: as :func:`group_documents` takes them.
    """
    with TemporaryFolder() as folder:
        groups = group_documents(batches, Path(folder) / "signatures")
    return int(np.count_nonzero(groups != np.arange(len(groups))))


def _first_numbers(digests: pa.Array) -> NDArray[np.uint64]:
    """The first eight bytes of each digest, which are as good as all of them."""
    first = pc.binary_slice(digests.cast(pa.binary()), 0, 8)
    return np.frombuffer(b"".join(first.to_pylist()), "<u8")


def _neighbours(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows with one key: each with the first that has it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    firsts = order[np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))]
    return firsts[~starts], order[~starts]


def _alike(
    signatures: NDArray[np.uint16], some: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those of some pairs whose signatures have enough in common."""
    kept = np.zeros(len(some), np.bool_)
    for first in range(0, len(some), _PAIRS_AT_ONCE):
        part = slice(first, first + _PAIRS_AT_ONCE)
        common = (signatures[some[part]] == signatures[others[part]]).mean(axis=1)
        kept[part] = common >= _LEAST_SIMILARITY
    return some[kept], others[kept]


def _join(groups: NDArray[np.int64], some: NDArray[np.int64], others: NDArray[np.int64]) -> None:
    """Give both documents of each pair, and all that are joined to them, one group: the first's."""
    while (groups[some] != groups[others]).any():
        least = np.minimum(groups[some], groups[others])
        for side in (some, others):
            # The group's own row moves with it, and so does whoever points there.
            np.minimum.at(groups, groups[side], least)
            np.minimum.at(groups, side, least)
        followed = groups[groups]
        while (followed != groups).any():
            groups[:] = followed
            followed = groups[groups]
