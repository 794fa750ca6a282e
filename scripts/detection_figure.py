"""Measure how answers move with the detection threshold, and draw docs/figures/detection.png.

python scripts/detection_figure.py few-nerd=few-nerd/dev.txt multiconer2=en-train.conll \
    --out detection.json

With --drawn-from detection.json nothing is measured.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from ner_retriever.config import DEFAULT_PRESET, load_preset
from ner_retriever.encode import load_encoder
from ner_retriever.evaluation.benchmarks import load
from ner_retriever.evaluation.runner import detect_spans
from ner_retriever.evaluation.systems.ner_retriever import NerRetriever
from ner_retriever.evaluation.thresholds import measure_thresholds, plot_thresholds
from ner_retriever.reading import load_reader

TARGET = Path(__file__).parent.parent / "docs" / "figures" / "detection.png"
THRESHOLDS = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("benchmarks", nargs="*", metavar="NAME=PATH")
    parser.add_argument("--preset", default=DEFAULT_PRESET)
    parser.add_argument("--detector", default="mention-head")
    parser.add_argument("--limit-texts", type=int)
    parser.add_argument("--out", type=Path, help="write what was measured here, JSON")
    parser.add_argument("--drawn-from", type=Path)
    options = parser.parse_args()
    if options.drawn_from:
        results = json.loads(options.drawn_from.read_bytes())
    else:
        results = [measure(*given.split("=", 1), options) for given in options.benchmarks]
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")
    plot_thresholds(results, TARGET)


def measure(name: str, path: str, options: argparse.Namespace) -> dict[str, Any]:
    benchmark = load(name, Path(path), limit_texts=options.limit_texts)
    preset = load_preset(options.preset)
    encoder = load_encoder(preset)
    reader = load_reader(options.detector, preset, lambda: encoder)
    detected = benchmark.documents(spans=detect_spans(reader, benchmark, lambda *_: None))
    values = {}
    for kind, documents in (
        ("gold", benchmark.documents(spans=benchmark.gold_spans())),
        ("detected", detected),
    ):
        system = NerRetriever(options.preset)
        system.index(documents)
        thresholds = THRESHOLDS if kind == "detected" else (0.0,)
        values[kind] = measure_thresholds(benchmark, system, documents, thresholds)
    return {
        "benchmark": benchmark.name,
        "texts": len(benchmark.texts),
        "preset": preset.name,
        "detector": reader.fingerprint,
        "gold": values["gold"][0]["r_precision"],
        "records": values["detected"],
    }


if __name__ == "__main__":
    main()
