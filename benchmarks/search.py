"""How long a query takes on 10 thousand to 10 million mentions, beside a plain read of memory.

    python benchmarks/search.py --out work/bench/search.json

Vectors are random, in clusters, 256 numbers in float16, in files that are mapped into memory as an
index's are; the largest take 5 GB in a temporary folder. Each figure is a median; the read and the
queries that it is compared with take turns.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from measuring import seconds, summary, write_record
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.index.checksums import FileChecksum
from ner_retriever.index.mentions import DOCUMENT
from ner_retriever.index.parts import MENTION
from ner_retriever.index.scan import Scan
from ner_retriever.index.threads import threads_for
from ner_retriever.index.view import open_scan
from ner_retriever.index.view_files import PLAIN_FILES, ViewRecord
from ner_retriever.search.ranking import search

_SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_DIMENSIONS = 256
_MENTIONS_A_DOCUMENT = 7
_CLUSTERS = 2_000
_NOISE = 65_536
_SPREAD = 0.6
_LIMITS = {"100": 100, "10000": 10_000, "all": None}
_AT_ONCE = (1, 8, 64)
_REPEATS = 9
_FEWEST_REPEATS = 5

Progress = Callable[[str, int, int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--largest", type=int, default=_SIZES[-1], help="most mentions; larger sizes are left out"
    )
    options = parser.parse_args()
    sizes = [size for size in _SIZES if size <= options.largest]
    console = Console(stderr=True)
    with progress_bar(console) as bar:
        stages = Stages(bar)
        rows = [measure(size, stages) for size in sizes]
    write_record("search", rows, options.out, threads=threads_for(_SIZES[-1]))


def measure(size: int, progress: Progress) -> dict[str, Any]:
    """Make an index of so many mentions, ask it, and remove it."""
    with TemporaryDirectory(prefix="ner-retriever-bench-") as name:
        folder = Path(name)
        generator = np.random.default_rng(size)
        asked = make_view(folder, size, generator, progress)
        store: Any = SimpleNamespace(state="made", snapshot=lambda: store)
        forget(folder)
        opened = [seconds(lambda: open_scan(folder, store)) for _ in range(_REPEATS)]
        scan = open_scan(folder, store)

        def ask(limit: int | None, scan: Scan = scan) -> Callable[[], object]:
            return lambda: search(scan, store, asked[0], query="made", limit=limit, min_score=None)

        first = seconds(ask(100))
        small = open_scan(folder, store, int8=True)
        repeats = _REPEATS if size < _SIZES[-1] else _FEWEST_REPEATS
        read, warm = in_turns(
            lambda: read_all(scan),
            {name: ask(limit) for name, limit in _LIMITS.items()} | {"int8": ask(100, small)},
            repeats,
            lambda done: progress(f"{size:,} mentions: asking", done, repeats),
        )
        many = {
            str(count): summary(
                seconds(lambda count=count: scan.best_scores(asked[:count])) / count
                for _ in range(_FEWEST_REPEATS)
            )
            for count in _AT_ONCE
        }
        files = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".i8"]
        return {
            "mentions": size,
            "documents": len(scan.documents),
            "dimensions": _DIMENSIONS,
            "threads": threads_for(size),
            "bytes_a_mention": sum(file.stat().st_size for file in files) / size,
            "open": summary(opened),
            "first": first,
            "read": summary(read),
            "warm": {name: summary(times) for name, times in warm.items()},
            # Of two neighbours in time, so that what else the machine does weighs on both.
            "warm_over_read": {
                name: summary(ours / plain for ours, plain in zip(times, read, strict=True))
                for name, times in warm.items()
            },
            "many": many,
        }


def in_turns(
    read: Callable[[], object],
    asked: dict[str, Callable[[], object]],
    repeats: int,
    progress: Callable[[int], None],
) -> tuple[list[float], dict[str, list[float]]]:
    """Time a read and some queries in turns, after one turn that isn't counted."""
    reads: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(repeats + 1):
        took = {name: seconds(action) for name, action in asked.items()}
        plain = seconds(read)
        if turn:
            reads.append(plain)
            for name in asked:
                times[name].append(took[name])
        progress(turn)
    return reads, times


def read_all(scan: Scan) -> int:
    """Read every byte of the vectors once, with as many threads as a query is answered with."""
    words = scan.vectors.reshape(-1).view(np.uint64)
    threads = threads_for(len(scan.vectors))
    if threads < 2:
        return int(words.max())
    with ThreadPoolExecutor(threads) as pool:
        return max(int(found) for found in pool.map(np.max, np.array_split(words, threads)))


def make_view(
    folder: Path, size: int, generator: np.random.Generator, progress: Progress
) -> NDArray[np.float32]:
    """Write the files that a scan maps, and return queries, (queries, dimensions)."""
    view = folder / "scan" / "made"
    view.mkdir(parents=True)
    counts = generator.poisson(_MENTIONS_A_DOCUMENT, size // _MENTIONS_A_DOCUMENT)
    first = np.minimum(np.concatenate([[0], np.cumsum(counts)]), size)
    first[-1] = size
    documents = len(first) - 1
    first.astype("<i8").tofile(view / "document_first.i64")
    np.zeros(documents, DOCUMENT).tofile(view / "documents.bin")
    mentions = np.zeros(size, MENTION)
    mentions["detection_score"] = 1.0
    mentions.tofile(view / "mentions.bin")
    (view / "contexts.f16").touch()
    centres = units(generator.standard_normal((_CLUSTERS, _DIMENSIONS), np.float32))
    noise = units(generator.standard_normal((_NOISE, _DIMENSIONS), np.float32)) * _SPREAD
    with (view / "vectors.f16").open("wb") as file:
        for done, rows in blocks(size):
            chosen = centres[generator.integers(0, _CLUSTERS, rows)]
            vectors = units(chosen + noise[generator.integers(0, _NOISE, rows)])
            file.write(vectors.astype("<f2").tobytes())
            progress(f"{size:,} mentions: writing", done + rows, size)
    ViewRecord(
        state=view.name,
        documents=documents,
        mentions=size,
        sentences=0,
        dimensions=_DIMENSIONS,
        context_dimensions=0,
        files={name: FileChecksum.of(view / name) for name in PLAIN_FILES},
        checked=time.time(),
    ).write(view)
    return centres[: max(_AT_ONCE)]


def blocks(size: int) -> Iterator[tuple[int, int]]:
    """Yield where each block of rows begins and how many they are."""
    for first in range(0, size, _NOISE):
        yield first, min(_NOISE, size - first)


def units(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def forget(folder: Path) -> None:
    """Have the system forget the files, so that the first query reads them from the disk."""
    for file in folder.rglob("*"):
        if file.is_file() and hasattr(os, "posix_fadvise"):
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
