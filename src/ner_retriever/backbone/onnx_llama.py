"""Llama's blocks as an ONNX graph (Touvron et al. 2023)."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.onnx_graph import GraphBuilder
from ner_retriever.backbone.tensors import Tensors
from ner_retriever.config import Site

LLAMA_BASE = "model."


def is_plain_llama(config: Mapping[str, Any]) -> bool:
    """Whether a model is a Llama as it was published, without biases or scaled positions."""
    positions = config.get("rope_parameters") or config.get("rope_scaling") or {}
    return (
        config.get("model_type") == "llama"
        and config.get("hidden_act", "silu") == "silu"
        and not config.get("attention_bias")
        and not config.get("mlp_bias")
        and positions.get("rope_type", "default") == "default"
        # Of other widths the kernel takes none.
        and _width(config) % 16 == 0
    )


def _width(config: Mapping[str, Any]) -> int:
    """Return the width of an attention head."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


class LlamaGraph:
    """A Llama cut off at a site; arguments as `EncoderGraph` takes them."""

    def __init__(self, config: Mapping[str, Any], tensors: Tensors, site: Site) -> None:
        self._config = config
        self._tensors = tensors
        self._site = site
        self._graph = GraphBuilder()

    @property
    def projection(self) -> str | None:
        """The layer that the site's vectors are projected with; ``None`` where there is none."""
        layers = {
            "query": "self_attn.q_proj",
            "key": "self_attn.k_proj",
            "value": "self_attn.v_proj",
            "attention": "self_attn.o_proj",
            "mlp": "mlp.down_proj",
        }
        layer = layers.get(self._site.component)
        return f"layers.{self._site.block}.{layer}" if layer else None

    def build(self) -> tuple[bytes, dict[str, NDArray[Any]]]:
        """Return the graph and its weights."""
        graph = self._graph
        words = graph.weight("words", self._tensors["embed_tokens.weight"])
        residual = graph.op("Gather", words, "input_ids")
        normed = graph.op(
            "SimplifiedLayerNormalization",
            residual,
            self._scale(0, "input_layernorm"),
            epsilon=self._epsilon,
            axis=-1,
        )
        last = self._site.block
        for block in range(last):
            inner, residual = self._inner(block, self._attended(block, normed), residual)
            normed, residual = self._added(
                self._product(f"layers.{block}.mlp.down_proj", inner),
                residual,
                self._scale(block + 1, "input_layernorm"),
            )
        return graph.serialised(self._at_site(normed, residual)), graph.weights

    def _at_site(self, normed: str, residual: str) -> str:
        block, component = self._site.block, self._site.component
        if component in {"query", "key", "value"}:
            return normed
        attended = self._attended(block, normed)
        if component == "attention":
            return attended
        inner, residual = self._inner(block, attended, residual)
        if component == "mlp":
            return inner
        product = self._product(f"layers.{block}.mlp.down_proj", inner)
        return self._graph.op("Add", product, residual)

    @cached_property
    def _lengths(self) -> list[str]:
        """Return what the attention's kernel asks for: last token of each window, and tokens."""
        graph = self._graph
        counted = graph.op("ReduceSum", "attention_mask", graph.integers(1), keepdims=0)
        last = graph.op("Cast", graph.op("Sub", counted, graph.integer(1)), to=6)
        cosines, sines = self._turns()
        total = graph.op("Cast", graph.tokens(), to=6)
        return [last, total, graph.weight("cosines", cosines), graph.weight("sines", sines)]

    def _turns(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Rotary position embedding (Su et al. 2021): (positions, width of a head / 2) each."""
        config = self._config
        given = config.get("rope_parameters") or config
        width = _width(config)
        base = float(given.get("rope_theta", 10_000.0))
        frequencies = 1 / base ** (np.arange(0, width, 2, dtype=np.float32) / width)
        positions = np.arange(int(config["max_position_embeddings"]), dtype=np.float32)
        angles = np.outer(positions, frequencies.astype(np.float32))
        return np.cos(angles), np.sin(angles)

    def _attended(self, block: int, normed: str) -> str:
        parts = [f"layers.{block}.self_attn.{part}_proj" for part in "qkv"]
        weight = np.concatenate([self._tensors.matrix(part) for part in parts], axis=1)
        name = self._graph.weight(f"layers.{block}.qkv", weight)
        product = self._graph.op("MatMul", normed, name)
        return self._graph.node(
            "GroupQueryAttention",
            *(product, "", "", "", ""),
            *self._lengths,
            outputs=3,
            num_heads=self._heads,
            kv_num_heads=int(self._config.get("num_key_value_heads") or self._heads),
            do_rotary=1,
        )[0]

    def _inner(self, block: int, attended: str, residual: str) -> tuple[str, str]:
        """Return what goes into the MLP's last layer, and the residual stream beside it."""
        graph = self._graph
        product = self._product(f"layers.{block}.self_attn.o_proj", attended)
        scale = self._scale(block, "post_attention_layernorm")
        normed, residual = self._added(product, residual, scale)
        gate = self._product(f"layers.{block}.mlp.gate_proj", normed)
        up = self._product(f"layers.{block}.mlp.up_proj", normed)
        # With α = 1 it is the SiLU.
        return graph.op("Mul", graph.op("QuickGelu", gate, alpha=1.0), up), residual

    def _added(self, given: str, residual: str, scale: str) -> tuple[str, str]:
        """Add to the residual stream; return it normalised, and as it is."""
        normed, _, _, added = self._graph.node(
            "SkipSimplifiedLayerNormalization",
            *(given, residual, scale),
            outputs=4,
            epsilon=self._epsilon,
        )
        return normed, added

    def _product(self, layer: str, given: str) -> str:
        weight = self._graph.weight(f"{layer}.weight", self._tensors.matrix(layer))
        return self._graph.op("MatMul", given, weight)

    def _scale(self, block: int, norm: str) -> str:
        name = f"layers.{block}.{norm}.weight"
        return self._graph.weight(name, self._tensors[name])

    @property
    def _heads(self) -> int:
        return int(self._config["num_attention_heads"])

    @property
    def _epsilon(self) -> float:
        return float(self._config["rms_norm_eps"])
