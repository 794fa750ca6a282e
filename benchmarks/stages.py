"""The stages of indexing, each timed by itself; what `indexing.py` writes a part of."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.flop_counter import FlopCounterMode

import corpus
from children import parts_of
from measuring import REPEATS, matrix_peak, rates, seconds, summary
from ner_retriever.backbone.batching import batches
from ner_retriever.backbone.model import Backbone
from ner_retriever.config import EngineName, Preset
from ner_retriever.documents import Document
from ner_retriever.errors import WeightsNotFound
from ner_retriever.heads.projection.projector import load_projector
from ner_retriever.heads.projection.record import find_head
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store
from ner_retriever.reading.encoder import Encoder, load_encoder
from ner_retriever.reading.extractor import Extractor, GivenWindow
from ner_retriever.reading.reader import Reader
from ner_retriever.reading.readers import MENTION_HEAD, load_reader
from ner_retriever.text.readers import read_documents

_DETECTOR = "spacy"

Progress = Callable[[str, int, int], None]


def measure(
    preset: Preset, documents: Sequence[Document], folder: Path, progress: Progress
) -> tuple[dict[str, Any], list[Document]]:
    """Measure the stages of indexing, one after the other; also return what was detected."""
    report = Steps(f"{preset.name}: stages", 8, progress)
    file = folder / f"{preset.name}.jsonl"
    corpus.write_documents(documents, file)
    reading = [seconds(lambda: list(read_documents([file]))) for _ in range(REPEATS)]
    report()
    encoders = _encoders(preset)
    quickest = list(encoders.values())[-1]
    loading = _loading(preset, list(encoders))
    report()
    detector = load_reader(_DETECTOR, preset, lambda: quickest)
    detecting, spans = _in_parts(detector.detect, parts_of(documents))
    found = [replace(document, spans=its) for document, its in zip(documents, spans, strict=False)]
    report()
    extractor = encoders["torch"].extractor
    parts = parts_of(found)
    tokenising, slots = _in_parts(lambda part: [_slots(extractor, part)], parts)
    report()
    peaks = [matrix_peak()]
    backbones = {name: encoder.extractor.backbone for name, encoder in encoders.items()}
    forward, vectors = _forward(backbones, slots)
    peaks.append(matrix_peak())
    report()
    projecting, units = _project(preset, vectors)
    writing = _write(found, units, folder / f"{preset.name}.stages")
    report()
    together = _in_one_pass(preset, quickest, parts_of(documents))
    report()
    overlap = _overlap(detector, parts_of(documents), quickest.extractor.backbone, slots)
    report()
    tokens = [sum(len(slot.window.ids) for slot in part) for part in slots]
    texts = [len(part) for part in parts]
    of_all, of_a_part = [len(documents)] * REPEATS, [sum(tokens)] * REPEATS
    stages = {
        "reading": _stage(of_all, of_a_part, reading),
        f"detection, {_DETECTOR}": _stage(texts, tokens, detecting),
        "tokenising": _stage(texts, tokens, tokenising),
        **{
            f"forward, {name}": _stage(texts, tokens, times)
            | {"flops": rates(_operations(backbones["torch"], slots), times)}
            for name, times in forward.items()
        },
        "head": _stage(texts, tokens, projecting),
        "writing": _stage(texts, tokens, writing),
    }
    if together:
        stages[f"{MENTION_HEAD}, all in one pass"] = _stage(texts, tokens, together)
    row = {
        "preset": preset.name,
        "texts": len(found),
        "tokens": sum(tokens),
        "mentions": sum(len(document.spans or ()) for document in found),
        "peak_flops": summary(peaks)["median"],
        "stages": stages,
        "overlap": overlap,
        "loading": loading,
    }
    return row, found


def detected(preset: Preset, documents: Sequence[Document]) -> list[Document]:
    """Return documents with their mentions."""
    detector = load_reader(_DETECTOR, preset, lambda: load_encoder(preset))
    spans = detector.detect(documents)
    return [replace(document, spans=its) for document, its in zip(documents, spans, strict=True)]


def _encoders(preset: Preset) -> dict[EngineName, Encoder]:
    """Return the preset's encoder with each engine that is to be had, torch's first."""
    encoders = {"torch": load_encoder(preset)}
    other = load_encoder(preset, engine="onnx")
    encoders[other.extractor.backbone.engine.name] = other
    return encoders


def _loading(preset: Preset, engines: Sequence[EngineName]) -> dict[str, dict[str, float]]:
    """Time, in turns, what it takes to load the models and embed a query, libraries apart."""
    times: dict[str, list[float]] = {engine: [] for engine in engines}
    for _ in range(REPEATS):
        for engine in engines:
            load = partial(load_encoder, preset, engine=engine)
            times[engine].append(seconds(lambda load=load: load().queries(["museum"])))
    return {engine: summary(its_times) for engine, its_times in times.items()}


def _in_parts(
    work: Callable[[list[Document]], Sequence[Any]], parts: Sequence[list[Document]]
) -> tuple[list[float], list[Any]]:
    """Time some work part by part; also return what came of it, one after the other."""
    work(parts[0][:2])
    times, made = [], []
    for part in parts:
        start = time.perf_counter()
        results = work(part)
        times.append(time.perf_counter() - start)
        made += results
    return times, made


def _in_one_pass(
    preset: Preset, encoder: Encoder, parts: Sequence[list[Document]]
) -> list[float] | None:
    """Time detection and embedding with the head that rides on the pass, if the preset has one."""
    try:
        reader = load_reader(MENTION_HEAD, preset, lambda: encoder)
    except WeightsNotFound:
        return None
    times, _ = _in_parts(reader.read, parts)
    return times


def _overlap(
    detector: Reader,
    parts: Sequence[list[Document]],
    backbone: Backbone,
    slots: Sequence[Sequence[GivenWindow]],
) -> dict[str, Any]:
    """Time a part's pass and the next one's detection, one after the other and in two threads."""
    in_turns, together = [], []
    with ThreadPoolExecutor(max_workers=1) as thread:
        for read, detected in pairwise(range(REPEATS)):
            start = time.perf_counter()
            _pass(backbone, slots[read])
            detector.detect(parts[detected])
            in_turns.append(time.perf_counter() - start)
            start = time.perf_counter()
            ahead = thread.submit(detector.detect, parts[detected])
            _pass(backbone, slots[read])
            ahead.result()
            together.append(time.perf_counter() - start)
    return {"in_turns": summary(in_turns), "in_two_threads": summary(together)}


def _slots(extractor: Extractor, documents: Sequence[Document]) -> list[GivenWindow]:
    spans = [document.spans or () for document in documents]
    return list(extractor.given_windows([document.text for document in documents], spans))


def _forward(
    backbones: dict[str, Backbone], slots: Sequence[Sequence[GivenWindow]]
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


def _pass(backbone: Backbone, slots: Sequence[GivenWindow]) -> np.ndarray:
    return np.concatenate(
        [
            backbone.vectors([slot.window for slot in batch])
            for batch in batches(slots, backbone.batch_tokens)
        ]
    )


def _operations(backbone: Backbone, slots: Sequence[Sequence[GivenWindow]]) -> list[float]:
    """Return the operations of matrix products that each part takes, padding included."""
    # Parts are alike, and counting takes another pass.
    with FlopCounterMode(display=False) as counter:
        _pass(backbone, slots[0])
    a_token = counter.get_total_flops() / sum(len(slot.window.ids) for slot in slots[0])
    return [a_token * sum(len(slot.window.ids) for slot in part) for part in slots]


def _project(preset: Preset, vectors: Sequence[np.ndarray]) -> tuple[list[float], list[np.ndarray]]:
    head, _ = load_projector(find_head(preset.head or ""))
    times, units = [], []
    for rows in vectors:
        start = time.perf_counter()
        units.append(head.mentions(rows))
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
                    sentences=np.zeros(len(spans), np.int32),
                    contexts=np.empty((1, 0), np.float16),
                )
            )
            done += len(spans)
        times.append(seconds(lambda records=records: store.write(records, replace=False)))
    return times


def _stage(
    texts: Sequence[int], tokens: Sequence[int], times: Sequence[float]
) -> dict[str, dict[str, float]]:
    return {"texts_a_second": rates(texts, times), "tokens_a_second": rates(tokens, times)}


class Steps:
    """Tells a bar of each step that is done."""

    def __init__(self, stage: str, steps: int, progress: Progress) -> None:
        self._stage, self._steps, self._progress = stage, steps, progress
        self._done = 0
        progress(stage, 0, steps)

    def __call__(self) -> None:
        self._done += 1
        self._progress(self._stage, self._done, self._steps)
