"""How quick and how right a forward pass is in other number formats than float32.

    python benchmarks/precisions.py --out work/bench/precisions.json

Every format reads the same batch, in turns. What is right is what torch gives in float32: the least
cosine of a token's state to it is told beside the rate.
"""

import argparse
import copy
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from ner_retriever.backbone.onnx_export import find_graph, graph_folder, wants_onnx
from rich.console import Console
from torch import Tensor, nn
from torch.nn import functional

import corpus
from measuring import REPEATS, seconds, summary, write_record
from ner_retriever.backbone.engine import Engine, TorchEngine
from ner_retriever.backbone.families import tap
from ner_retriever.backbone.forward import padded
from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.onnx_engine import OnnxEngine
from ner_retriever.backbone.weights import find_weights
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import PRESETS, Preset
from ner_retriever.documents import Span
from ner_retriever.heads.projection.record import ADAPTER_NAME, find_head
from ner_retriever.reading.encoder import load_encoder

_TEXTS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", choices=PRESETS, default="minilm")
    options = parser.parse_args()
    preset = PRESETS[options.preset]
    extractor = load_encoder(preset).extractor
    texts = [document.text for document in corpus.documents(_TEXTS)]
    windows = [slot.window for slot in extractor.slots(texts, [[Span(0, 1)]] * _TEXTS)]
    batch = padded(windows, pad_id=0, device=torch.device("cpu"))
    with TemporaryDirectory() as folder, progress_bar(Console(stderr=True)) as bar:
        engines = formats(preset, extractor.backbone, Path(folder))
        rows = measure(engines, batch, Stages(bar))
    write_record("precisions", rows, options.out, preset=preset.name)


def formats(preset: Preset, backbone: Backbone, folder: Path) -> dict[str, Engine]:
    """Return engines by the format that they compute in, the right one first."""
    engines: dict[str, Engine] = {"torch, float32": backbone.engine}
    halved = copy.deepcopy(backbone.model).bfloat16()
    engines["torch, bfloat16"] = TorchEngine(halved, tap(halved, preset.site))
    warnings.simplefilter("ignore")
    quantised = torch.ao.quantization.quantize_dynamic(
        copy.deepcopy(backbone.model), {nn.Linear}, dtype=torch.qint8
    )
    engines["torch, dynamic int8"] = TorchEngine(quantised, tap(quantised, preset.site))
    if wants_onnx("auto", torch.device("cpu")):
        from onnxruntime.quantization import quantize_dynamic

        load_encoder(preset, engine="onnx")
        fingerprint = find_weights(preset.backbone).fingerprint
        adapter = find_head(preset.head or "") / ADAPTER_NAME
        graph = find_graph(graph_folder(fingerprint, preset.site, adapter))
        engines["ONNX Runtime, float32"] = OnnxEngine(graph.file)
        quantize_dynamic(graph.file, folder / "int8.onnx")
        engines["ONNX Runtime, dynamic int8"] = OnnxEngine(folder / "int8.onnx")
    return engines


@torch.inference_mode()
def measure(
    engines: dict[str, Engine], batch: dict[str, Tensor], progress: Stages
) -> list[dict[str, object]]:
    """Time each engine on a batch, in turns, against the first one."""
    real = batch["attention_mask"].bool()
    states = {name: engine.states(**batch)[real].float() for name, engine in engines.items()}
    first = next(iter(states))
    times: dict[str, list[float]] = {name: [] for name in engines}
    for turn in range(REPEATS):
        for name, engine in engines.items():
            times[name].append(seconds(lambda engine=engine: engine.states(**batch)))
        progress("formats", turn + 1, REPEATS)
    ratios = {
        name: summary(ours / its for ours, its in zip(times[first], times[name], strict=True))
        for name in engines
    }
    return [
        {
            "format": name,
            "rate": ratios[name],
            "least_cosine": float(
                functional.cosine_similarity(states[first], states[name], dim=-1).min()
            ),
        }
        for name in engines
    ]


if __name__ == "__main__":
    main()
