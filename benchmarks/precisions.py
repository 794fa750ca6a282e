"""How quick and how right a forward pass is with each engine and in each number format.

    python benchmarks/precisions.py --out work/bench/precisions.json

Every format reads the same batch, in turns. What is right is what torch gives in float32: the least
cosine of a token's state to it is told beside the rate.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import corpus
from measuring import REPEATS, seconds, summary, write_record
from ner_retriever.backbone.loading import load_backbone
from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.weights import find_weights
from ner_retriever.backbone.windows import Window
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import PRESETS

_TEXTS = 8
_FORMATS: dict[str, dict[str, Any]] = {
    "torch, float32": {"engine": "torch", "precision": "float32"},
    "torch, bfloat16": {"engine": "torch", "precision": "bfloat16"},
    "ONNX Runtime, float32": {"engine": "onnx", "precision": "float32"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", action="append", choices=PRESETS)
    options = parser.parse_args()
    presets = options.preset or ["minilm", "mpnet", "smollm2"]
    rows = []
    with progress_bar(Console(stderr=True)) as bar:
        for preset in presets:
            rows += measure(preset, Stages(bar))
    write_record("precisions", rows, options.out)


def measure(name: str, progress: Stages) -> list[dict[str, Any]]:
    """Time each format on a batch, in turns, against the first one."""
    preset = PRESETS[name]
    weights = find_weights(preset.backbone)
    backbones = {
        kind: load_backbone(weights, preset.site, device="cpu", **how)
        for kind, how in _FORMATS.items()
    }
    batch = _batch(next(iter(backbones.values())))
    states = {kind: _states(backbone, batch) for kind, backbone in backbones.items()}
    first = next(iter(states))
    times: dict[str, list[float]] = {kind: [] for kind in backbones}
    for turn in range(REPEATS):
        for kind, backbone in backbones.items():
            times[kind].append(seconds(lambda backbone=backbone: backbone.begin(batch)()))
        progress(name, turn + 1, REPEATS)
    return [
        {
            "preset": name,
            "format": kind,
            "rate": summary(
                ours / its for ours, its in zip(times[first], times[kind], strict=True)
            ),
            "least_cosine": _least_cosine(states[first], states[kind]),
        }
        for kind in backbones
    ]


def _batch(backbone: Backbone) -> list[Window]:
    texts = [document.text for document in corpus.documents(_TEXTS)]
    return [
        Window(
            ids=np.concatenate([backbone.before, tokens.ids, backbone.after]),
            ranges=np.array([[0, 1]]),
        )
        for tokens in backbone.tokenize(texts)
    ]


def _states(backbone: Backbone, batch: list[Window]) -> np.ndarray:
    """Return the states of all real tokens, (tokens, hidden)."""
    states = backbone.begin(batch)()
    return np.concatenate(
        [row[: len(window.ids)] for row, window in zip(states, batch, strict=True)]
    )


def _least_cosine(one: np.ndarray, other: np.ndarray) -> float:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / lengths).min())


if __name__ == "__main__":
    main()
