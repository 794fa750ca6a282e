"""What searching in int8 costs in R-Precision, on texts whose mentions have types.

    python benchmarks/int8.py --data typed-mentions.jsonl.gz --out work/bench/int8.json

Both scans are the package's own; queries are the names of all types of five texts or more.
"""

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from measuring import write_record
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import PRESETS
from ner_retriever.index.dot_products import Int8Vectors
from ner_retriever.index.mentions import DOCUMENT
from ner_retriever.index.parts import MENTION
from ner_retriever.index.scan import Scan
from ner_retriever.reading.encoder import load_encoder
from ner_retriever.training.metric import bootstrap_interval, r_precision
from ner_retriever.training.typed_mentions import read_typed_mentions, sample

_FEWEST_TEXTS = 5
_BATCH = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", choices=PRESETS, default="minilm")
    parser.add_argument("--texts", type=int, default=6_000)
    options = parser.parse_args()
    texts = sample(read_typed_mentions([options.data]), options.texts, 0)
    relevant: dict[str, set[int]] = defaultdict(set)
    for row, text in enumerate(texts):
        for type_ in {type_ for types in text.types for type_ in types}:
            relevant[type_].add(row)
    asked = sorted(type_ for type_, rows in relevant.items() if len(rows) >= _FEWEST_TEXTS)
    encoder = load_encoder(PRESETS[options.preset])
    parts = []
    with progress_bar(Console(stderr=True)) as bar:
        stages = Stages(bar)
        for first in range(0, len(texts), _BATCH):
            batch = texts[first : first + _BATCH]
            parts += encoder.mentions([text.text for text in batch], [text.spans for text in batch])
            stages("reading", first + len(batch), len(texts))
    scan = scan_of(parts)
    scale = Int8Vectors.scale_of(float(np.abs(scan.vectors).max()))
    small = replace(scan, int8=Int8Vectors(Int8Vectors.quantise(scan.vectors, scale), scale))
    queries = encoder.queries(asked)
    values = {
        name: [
            r_precision(scores, np.array(sorted(relevant[type_])))
            for scores, type_ in zip(one.best_scores(queries), asked, strict=True)
        ]
        for name, one in (("float16", scan), ("int8", small))
    }
    differences = np.subtract(values["int8"], values["float16"])
    rows = [{"scan": name, "r_precision": float(np.mean(its))} for name, its in values.items()]
    write_record(
        "int8",
        rows,
        options.out,
        preset=options.preset,
        texts=len(texts),
        mentions=len(scan.vectors),
        types=len(asked),
        difference=float(differences.mean()),
        interval=bootstrap_interval(differences.tolist(), seed=0),
    )


def scan_of(vectors: list[np.ndarray]) -> Scan:
    """Return a scan of texts' mentions."""
    every = np.concatenate(vectors)
    return Scan(
        state="made",
        vectors=every.astype(np.float16),
        mentions=np.zeros(len(every), MENTION),
        document_first=np.cumsum([0, *map(len, vectors)]),
        documents=np.zeros(len(vectors), DOCUMENT),
    )


if __name__ == "__main__":
    main()
