"""How long commands and queries take from a cold start, and when everything is warm.

    python benchmarks/startup.py --out work/bench/startup.json

Asked is an index of made-up documents with the default preset, whose vectors are random: what they
are makes no difference to how long it takes. Each figure is a median of processes of their own, or
of queries that were never asked before.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
from rich.console import Console

from measuring import REPEATS, seconds, summary, write_record
from ner_retriever import Retriever, Span
from ner_retriever.backbone.weights import find_weights
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import PRESETS, cache_folder
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store

_PRESET = PRESETS["minilm"]
_DOCUMENTS = 16_000
_MENTIONS_A_DOCUMENT = 7
_BATCH = 2_000
_WARM_QUERIES = 50
_TOGETHER = 12
_SECONDS_TO_START = 120
_TORCH = (
    "from ner_retriever.config import PRESETS; "
    "from ner_retriever.reading.encoder import load_encoder; "
    "load_encoder(PRESETS['minilm'], engine='torch').queries(['court that hears appeals'])"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=_DOCUMENTS)
    options = parser.parse_args()
    find_weights(_PRESET.backbone)
    console = Console(stderr=True)
    with progress_bar(console) as bar, TemporaryDirectory(prefix="ner-retriever-bench-") as name:
        stages = Stages(bar)
        folder = Path(name)
        index = folder / "index"
        make_index(index, options.documents, lambda done: stages("making", done, options.documents))
        # The models as they are, and queries that only these runs have asked.
        cache = folder / "cache"
        cache.mkdir()
        (cache / "models").symlink_to(cache_folder() / "models")
        os.environ["NER_RETRIEVER_CACHE"] = str(cache)
        rows = measure(index, lambda done, total: stages("measuring", done, total))
    write_record("startup", rows, options.out, documents=options.documents)


def measure(index: Path, progress: Callable[[int, int], None]) -> list[dict[str, Any]]:
    """Measure everything, one row each: what, and how many seconds it takes."""
    ask = ["search", str(index), "court that hears appeals", "--format", "jsonl"]
    module = ["-m", "ner_retriever"]
    steps: list[tuple[str, Callable[[], list[float]]]] = [
        ("--help", lambda: processes([*module, "--help"])),
        ("search, asked for the first time", lambda: processes([*module, *ask], cached=False)),
        ("search, asked before", lambda: processes([*module, *ask])),
        ("the query's vector with torch", lambda: processes(["-c", _TORCH])),
        ("opening an index", lambda: opening(index)),
        ("a query in Python, warm", lambda: asking(index)),
        (f"one of {_TOGETHER} queries at once in Python", lambda: asking_many(index)),
    ]
    if find_spec("fastapi"):
        steps.append(("a query over HTTP, warm", lambda: serving(index)))
        steps.append(
            (f"a query over HTTP while {_TOGETHER} ask", lambda: serving(index, clients=_TOGETHER))
        )
    rows = []
    for done, (name, step) in enumerate(steps):
        progress(done, len(steps))
        rows.append({"what": name, "seconds": summary(step())})
    progress(len(steps), len(steps))
    return rows


def processes(arguments: list[str], *, cached: bool = True) -> list[float]:
    """Time processes from start to end, after one that isn't counted."""
    environment = {**os.environ, "NER_RETRIEVER_QUERY_CACHE": "1" if cached else "0"}

    def run() -> None:
        subprocess.run(
            [sys.executable, *arguments], env=environment, check=True, capture_output=True
        )

    run()
    return [seconds(run) for _ in range(REPEATS)]


def opening(index: Path) -> list[float]:
    """Time the opening of an index in a process that has loaded the package."""
    Retriever.open(index)
    return [seconds(lambda: Retriever.open(index)) for _ in range(REPEATS)]


def asking(index: Path) -> list[float]:
    """Time queries in this process, ten documents each, with their texts."""
    os.environ["NER_RETRIEVER_QUERY_CACHE"] = "0"
    retriever = Retriever.open(index)
    retriever.warm()
    list(retriever.search("warm"))
    return [
        seconds(lambda number=number: list(retriever.search(f"thing number {number}")))
        for number in range(_WARM_QUERIES)
    ]


def asking_many(index: Path) -> list[float]:
    """Time queries that are asked at once, each its share."""
    os.environ["NER_RETRIEVER_QUERY_CACHE"] = "0"
    retriever = Retriever.open(index)
    retriever.warm()

    def ask(turn: int) -> None:
        queries = [f"thing number {turn} {number}" for number in range(_TOGETHER)]
        for results in retriever.search_many(queries):
            list(results)

    ask(-1)
    return [seconds(lambda turn=turn: ask(turn)) / _TOGETHER for turn in range(REPEATS)]


def serving(index: Path, *, clients: int = 1) -> list[float]:
    """Time queries to a server, a page of ten documents each, asked by clients without a pause."""
    with served(index) as address, ThreadPoolExecutor(clients) as threads:
        get(f"{address}/api/v1/search?q=warm&limit=10")

        def ask(number: int) -> float:
            page = f"{address}/api/v1/search?q=number+{number}&limit=10"
            return seconds(lambda: get(page))

        return list(threads.map(ask, range(clients * _WARM_QUERIES)))


@contextmanager
def served(index: Path) -> Iterator[str]:
    """Serve an index in a process of its own and give the server's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ner_retriever", "serve", str(index), "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "NER_RETRIEVER_QUERY_CACHE": "0"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            wait_for(f"{address}/api/v1/health")
            yield address
        finally:
            server.terminate()


def wait_for(address: str) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            get(address)
            return
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def get(address: str) -> bytes:
    """Read an address."""
    with urlopen(address, timeout=60) as answer:  # noqa: S310
        return bytes(answer.read())


def make_index(index: Path, count: int, progress: Callable[[int], None]) -> None:
    """Make an index of documents with random vectors, as it is after its first search."""
    retriever = Retriever.create(index, preset=_PRESET.name, detector="spans")
    store = Store.open(index)
    generator = np.random.default_rng(0)
    for first in range(0, count, _BATCH):
        numbers = range(first, min(first + _BATCH, count))
        store.write(
            [made(number, store.dimensions, generator) for number in numbers], replace=False
        )
        progress(numbers.stop)
    retriever.warm()


def made(number: int, dimensions: int, generator: np.random.Generator) -> Record:
    """Return a document of seven mentions."""
    words = [f"Thing{number:05}{letter}" for letter in "abcdefg"[:_MENTIONS_A_DOCUMENT]]
    text = ", ".join(words) + " were seen."
    vectors = generator.standard_normal((len(words), dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places = np.cumsum([0, *(len(word) + 2 for word in words[:-1])]).tolist()
    return Record(
        id=f"d{number:05}",
        text=text,
        digest=digest_of(text, None),
        run=1,
        spans=tuple(
            Span(place, place + len(word)) for place, word in zip(places, words, strict=True)
        ),
        vectors=vectors.astype(np.float16),
        sentences=np.zeros(len(words), np.int32),
        contexts=np.empty((1, 0), np.float16),
    )


if __name__ == "__main__":
    main()
