"""Measure how answers move with the detection threshold, and draw docs/figures/detection.png.

python scripts/detection_figure.py \
    --benchmark few-nerd few-nerd/dev.txt few-nerd.index few-nerd-gold.json \
    --benchmark multiconer2 en-train.conll multiconer2.index multiconer2-gold.json \
    --out detection.json

An index is what `ner-retriever index` made of the benchmark's texts, a JSON file what `evaluate
--spans gold` measured of the same preset.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from ner_retriever import Retriever
from ner_retriever.evaluation.benchmarks import load
from ner_retriever.evaluation.systems.ner_retriever import ExistingIndex
from ner_retriever.evaluation.thresholds import measure_thresholds, plot_thresholds

TARGET = Path(__file__).parent.parent / "docs" / "figures" / "detection.png"
THRESHOLDS = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--benchmark",
        action="append",
        nargs=4,
        required=True,
        metavar=("NAME", "PATH", "INDEX", "GOLD"),
    )
    parser.add_argument("--out", type=Path, help="write what was measured here, JSON")
    options = parser.parse_args()
    results = [measure(*given) for given in options.benchmark]
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")
    plot_thresholds(results, TARGET)


def measure(name: str, path: str, index: str, gold: str) -> dict[str, Any]:
    benchmark = load(name, Path(path))
    system = ExistingIndex(Retriever.open(index), name=index)
    system.index(benchmark.documents())
    return {
        "benchmark": benchmark.name,
        "texts": len(benchmark.texts),
        "detector": system.retriever.manifest.fingerprints["detector"],
        "gold": json.loads(Path(gold).read_bytes())["systems"]["ner-retriever"]["r_precision"],
        "records": measure_thresholds(benchmark, system, THRESHOLDS),
    }


if __name__ == "__main__":
    main()
