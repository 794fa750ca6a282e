"""Loading a backbone with what is to run it: ONNX Runtime, or torch."""

import logging
from importlib.util import find_spec
from pathlib import Path

from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.onnx_check import disagreement
from ner_retriever.backbone.onnx_loading import has_graph, load_onnx_backbone
from ner_retriever.backbone.tensors import read_config
from ner_retriever.backbone.weights import Weights
from ner_retriever.config import EngineName, PrecisionName, Site
from ner_retriever.errors import ConfigError, ModelError
from ner_retriever.extras import needs

_LOG = logging.getLogger(__name__)


def load_backbone(
    weights: Weights,
    site: Site,
    *,
    device: str | None = None,
    adapter: Path | None = None,
    engine: EngineName = "auto",
    precision: PrecisionName = "auto",
) -> Backbone:
    """Load a backbone up to a site.

    Args:
        device: as torch names it; by default a GPU where torch finds one.
        adapter: a file of low-rank updates that are merged into the model.
        engine: what runs the blocks; ``auto`` is torch on a GPU and in bfloat16, else ONNX Runtime
            for the families that it knows.
        precision: numbers that are multiplied; ``auto`` is float32 on a CPU and bfloat16 on a GPU.

    Raises:
        UnsupportedModel: the files are not a whole model that can be read, or it has no such site.
        WeightsCorrupted: the adapter cannot be read, or is none of this model's.
        ConfigError: ONNX Runtime is asked for, and something that it does not do.
        MissingExtra: torch is needed and not installed.
    """
    if engine == "onnx" and not _on_cpu(device):
        raise ConfigError(f"the engine onnx runs on a CPU, not on {device}; choose torch")
    if engine == "onnx" and precision == "bfloat16":
        raise ConfigError("the engine onnx multiplies in float32 alone; choose torch")
    if engine == "onnx" or (engine == "auto" and not _prefers_torch(device, precision)):
        config = read_config(weights.folder)
        if engine == "onnx" or has_graph(config):
            reason = disagreement(weights, config)
            if not reason:
                return load_onnx_backbone(weights.folder, config, site, adapter)
            if not find_spec("torch"):
                raise ModelError(f"ONNX Runtime cannot run {weights.folder}: {reason}")
            _LOG.warning("torch runs the model, for ONNX Runtime cannot: %s", reason)
    with needs("torch", f"The model in {weights.folder}"):
        from ner_retriever.backbone.torch_loading import load_torch_backbone
    return load_torch_backbone(weights, site, device=device, adapter=adapter, precision=precision)


def _on_cpu(device: str | None) -> bool:
    return device is None or device.partition(":")[0] == "cpu"


def _prefers_torch(device: str | None, precision: PrecisionName) -> bool:
    """Whether torch does what ONNX Runtime does not: bfloat16, or running on a GPU."""
    if precision == "bfloat16" or not _on_cpu(device):
        return True
    if not find_spec("torch"):
        return False
    from ner_retriever.backbone.torch_loading import torch_device

    return torch_device(device).type != "cpu"
