"""The fragments that a Lance table consists of: merged when there are many, rewritten to purge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BATCH_ROWS = 64
# Vectors are written a batch after the other, and a scan reads best what stands together.
_MERGED_ROWS = 1_024
# Full fragments are left alone, and this many small ones make a full one when a commit holds 256
# documents; so indexing a large corpus writes every row twice, not ever more often.
_FRAGMENT_ROWS = 65_536
_SMALL_FRAGMENTS = 256
_HISTORY = timedelta(days=7)
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """Rows that were written together: a data file, and which of its rows were deleted since.

    Attributes:
        file: that holds the vectors.
        deletions: changes with the deleted rows, and is empty without.
        fragment: of Lance.
    """

    file: Path
    deletions: str
    fragment: lance.LanceFragment

    @property
    def name(self) -> str:
        """The file's in the store's folder."""
        return f"data/{self.file.name}"

    @property
    def rows(self) -> int:
        """How many rows are not deleted."""
        return int(self.fragment.metadata.num_rows)

    def kept(self) -> NDArray[np.int64]:
        """Which rows of the file are not deleted."""
        rows = self.fragment.scanner(columns=[], with_row_address=True).to_table()
        return _places(rows)

    def batches(self, columns: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
        """All rows that are not deleted, with their places in the file.

        Args:
            columns: a column of vectors is given as their positions in the file.
        """
        scanner = self.fragment.scanner(
            columns=list(columns), with_row_address=True, batch_size=BATCH_ROWS, batch_readahead=1
        )
        for batch in scanner.to_batches():
            yield _places(batch), batch


def fragments_of(table: lance.LanceDataset) -> list[Fragment]:
    """The fragments of a table, in the order of its rows."""
    vectors = table.lance_schema.field("vectors").id()
    found = []
    for fragment in table.get_fragments():
        metadata = fragment.metadata
        (name,) = [file.path for file in metadata.files if vectors in file.fields]
        deleted = metadata.deletion_file
        deletions = "" if deleted is None else repr(metadata.to_json()["deletion_file"])
        found.append(Fragment(Path(table.uri) / "data" / name, deletions, fragment))
    return found


def _places(rows: pa.Table | pa.RecordBatch) -> NDArray[np.int64]:
    """The low half of a row's address is its place in its fragment."""
    addresses = rows.column("_rowaddr").to_numpy()
    return np.asarray(addresses & np.uint64(0xFFFFFFFF), np.int64)


def has_many_small_fragments(table: lance.LanceDataset) -> bool:
    """Return whether it is time to merge them."""
    fragments = table.get_fragments()
    small = sum(int(part.metadata.num_rows) < _FRAGMENT_ROWS for part in fragments)
    return small >= _SMALL_FRAGMENTS


def merge_small_fragments(table: lance.LanceDataset) -> None:
    """Merge small fragments, index the ids, and forget versions older than a week.

    Keeps the rows and their order.
    """
    # First, because Lance does not merge indexed fragments with others.
    _index_ids(table)
    table.optimize.compact_files(target_rows_per_fragment=_FRAGMENT_ROWS, batch_size=_MERGED_ROWS)
    table.cleanup_old_versions(_HISTORY)


def remove_history(table: lance.LanceDataset) -> None:
    """Write anew what holds deleted rows, and forget every earlier version.

    Rows may change their order.
    """
    table.optimize.compact_files(
        target_rows_per_fragment=_FRAGMENT_ROWS,
        batch_size=_MERGED_ROWS,
        materialize_deletions_threshold=0.0,
    )
    # Last, because the old index and the record of a delete both name what was deleted.
    _index_ids(table)
    # Files that no version knows were left by writers that died.
    table.cleanup_old_versions(timedelta(0), delete_unverified=True)


def _index_ids(table: lance.LanceDataset) -> None:
    table.create_scalar_index("id", "BTREE", replace=True)


def last_file(table: lance.LanceDataset) -> str:
    """Return the newest file's name, which is unique; nothing where there is no row.

    It tells a table apart from one made anew in its folder.
    """
    fragments = table.get_fragments()
    return str(fragments[-1].metadata.files[0].path) if fragments else ""


def name_rows(table: lance.LanceDataset) -> str:
    """Return a name for the rows and their order: equal names mean equal rows."""
    # A field's metadata come in any order.
    columns = [
        (one.name, str(one.type), sorted((one.metadata or {}).items())) for one in table.schema
    ]
    digest = blake2b(repr(columns).encode(), digest_size=_NAME_BYTES)
    for fragment in table.get_fragments():
        digest.update(repr(fragment.metadata.to_json()).encode())
    return digest.hexdigest()
