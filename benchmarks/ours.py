"""This package, measured beside `reference.py`: the same texts, spans, backbone, adapter and head.

python benchmarks/ours.py TEXTS.jsonl --preset smollm2 --vectors OUT.npy --out OUT.json
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from children import Measured, parts_of, read_given
from measuring import peak_bytes
from ner_retriever.config import PRESETS
from ner_retriever.detect import load_detector
from ner_retriever.documents import Document, Span
from ner_retriever.index.store import Store
from ner_retriever.indexing import add_documents
from ner_retriever.reading.reader import TwoPasses
from ner_retriever.retriever import Retriever


class MadeUp:
    """Stands for an encoder: unit vectors that nothing was read for."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._generator = np.random.default_rng(0)

    def mentions(self, _texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[np.ndarray]:
        """Return a random vector for each mention."""
        rows = self.queries([span for its_spans in spans for span in its_spans])
        return np.split(rows, np.cumsum([len(its_spans) for its_spans in spans])[:-1])

    def queries(self, types: Sequence[object]) -> np.ndarray:
        """Return a random vector for each type."""
        rows = self._generator.standard_normal((len(types), self._dimensions), dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def more_documents(number: int, given: Sequence[Document]) -> Iterator[Document]:
    """Yield so many documents like the given ones, with their spans, ids and texts distinct."""
    for index, document in enumerate(islice(cycle(given), number)):
        yield replace(document, id=f"more-{index}", text=f"{document.text} Number {index}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--preset", choices=PRESETS, required=True)
    parser.add_argument("--engine", choices=("auto", "torch", "onnx"), default="auto")
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--more-texts", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    documents = read_given(options.texts)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        retriever = Retriever.create(
            path, preset=options.preset, detector="spans", engine=options.engine
        )
        measured = _index(retriever, documents)
        np.save(options.vectors, _vectors(path))
        measured.engine = retriever.encoder.extractor.backbone.engine.name
        if options.more_texts:
            made_up = MadeUp(retriever.manifest.dimensions)
            add_documents(
                more_documents(options.more_texts, documents),
                store=Store.open(path),
                reader=TwoPasses(load_detector("spans"), lambda: made_up),
            )
        retriever.search("museum", limit=100)
        measured.peak_bytes_with_more = peak_bytes()
        info = retriever.info()
        measured.disk_bytes, measured.disk_mentions = info.bytes, info.mentions
    measured.write(options.out)


def _index(retriever: Retriever, documents: list[Document]) -> Measured:
    measured = Measured()
    # The models are loaded, and warm, before the first part.
    retriever.encoder.mentions([documents[0].text], [documents[0].spans or ()])
    for part in parts_of(documents):
        start = time.perf_counter()
        retriever.add(part)
        measured.part(part, time.perf_counter() - start)
    measured.peak_bytes = peak_bytes()
    return measured


def _vectors(path: Path) -> np.ndarray:
    """Return the stored vectors, (mentions, dimensions) float32, in the order of the texts."""
    store = Store.open(path)
    parts = [
        np.asarray(batch.column("vectors").flatten().flatten(), dtype=np.float32)
        for batch in store.batches(["vectors"])
    ]
    return np.concatenate(parts).reshape(-1, store.dimensions)


if __name__ == "__main__":
    main()
