"""A backbone's truncated graph for ONNX Runtime: exported once, kept in the cache, gated.

A graph that does not give what torch gives, to a cosine of 0.9999 for every token of sentences of
varied lengths, is never used. Either verdict is kept, for an export takes seconds to minutes.
"""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from ner_retriever.backbone.cache import check_entry, new_entry
from ner_retriever.backbone.engine import Engine, TorchEngine, Truncated
from ner_retriever.backbone.families import blocks_of
from ner_retriever.backbone.forward import Window, padded
from ner_retriever.backbone.onnx_engine import OnnxEngine
from ner_retriever.config import EngineName, Site, cache_folder, fingerprint
from ner_retriever.errors import ConfigError, MissingExtra, WeightsCorrupted, first_line
from ner_retriever.hashing import sha256_of

if TYPE_CHECKING:
    from ner_retriever.backbone.model import Backbone

OPSET = 18
LEAST_COSINE = 0.9999
PACKAGES = ("onnx", "onnxruntime")

# Of a protocol buffer, which a graph in one file is.
_LARGEST = (1 << 31) - (1 << 24)
_GRAPH, _BLOCK, _VERDICT = "graph.onnx", "block.safetensors", "verdict.json"
_SENTENCES = (
    "Oslo.",
    "The Louvre is in Paris.",
    "Sue the Tyrannosaurus stands in the Field Museum in Chicago.",
    "In 1893 Kokichi Mikimoto, the son of a noodle maker, grew half-round pearls off Ise.",
    "Żubr, lynx & wolf: 3 of the 11,000 species (by one count) of Białowieża – “old forest”, 67°N.",
    "After the ozone hole was reported from Halley Station, states signed the Montreal Protocol. "
    "Spray cans lost their chlorine compounds within a few years, and refrigerators theirs. The "
    "Kyoto Protocol on the climate, of 1997, had no such luck, and the Paris Agreement took its "
    "place; what each party owes is written by itself, and no court hears an appeal.",
)


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph in the cache.

    Attributes:
        file: the blocks up to the site, as `OnnxEngine` takes them.
        block: the weights of the site's block, which pooled states are projected with.
        reason: why it must not be used; empty where it may.
    """

    file: Path
    block: Path
    reason: str


def wants_onnx(engine: EngineName, device: torch.device) -> bool:
    """Return whether ONNX Runtime is to run a backbone: where asked for, or where it can.

    Raises:
        MissingExtra: it is asked for and not installed.
        ConfigError: it is asked for, and the model is to run on something else than a CPU.
    """
    on_cpu = device.type == "cpu"
    installed = all(find_spec(package) for package in PACKAGES)
    if engine == "onnx":
        if not installed:
            raise MissingExtra("The engine onnx", "onnx")
        if not on_cpu:
            raise ConfigError(f"the engine onnx runs on a CPU, not on {device}; choose torch")
    return engine != "torch" and on_cpu and installed


def graph_folder(backbone: str, site: Site, adapter: Path | None) -> Path:
    """Return where a graph is kept: another folder for other weights, another site or version.

    Args:
        backbone: the weights' fingerprint.
        adapter: the file of updates that is merged into them.
    """
    key = fingerprint(
        {
            "backbone": backbone,
            "adapter": sha256_of(adapter) if adapter else "",
            "component": site.component,
            "block": site.block,
        }
    )
    versions = (f"{name}-{metadata.version(name)}" for name in ("torch", "transformers", *PACKAGES))
    return cache_folder() / "graphs" / "-".join((key, f"opset-{OPSET}", *versions))


def find_graph(folder: Path) -> Graph | None:
    """Return a graph that was exported before, its files checked; ``None`` where there is none."""
    if not folder.is_dir():
        return None
    try:
        check_entry(folder, folder.name, name=str(folder))
        reason = json.loads((folder / _VERDICT).read_bytes())["reason"]
    except (OSError, ValueError, KeyError, TypeError, WeightsCorrupted):
        # It can be made again, which is what a user would be told to do.
        return None
    return Graph(folder / _GRAPH, folder / _BLOCK, str(reason))


def make_graph(backbone: "Backbone", folder: Path) -> Graph:
    """Export a backbone's graph, check it against torch, and keep it or why it is of no use.

    Args:
        backbone: is run by torch, on a CPU.
        folder: as `graph_folder` gives it.

    Raises:
        ModelError: the cache cannot be written.
    """
    torch_engine = backbone.engine
    if not isinstance(torch_engine, TorchEngine):
        raise TypeError(
            f"a graph is made of what torch runs, not of what {backbone.engine.name} runs"
        )
    with new_entry(folder, folder.name) as partial:
        try:
            _export(torch_engine, partial / _GRAPH)
            cosine = agreement(torch_engine, OnnxEngine(partial / _GRAPH), windows_of(backbone))
            reason = "" if cosine >= LEAST_COSINE else f"its cosine to torch's is {cosine:.5f}"
        except Exception as error:  # exporters raise almost anything at a model they don't know
            reason = first_line(error)
        if reason:
            (partial / _GRAPH).unlink(missing_ok=True)
        else:
            _, blocks = blocks_of(torch_engine.model)
            weights = blocks[backbone.site.block].state_dict()
            save_file({n: t.contiguous() for n, t in weights.items()}, partial / _BLOCK)
        (partial / _VERDICT).write_text(json.dumps({"reason": reason}))
    return Graph(folder / _GRAPH, folder / _BLOCK, reason)


def windows_of(backbone: "Backbone") -> list[Window]:
    """Return the sentences that engines are compared on, as a backbone reads them."""
    return [
        Window(
            ids=np.concatenate([backbone.before, tokens.ids, backbone.after]),
            ranges=tokens.spans[:0],
        )
        for tokens in backbone.tokenize(_SENTENCES)
    ]


def agreement(one: Engine, other: Engine, windows: list[Window]) -> float:
    """Return the least cosine between two engines' states, over all tokens of some windows."""
    batch = padded(windows, pad_id=0, device=torch.device("cpu"))
    real = batch["attention_mask"].bool()
    with torch.inference_mode():
        ours, theirs = one.states(**batch)[real], other.states(**batch)[real]
        return float(functional.cosine_similarity(ours, theirs, dim=-1).min())


def _export(engine: TorchEngine, file: Path) -> None:
    weights = sum(weight.nbytes for weight in engine.model.parameters())
    if weights > _LARGEST:
        raise ValueError(
            f"its weights take {weights >> 20} MiB, and a graph holds {_LARGEST >> 20}"
        )
    model = Truncated(engine.model, engine.tap)
    ids = torch.ones(2, 8, dtype=torch.long)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    axes = {0: "batch", 1: "tokens"}
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            model.eval(),
            (ids, mask),
            str(file),
            input_names=["input_ids", "attention_mask"],
            output_names=["states"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "states": axes},
            opset_version=OPSET,
            # torch.export takes minutes for 30 blocks, and gives a graph that is no quicker.
            dynamo=False,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
