"""How fast documents are indexed, stage by stage and in all, and beside the reference pipeline.

    python benchmarks/indexing.py --out work/bench/indexing.json

Each figure is a median of five runs, or of five parts of one run where a run is long; what is
compared is measured in turns, or one right after the other, in one call of this script.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import corpus
import numpy as np
import torch
from children import parts_of, run_child
from measuring import REPEATS, matrix_peak, rates, seconds, summary, write_record
from rich.console import Console
from torch.utils.flop_counter import FlopCounterMode

from ner_retriever.backbone.model import Backbone
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import PRESETS, Preset
from ner_retriever.detect import load_detector
from ner_retriever.documents import Document
from ner_retriever.encode import Extractor, Slot, batches, load_encoder
from ner_retriever.head.files import load_head
from ner_retriever.head.record import find_head
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store
from ner_retriever.indexing import detect
from ner_retriever.text.readers import read_documents

_MANY_TEXTS = 100_000
# Texts for each preset, so that a part takes seconds.
_TEXTS = {"minilm": 640, "smollm2": 160}
_FEWEST_TEXTS = 160
_HEAD_ROWS = 4096

Progress = Callable[[str, int, int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="texts, in any format that the package reads")
    parser.add_argument("--preset", action="append", choices=PRESETS)
    parser.add_argument("--texts", type=int, help="how many are indexed with each preset")
    parser.add_argument(
        "--many-texts", type=int, default=_MANY_TEXTS, help="0 to leave memory at many texts out"
    )
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    console = Console(stderr=True)
    with progress_bar(console) as bar, TemporaryDirectory() as folder:
        progress = Stages(bar)
        for preset in options.preset or ["minilm", "smollm2"]:
            texts = options.texts or _TEXTS.get(preset, _FEWEST_TEXTS)
            documents = corpus.documents(texts, options.data)
            rows.append(measure(PRESETS[preset], documents, Path(folder), progress))
            # Made-up vectors are of one size for every preset: the largest model is enough.
            many = options.many_texts if preset == (options.preset or ["smollm2"])[-1] else 0
            rows[-1] |= compare(preset, documents, many, Path(folder), progress)
    write_record("indexing", rows, options.out, threads=torch.get_num_threads())


def measure(
    preset: Preset, documents: Sequence[Document], folder: Path, progress: Progress
) -> dict[str, Any]:
    """Measure the stages of indexing, one after the other."""
    report = _Steps(f"{preset.name}: stages", 7, progress)
    file = folder / f"{preset.name}.jsonl"
    corpus.write_documents(documents, file)
    reading = [seconds(lambda: list(read_documents([file]))) for _ in range(REPEATS)]
    report()
    detector = load_detector("spacy")
    detect(detector, list(documents[:2]))
    found, detecting = [], []
    for part in parts_of(documents):
        start = time.perf_counter()
        spans = detect(detector, part)
        detecting.append(time.perf_counter() - start)
        found += [replace(document, spans=its) for document, its in zip(part, spans, strict=True)]
    corpus.write_documents(found, file)
    report()
    encoders = {"torch": load_encoder(preset)}
    with_onnx = load_encoder(preset, engine="auto")
    if with_onnx._extractor.backbone.engine.name == "onnx":
        encoders["onnx"] = with_onnx
    report()
    extractors = {name: encoder._extractor for name, encoder in encoders.items()}
    slots = [_slots(extractors["torch"], part) for part in parts_of(found)]
    tokenising = [
        seconds(lambda part=part: _slots(extractors["torch"], part)) for part in parts_of(found)
    ]
    report()
    peaks = [matrix_peak()]
    backbones = {name: extractor.backbone for name, extractor in extractors.items()}
    forward, vectors = _forward(backbones, slots)
    peaks.append(matrix_peak())
    report()
    projecting, units = _project(preset, vectors)
    report()
    writing = _write(found, units, folder / f"{preset.name}.stages")
    report()
    tokens = [sum(len(slot.window.ids) for slot in part) for part in slots]
    texts = [len(part) for part in parts_of(found)]
    of_all, of_a_part = [len(documents)] * REPEATS, [sum(tokens)] * REPEATS
    return {
        "preset": preset.name,
        "texts": len(found),
        "tokens": sum(tokens),
        "mentions": sum(len(document.spans or ()) for document in found),
        "peak_flops": summary(peaks)["median"],
        "stages": {
            "reading": _stage(of_all, of_a_part, reading),
            "detection": _stage(texts, tokens, detecting),
            "tokenising": _stage(texts, tokens, tokenising),
            **{
                f"forward, {name}": _stage(texts, tokens, times)
                | {"flops": rates(_operations(backbones["torch"], slots), times)}
                for name, times in forward.items()
            },
            "head": _stage(texts, tokens, projecting),
            "writing": _stage(texts, tokens, writing),
        },
    }


def compare(
    preset: str, documents: Sequence[Document], many: int, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Measure the whole of indexing here and in the reference pipeline, from the same spans."""
    report = _Steps(f"{preset}: beside the reference", 3, progress)
    given = folder / f"{preset}.jsonl"
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


