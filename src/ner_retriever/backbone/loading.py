"""Loading a backbone: from weights, an adapter and a site to blocks that run."""

import logging
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from ner_retriever.backbone.adapter import merge_adapter
from ner_retriever.backbone.families import blocks_of
from ner_retriever.backbone.hugging_face import (
    cut_config,
    quiet_transformers,
    read_model,
    read_tokenizer,
    refuse_incomplete,
)
from ner_retriever.backbone.model import Backbone
from ner_retriever.backbone.onnx_engine import OnnxEngine
from ner_retriever.backbone.onnx_export import (
    Graph,
    find_graph,
    graph_folder,
    make_graph,
    wants_onnx,
)
from ner_retriever.backbone.weights import Weights
from ner_retriever.config import EngineName, Site
from ner_retriever.errors import UnsupportedModel, first_line

_LOG = logging.getLogger(__name__)


def load_backbone(
    weights: Weights,
    site: Site,
    *,
    device: str | None = None,
    adapter: Path | None = None,
    engine: EngineName = "torch",
    whole_floats: bool = False,
) -> Backbone:
    """Load a backbone up to a site: float32 on a CPU, bfloat16 on a GPU.

    Args:
        device: as torch names it; by default a GPU where there is one.
        adapter: a file of low-rank updates that are merged into the model.
        engine: what runs the blocks; ``auto`` is ONNX Runtime where it is installed, the model is
            on a CPU, and its graph gives what torch gives.
        whole_floats: float32 on a GPU as well.

    Raises:
        UnsupportedModel: the files are not a whole model that transformers can read, or it has no
            such site.
        WeightsCorrupted: the adapter cannot be read, or is none of this model's.
        MissingExtra: ONNX Runtime is asked for and not installed.
    """

    def with_torch() -> Backbone:
        model, tokenizer = load_model(
            weights, blocks=site.block + 1, device=device, whole_floats=whole_floats
        )
        if adapter:
            merge_adapter(model, adapter)
        return Backbone(model, tokenizer, site)

    if not wants_onnx(engine, _device(device)):
        return with_torch()
    folder = graph_folder(weights.fingerprint, site, adapter)
    graph = find_graph(folder) or make_graph(with_torch(), folder)
    if graph.reason:
        _LOG.warning("torch runs the model, for ONNX Runtime cannot: %s", graph.reason)
        return with_torch()
    return _with_graph(weights.folder, site, graph)


def _with_graph(folder: Path, site: Site, graph: Graph) -> Backbone:
    """Make a backbone that a graph runs; of the model's own weights only the site's are read."""
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):
        model = AutoModel.from_config(cut_config(config, site.block + 1), dtype=torch.float32)
    _, blocks = blocks_of(model)
    blocks[site.block].load_state_dict(load_file(graph.block), assign=True)
    return Backbone(model, read_tokenizer(folder), site, engine=OnnxEngine(graph.file))


def load_model(
    weights: Weights,
    *,
    blocks: int | None = None,
    device: str | None = None,
    whole_floats: bool = False,
) -> tuple[nn.Module, Any]:
    """Load a model and its tokenizer: float32 on a CPU, bfloat16 on a GPU.

    Args:
        blocks: how many are loaded; all of them by default.
        device: as torch names it; by default a GPU where there is one.
        whole_floats: float32 on a GPU as well.

    Raises:
        UnsupportedModel: the files are not a whole model that transformers can read.
    """
    where = _device(device)
    try:
        with quiet_transformers():
            whole = whole_floats or where.type == "cpu"
            dtype = torch.float32 if whole else torch.bfloat16
            model, missing = read_model(weights.folder, blocks, dtype)
            tokenizer = read_tokenizer(weights.folder)
    except Exception as error:  # damaged files make the readers raise almost anything
        raise UnsupportedModel(
            f"the model in {weights.folder} cannot be loaded: {first_line(error)}"
        ) from error
    refuse_incomplete(missing, weights.folder)
    return model.to(where), tokenizer


def _device(name: str | None) -> torch.device:
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
