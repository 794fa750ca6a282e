"""What a change costs the search after it, and how quick a scan is, by the number of mentions.

    python benchmarks/segments.py --sizes 1000000 10000000 --out work/bench/segments.json

Vectors are made up: 256 numbers, five mentions a document.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from measuring import seconds, summary, write_record
from ner_retriever.documents import Span
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store
from ner_retriever.index.view import View
from ner_retriever.search.ranking import search

_DIMENSIONS = 256
_MENTIONS = 5
_REPEATS = 5
_AT_ONCE = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write_record("segments", [measure(size) for size in options.sizes], options.out)


def measure(size: int) -> dict[str, Any]:
    """Make an index of so many mentions, change it and ask it, and remove it."""
    generator = np.random.default_rng(size)
    with TemporaryDirectory(prefix="ner-retriever-bench-") as name:
        path = Path(name)
        store = filled(path, size // _MENTIONS, generator)
        query = generator.standard_normal(_DIMENSIONS)
        view = View(path)

        def ask() -> None:
            search(view.scan(store), store, query, query="q", limit=100, min_score=None, fold=True)

        building = seconds(ask)
        again = [seconds(ask) for _ in range(_REPEATS)]
        adding, after_adding, deleting, after_deleting = [], [], [], []
        for turn in range(_REPEATS):
            one = record(f"new {turn}", generator)
            adding.append(seconds(lambda one=one: store.write([one], replace=False)))
            after_adding.append(seconds(ask))
            gone = [f"{turn * 7}"]
            deleting.append(seconds(lambda gone=gone: store.delete(gone)))
            after_deleting.append(seconds(ask))
        return {
            "mentions": size,
            "first search": building,
            "search": summary(again),
            "adding one": summary(adding),
            "search after adding": summary(after_adding),
            "deleting one": summary(deleting),
            "search after deleting": summary(after_deleting),
            "bytes a mention": sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) / size,
        }


def filled(path: Path, documents: int, generator: np.random.Generator) -> Store:
    """A store of so many documents, in fragments as merging leaves them."""
    store = Store.create(path, _DIMENSIONS, sync=False)
    store.purge()
    for first in range(0, documents, _AT_ONCE):
        some = range(first, min(first + _AT_ONCE, documents))
        store.write([record(str(number), generator) for number in some], replace=False)
    store.purge()
    return Store.open(path)


def record(name: str, generator: np.random.Generator) -> Record:
    vectors = generator.standard_normal((_MENTIONS, _DIMENSIONS), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    text = f"document {name} of some words"
    return Record(
        id=name,
        text=text,
        digest=digest_of(text, None),
        run=1,
        spans=tuple(Span(place, place + 2) for place in range(_MENTIONS)),
        vectors=vectors.astype(np.float16),
        sentences=np.zeros(_MENTIONS, np.int32),
        contexts=np.empty((1, 0), np.float16),
    )


if __name__ == "__main__":
    main()
