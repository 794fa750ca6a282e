"""What it costs that an index knows when it is damaged, and that a power cut takes nothing back.

    python benchmarks/integrity.py --out work/bench/integrity.json

Documents are made up, of seven mentions each with random vectors. Batches that are synced, that are
not, and that are not even put on record take turns; everything else is a median of some runs.
"""

import argparse
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lance
import numpy as np
from rich.console import Console

from measuring import REPEATS, seconds, summary, write_record
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.index.manifest import FINGERPRINTED, Manifest, write_manifest
from ner_retriever.index.records import Record, to_table
from ner_retriever.index.store import Store
from ner_retriever.index.verification import verify_index
from ner_retriever.index.view import open_scan
from startup import made

_MENTIONS = 1_000_000
_MENTIONS_A_DOCUMENT = 7
_DIMENSIONS = 256
_BATCH = 256
_BATCHES = 40
_LARGE_BATCH = 4_000

Progress = Callable[[int, int], None]
Rows = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mentions", type=int, default=_MENTIONS)
    options = parser.parse_args()
    console = Console(stderr=True)
    with progress_bar(console) as bar, TemporaryDirectory(prefix="ner-retriever-bench-") as name:
        stages = Stages(bar)
        folder = Path(name)
        rows = batches(folder, lambda done, total: stages("batches", done, total))
        index = folder / "index"
        make_index(index, options.mentions, lambda done, total: stages("making", done, total))
        rows += whole(index, folder, lambda done, total: stages("measuring", done, total))
    write_record("integrity", rows, options.out, mentions=options.mentions, batch=_BATCH)


def batches(folder: Path, progress: Progress) -> Rows:
    """Time commits of a batch, in three ways that take turns."""
    generator = np.random.default_rng(0)
    synced = Store.create(folder / "synced", _DIMENSIONS)
    unsynced = Store.create(folder / "unsynced", _DIMENSIONS, sync=False)
    plain = folder / "plain"
    lance.write_dataset(to_table(documents(0, 1, generator), _DIMENSIONS, 0), plain)
    ways: dict[str, Callable[[list[Record]], object]] = {
        "synced": lambda batch: synced.write(batch, replace=False),
        "not synced": lambda batch: unsynced.write(batch, replace=False),
        "without checksums": lambda batch: lance.write_dataset(
            to_table(batch, _DIMENSIONS, 0), plain, mode="append"
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(1, _BATCHES + 1):
        batch = documents(number * _BATCH, _BATCH, generator)
        for name, write in ways.items():
            start = time.perf_counter()
            write(batch)
            times[name].append(time.perf_counter() - start)
        progress(number, _BATCHES)
    what = f"a commit of {_BATCH} documents"
    return [{"what": f"{what}, {name}", "seconds": summary(took)} for name, took in times.items()]


def whole(index: Path, folder: Path, progress: Progress) -> Rows:
    """Time what an index of all mentions is built, opened, copied and verified with."""
    building = seconds(lambda: open_scan(index, Store.open(index)))
    progress(1, 4)
    opening_store = [seconds(lambda: Store.open(index)) for _ in range(REPEATS)]
    store = Store.open(index)
    opening_view = [seconds(lambda: open_scan(index, store)) for _ in range(REPEATS)]
    progress(2, 4)
    copied_store, copied_view = [], []
    for number in range(REPEATS):
        copy = folder / f"copy-{number}"
        shutil.copytree(index, copy)
        copied_store.append(seconds(partial(Store.open, copy)))
        copied_view.append(seconds(partial(open_scan, copy, store)))
        shutil.rmtree(copy)
    progress(3, 4)

    def verify() -> None:
        verify_index(index, repair=False, check_query=lambda _: None)

    verifying = [seconds(verify) for _ in range(REPEATS)]
    progress(4, 4)
    named = {
        "opening the store, unchanged": opening_store,
        "opening the search view, unchanged": opening_view,
        "opening the store, copied: every file is hashed": copied_store,
        "opening the search view, copied: every file is hashed": copied_view,
        "building the search view": [building],
        "`ner-retriever verify`": verifying,
    }
    return [{"what": name, "seconds": summary(times)} for name, times in named.items()]


def make_index(index: Path, mentions: int, progress: Progress) -> None:
    """Write an index of so many mentions."""
    generator = np.random.default_rng(1)
    store = Store.create(index, _DIMENSIONS, sync=False)
    count = mentions // _MENTIONS_A_DOCUMENT
    for first in range(0, count, _LARGE_BATCH):
        batch = documents(first, min(_LARGE_BATCH, count - first), generator)
        store.write(batch, replace=False)
        progress(first + len(batch), count)
    manifest = Manifest(
        package_version="made",
        created="",
        preset="made",
        dimensions=_DIMENSIONS,
        fingerprints=dict.fromkeys(FINGERPRINTED, ""),
        settings={},
    )
    write_manifest(index, manifest)


def documents(first: int, count: int, generator: np.random.Generator) -> list[Record]:
    """Return made-up documents with consecutive numbers."""
    return [made(number, _DIMENSIONS, generator) for number in range(first, first + count)]


if __name__ == "__main__":
    main()
