"""How fast documents are indexed, stage by stage and in all, and beside the reference pipeline.

    python benchmarks/indexing.py --out work/bench/indexing.json

Each figure is a median of five runs, or of five parts of one run where a run is long; what is
compared is measured in turns, or one right after the other, in one call of this script.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from rich.console import Console

import corpus
from children import run_child
from measuring import rates, write_record
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import PRESETS
from ner_retriever.documents import Document
from stages import Progress, Steps, detected, measure

_MANY_TEXTS = 100_000
# Texts for each preset, so that a part takes seconds.
_TEXTS = {"minilm": 640, "smollm2": 160}
_FEWEST_TEXTS = 160


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="texts, in any format that the package reads")
    parser.add_argument("--preset", action="append", choices=PRESETS)
    parser.add_argument("--texts", type=int, help="how many are indexed with each preset")
    parser.add_argument(
        "--many-texts",
        type=int,
        default=_MANY_TEXTS,
        help="texts' worth of made-up vectors, for which the reference pipeline takes 15 GB; or 0",
    )
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    console = Console(stderr=True)
    with progress_bar(console) as bar, TemporaryDirectory() as folder:
        progress = Stages(bar)
        presets = options.preset or ["minilm", "smollm2"]
        for preset in presets:
            texts = options.texts or _TEXTS.get(preset, _FEWEST_TEXTS)
            documents = corpus.documents(texts, options.data)
            row, found = measure(PRESETS[preset], documents, Path(folder), progress)
            sentences = detected(PRESETS[preset], corpus.sentences(documents)[:texts])
            # Made-up vectors are of one size for every preset: the largest model is enough.
            many = options.many_texts if preset == presets[-1] else 0
            row["comparisons"] = [
                compare(preset, "documents", found, many, Path(folder), progress),
                compare(preset, "sentences", sentences, 0, Path(folder), progress),
            ]
            rows.append(row)
    write_record("indexing", rows, options.out, threads=torch.get_num_threads())


def compare(
    preset: str,
    kind: str,
    documents: Sequence[Document],
    many: int,
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Measure the whole of indexing here and in the reference pipeline, from the same spans.

    Args:
        kind: of the texts, for the page.
        many: so many texts more are put through stores and indexes, with made-up vectors.
    """
    report = Steps(f"{preset}: {kind} beside the reference", 3, progress)
    given = folder / f"{preset}-{kind}.jsonl"
    corpus.write_documents(documents, given)
    results = {}
    runs = {
        "auto": ("ours.py", "--engine", "auto", "--more-texts", many),
        "torch": ("ours.py", "--engine", "torch"),
    }
    mentions = 0
    for name, (script, *arguments) in runs.items():
        measured = _child(script, preset, given, folder / name, *map(str, arguments))
        results[name] = measured
        mentions = sum(measured.mentions)
        report()
    more = round(many * mentions / len(documents))
    results["reference"] = _child(
        "reference.py", preset, given, folder / "reference", "--more-mentions", str(more)
    )
    report()
    cosines = _cosines(folder / "auto.npy", folder / "reference.npy")
    whole = {
        name: {
            "engine": measured.engine,
            "texts_a_second": rates(measured.texts, measured.seconds),
            "peak_bytes": measured.peak_bytes,
            "peak_bytes_with_more": measured.peak_bytes_with_more,
        }
        for name, measured in results.items()
    }
    ours = results["auto"]
    return {
        "kind": kind,
        "whole": whole,
        "more_texts": many,
        "more_mentions": more,
        "least_cosine": float(cosines.min()),
        "mentions_compared": len(cosines),
        "disk_bytes_a_mention": ours.disk_bytes / ours.disk_mentions,
    }


def _child(script: str, preset: str, given: Path, stem: Path, *arguments: str) -> Any:
    vectors, out = stem.with_suffix(".npy"), stem.with_suffix(".json")
    options = ("--preset", preset, "--vectors", vectors, *arguments)
    return run_child(script, out, given, *options)


def _cosines(one: Path, other: Path) -> np.ndarray:
    """Return the cosine of each mention's two vectors."""
    left, right = np.load(one), np.load(other)
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return np.sum(left * right, axis=1) / lengths


if __name__ == "__main__":
    main()
