"""What bfloat16 changes in answers: R-Precision, and whether an increment answers like a rebuild.

    python benchmarks/precision_gate.py --out work/bench/precision_gate.json

The example corpus is indexed in float32 with ONNX Runtime and in bfloat16 with torch, and asked for
each of its types. Then it is indexed in bfloat16 anew, a few documents at a time in another order,
so that every text stands in another batch. Each type's ranking of all documents is compared with
that of the index that was made at once, by Kendall's tau-b.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from scipy.stats import kendalltau

from measuring import write_record
from ner_retriever import Document, Retriever
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import PRESETS
from ner_retriever.text.readers import read_documents

EXAMPLES = Path(__file__).parent.parent / "examples"
MOST_MOVED = 0.002
LEAST_TAU = 0.999
_A_TIME = 7
_ALL = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", action="append", choices=PRESETS)
    options = parser.parse_args()
    presets = options.preset or ["minilm", "mpnet", "smollm2"]
    rows = []
    with progress_bar(Console(stderr=True)) as bar:
        for done, preset in enumerate(presets):
            Stages(bar)("presets", done, len(presets))
            rows.append(compare(preset))
    limits = {"most_moved": MOST_MOVED, "least_tau": LEAST_TAU}
    write_record("precision_gate", rows, options.out, **limits)


def compare(preset: str) -> dict[str, Any]:
    """Compare the two precisions, and an increment with a rebuild, for one preset."""
    documents = list(read_documents([EXAMPLES / "corpus.jsonl"]))
    lines = (EXAMPLES / "types.jsonl").read_text(encoding="utf-8").splitlines()
    types = [json.loads(line) for line in lines]
    others = [documents[place] for place in np.random.default_rng(0).permutation(len(documents))]
    with TemporaryDirectory(prefix="ner-retriever-bench-") as name:
        folder = Path(name)
        whole = make(folder / "float32", preset, [documents], engine="onnx", precision="float32")
        half = make(folder / "bfloat16", preset, [documents], engine="torch", precision="bfloat16")
        parts = [others[first : first + _A_TIME] for first in range(0, len(others), _A_TIME)]
        grown = make(folder / "grown", preset, parts, engine="torch", precision="bfloat16")
        precision = {
            "float32": r_precision(whole, types),
            "bfloat16": r_precision(half, types),
        }
        taus = [tau(half, grown, record["type"]) for record in types]
        across = [tau(whole, half, record["type"]) for record in types]
    moved = abs(precision["bfloat16"] - precision["float32"])
    return {
        "preset": preset,
        "types": len(types),
        "r_precision": precision,
        "increment_tau": {"mean": fmean(taus), "least": min(taus)},
        "float32_tau": {"mean": fmean(across), "least": min(across)},
        "passes": moved < MOST_MOVED and fmean(taus) >= LEAST_TAU,
    }


def make(path: Path, preset: str, parts: Sequence[Sequence[Document]], **options: Any) -> Retriever:
    """Index documents, one part after the other."""
    retriever = Retriever.create(path, preset=preset, query_cache=False, **options)
    for part in parts:
        retriever.add(part)
    return retriever


def r_precision(retriever: Retriever, types: Sequence[dict[str, Any]]) -> float:
    """Return the mean share of a type's R documents that stand among the first R."""
    values = []
    for record in types:
        relevant = set(record["ids"])
        found = {hit.id for hit in retriever.search(record["type"], limit=len(relevant))}
        values.append(len(found & relevant) / len(relevant))
    return fmean(values)


def tau(one: Retriever, other: Retriever, type_: str) -> float:
    """Return Kendall's tau-b of two indexes' scores of all documents for a type."""
    scores = [
        {hit.id: hit.score for hit in retriever.search(type_, limit=_ALL)}
        for retriever in (one, other)
    ]
    both = sorted(scores[0].keys() & scores[1].keys())
    return float(kendalltau(*([its[document] for document in both] for its in scores)).statistic)


if __name__ == "__main__":
    main()
