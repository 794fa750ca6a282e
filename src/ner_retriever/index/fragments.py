"""The fragments that a Lance table consists of: merged when there are many, rewritten to purge."""

from datetime import timedelta
from hashlib import blake2b

import lance

BATCH_ROWS = 64
# Full fragments are left alone, and this many small ones make a full one when a commit holds 256
# documents; so indexing a large corpus writes every row twice, not ever more often.
_FRAGMENT_ROWS = 65_536
_SMALL_FRAGMENTS = 256
_HISTORY = timedelta(days=7)
_NAME_BYTES = 16


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
    table.optimize.compact_files(target_rows_per_fragment=_FRAGMENT_ROWS, batch_size=BATCH_ROWS)
    table.cleanup_old_versions(_HISTORY)


def remove_history(table: lance.LanceDataset) -> None:
    """Write anew what holds deleted rows, and forget every earlier version.

    Rows may change their order.
    """
    table.optimize.compact_files(
        target_rows_per_fragment=_FRAGMENT_ROWS,
        batch_size=BATCH_ROWS,
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
    digest = blake2b(repr(table.schema).encode(), digest_size=_NAME_BYTES)
    for fragment in table.get_fragments():
        digest.update(repr(fragment.metadata.to_json()).encode())
    return digest.hexdigest()
