"""Loading a backbone that ONNX Runtime runs: a graph of our own making, without torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ner_retriever.backbone.model import Backbone, Projection
from ner_retriever.backbone.onnx_encoder import EncoderGraph, encoder_names
from ner_retriever.backbone.onnx_engine import OnnxEngine
from ner_retriever.backbone.onnx_llama import LLAMA_BASE, LlamaGraph, is_plain_llama
from ner_retriever.backbone.tensors import Tensors
from ner_retriever.backbone.tokenizer import read_tokenizer
from ner_retriever.config import Site
from ner_retriever.errors import UnsupportedModel


def has_graph(config: Mapping[str, Any]) -> bool:
    """Return whether a model's family is one whose blocks we put together."""
    return encoder_names(config) is not None or is_plain_llama(config)


def load_onnx_backbone(
    folder: Path, config: Mapping[str, Any], site: Site, adapter: Path | None
) -> Backbone:
    """Load a model up to a site.

    Args:
        folder: holds safetensors and a tokenizer.
        config: what its config.json holds.
        adapter: a file of low-rank updates that are added to the weights.

    Raises:
        UnsupportedModel: the family is none of ours, a weight is missing, or the model has no such
            block.
        WeightsCorrupted: the adapter cannot be read, or is none of this model's.
    """
    if site.block >= int(config["num_hidden_layers"]):
        raise UnsupportedModel(
            f"block {site.block} is past the last of {config['model_type']}, "
            f"{int(config['num_hidden_layers']) - 1}"
        )
    tensors, graph = _graph(folder, config, site, adapter)
    engine = OnnxEngine(*graph.build())
    return Backbone(read_tokenizer(folder), engine, site, _projection(tensors, graph.projection))


def _graph(
    folder: Path, config: Mapping[str, Any], site: Site, adapter: Path | None
) -> tuple[Tensors, EncoderGraph | LlamaGraph]:
    if names := encoder_names(config):
        tensors = Tensors(folder, names.base, adapter)
        return tensors, EncoderGraph(config, names, tensors, site)
    if is_plain_llama(config):
        tensors = Tensors(folder, LLAMA_BASE, adapter)
        return tensors, LlamaGraph(config, tensors, site)
    raise UnsupportedModel(
        f"ONNX Runtime runs BERT, RoBERTa, MPNet and Llama here, not {config.get('model_type')!r}; "
        "choose the engine torch"
    )


def _projection(tensors: Tensors, layer: str | None) -> Projection | None:
    if layer is None:
        return None
    weight = tensors.matrix(layer)
    return Projection(weight, tensors.bias(layer, len(weight.T)))
