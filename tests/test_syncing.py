"""A power cut is played: of what was not synced when a change was acknowledged, nothing is left."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_helpers import DOCUMENTS
from ner_retriever import Retriever
from ner_retriever.search.query import Query
from ner_retriever.search.saved import SavedQuery

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be synced there")


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> set[tuple[int, int]]:
    """The numbers of the files and folders that were forced onto the disk, as they then were."""
    fsync = os.fsync
    found: set[tuple[int, int]] = set()

    def remember(handle: int) -> None:
        status = os.fstat(handle)
        found.add((status.st_ino, status.st_mtime_ns))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", remember)
    return found


def is_synced(file: Path, synced: set[tuple[int, int]]) -> bool:
    status = file.stat()
    return (status.st_ino, status.st_mtime_ns) in synced


def survivors(index: Path, synced: set[tuple[int, int]], copy: Path) -> Path:
    """Copy what a power cut leaves: files that are synced, as are the names of their folders."""
    for file in index.rglob("*"):
        # Locks come and go in the other folders, after their names were synced.
        store = [folder for folder in file.parents if folder.is_relative_to(index / "store.lance")]
        if file.is_file() and all(is_synced(entry, synced) for entry in (file, *store)):
            target = copy / file.relative_to(index)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    return copy


def found(index: Path) -> list[str]:
    return sorted(hit.id for hit in Retriever.open(index).search("thing", limit=None))


@pytest.fixture
def retriever(tmp_path: Path, toy_preset: Path, synced: set[tuple[int, int]]) -> Retriever:
    return Retriever.create(tmp_path / "new" / "index", preset=str(toy_preset), detector="spans")


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_what_was_acknowledged_survives(
    retriever: Retriever, synced: set[tuple[int, int]], tmp_path: Path, steps: int
) -> None:
    changes: list[tuple[Callable[[], object], list[str]]] = [
        (lambda: retriever.add(DOCUMENTS[:1]), ["a"]),
        (lambda: retriever.add(DOCUMENTS), ["a", "b"]),
        (lambda: retriever.add([DOCUMENTS[0] | {"text": "Oslo, " * 9}]), ["a", "b"]),
        (lambda: retriever.delete(["b"]), ["a"]),
        (lambda: retriever.delete([], purge=True), ["a"]),
    ]
    for change, _ in changes[:steps]:
        change()
    index = retriever.path
    assert is_synced(index / "manifest.json", synced)
    left = survivors(index, synced, tmp_path / "left")
    assert found(left) == changes[steps - 1][1]
    assert (tmp_path / "new").stat().st_ino in {inode for inode, _ in synced}


def test_a_saved_query_survives(
    retriever: Retriever, synced: set[tuple[int, int]], tmp_path: Path
) -> None:
    retriever.queries.create(SavedQuery(name="museums", query=Query(describe="museum")))
    left = survivors(retriever.path, synced, tmp_path / "left")
    assert Retriever.open(left).queries.read("museums").query.describe == "museum"


def test_who_does_not_want_it_does_not_wait(
    retriever: Retriever, synced: set[tuple[int, int]]
) -> None:
    quick = Retriever.open(retriever.path, sync=False)
    quick.add(DOCUMENTS[:1])
    synced.clear()
    quick.add(DOCUMENTS)
    quick.delete(["a"])
    assert synced == set()
    assert found(quick.path) == ["b"]