def _slots(extractor: Extractor, documents: Sequence[Document]) -> list[Slot]:
    spans = [document.spans or () for document in documents]
    return extractor.slots([document.text for document in documents], spans)


def _forward(
    backbones: dict[str, Backbone], slots: Sequence[Sequence[Slot]]
) -> tuple[dict[str, list[float]], list[np.ndarray]]:
    """Time each part with each engine in turns; also return torch's vectors of each part."""
    times: dict[str, list[float]] = {name: [] for name in backbones}
    vectors = []
    for backbone in backbones.values():
        _pass(backbone, slots[0][:8])
    for part in slots:
        for name, backbone in backbones.items():
            start = time.perf_counter()
            rows = _pass(backbone, part)
            times[name].append(time.perf_counter() - start)
            if name == "torch":
                vectors.append(rows)
    return times, vectors


def _pass(backbone: Backbone, slots: Sequence[Slot]) -> np.ndarray:
    return np.concatenate(
        [
            backbone.vectors([slot.window for slot in batch])
            for batch in batches(slots, backbone.batch_tokens)
        ]
    )


def _operations(backbone: Backbone, slots: Sequence[Sequence[Slot]]) -> list[float]:
    """Return the operations of matrix products that each part takes, padding included."""
    # Parts are alike, and counting takes another pass.
    with FlopCounterMode(display=False) as counter:
        _pass(backbone, slots[0])
    a_token = counter.get_total_flops() / sum(len(slot.window.ids) for slot in slots[0])
    return [a_token * sum(len(slot.window.ids) for slot in part) for part in slots]


def _project(preset: Preset, vectors: Sequence[np.ndarray]) -> tuple[list[float], list[np.ndarray]]:
    head, _ = load_head(find_head(preset.head or ""))
    times, units = [], []
    for rows in vectors:
        start = time.perf_counter()
        with torch.inference_mode():
            units.append(head.mentions(torch.from_numpy(rows)).numpy())
        times.append(time.perf_counter() - start)
    return times, units


def _write(documents: Sequence[Document], units: Sequence[np.ndarray], path: Path) -> list[float]:
    """Time the commit of each part; a vector stands for any other."""
    store = Store.create(path, units[0].shape[1])
    rows = np.concatenate(units).astype(np.float16)
    times, done = [], 0
    for part in parts_of(documents):
        records = []
        for document in part:
            spans = document.spans or ()
            records.append(
                Record(
                    id=document.id,
                    text=document.text,
                    digest=digest_of(document.text, document.spans),
                    run=0,
                    spans=spans,
                    vectors=rows[done : done + len(spans)],
                )
            )
            done += len(spans)
        times.append(seconds(lambda records=records: store.write(records, replace=False)))
    return times


def _stage(
    texts: Sequence[int], tokens: Sequence[int], times: Sequence[float]
) -> dict[str, dict[str, float]]:
    return {"texts_a_second": rates(texts, times), "tokens_a_second": rates(tokens, times)}


class _Steps:
    """Tells a bar of each step that is done."""

    def __init__(self, stage: str, steps: int, progress: Progress) -> None:
        self._stage, self._steps, self._progress = stage, steps, progress
        self._done = 0
        progress(stage, 0, steps)

    def __call__(self) -> None:
        self._done += 1
        self._progress(self._stage, self._done, self._steps)


if __name__ == "__main__":
    main()
