"""BERT's, RoBERTa's and MPNet's blocks as an ONNX graph (Devlin et al. 2019, Song et al. 2020)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner_retriever.backbone.onnx_graph import GraphBuilder
from ner_retriever.backbone.tensors import Tensors
from ner_retriever.config import Site

# Of MPNet's positions relative to each other.
_FARTHEST = 128


@dataclass(frozen=True, slots=True)
class EncoderNames:
    """What a family calls the parts of a block."""

    base: str
    query: str
    key: str
    value: str
    attention_output: str
    attention_norm: str
    inner: str = "intermediate.dense"
    mlp_output: str = "output.dense"
    norm: str = "output.LayerNorm"


_BERT = EncoderNames(
    base="bert.",
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    attention_output="attention.output.dense",
    attention_norm="attention.output.LayerNorm",
)
_ROBERTA = replace(_BERT, base="roberta.")
_MPNET = EncoderNames(
    base="mpnet.",
    query="attention.attn.q",
    key="attention.attn.k",
    value="attention.attn.v",
    attention_output="attention.attn.o",
    attention_norm="attention.LayerNorm",
)
_FAMILIES = {"bert": _BERT, "roberta": _ROBERTA, "xlm-roberta": _ROBERTA, "mpnet": _MPNET}


def encoder_names(config: Mapping[str, Any]) -> EncoderNames | None:
    """Return what the parts of a model are called; ``None`` where it is no plain encoder."""
    plain = (
        config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type") in {None, "absolute"}
        and not config.get("is_decoder")
        and not config.get("add_cross_attention")
    )
    return _FAMILIES.get(str(config.get("model_type"))) if plain else None


class EncoderGraph:
    """An encoder cut off at a site.

    Args:
        config: what config.json holds.
        names: of the model's parts.
        tensors: its weights.
        site: where it ends.
    """

    def __init__(
        self, config: Mapping[str, Any], names: EncoderNames, tensors: Tensors, site: Site
    ) -> None:
        self._config = config
        self._names = names
        self._tensors = tensors
        self._site = site
        self._graph = GraphBuilder()

    @property
    def projection(self) -> str | None:
        """The layer that the site's vectors are projected with; ``None`` where there is none."""
        component = self._site.component
        if component == "hidden":
            return None
        outputs = {"attention": "attention_output", "mlp": "mlp_output"}
        layer = getattr(self._names, outputs.get(component, component))
        return f"{self._block(self._site.block)}{layer}"

    def build(self) -> tuple[bytes, dict[str, NDArray[Any]]]:
        """Return the graph and its weights."""
        graph = self._graph
        states = self._embedded()
        # The kernel takes the mask as int32.
        mask = graph.op("Cast", "attention_mask", to=6)
        bias = self._relative_bias() if self._names is _MPNET else ""
        for block in range(self._site.block):
            states = self._output(block, self._attended(block, states, mask, bias), states)
        return graph.serialised(self._at_site(states, mask, bias)), graph.weights

    def _at_site(self, states: str, mask: str, bias: str) -> str:
        block, component = self._site.block, self._site.component
        if component in {"query", "key", "value"}:
            return states
        attended = self._attended(block, states, mask, bias)
        if component == "attention":
            return attended
        normed = self._attention_output(block, attended, states)
        inner = self._inner(block, normed)
        return inner if component == "mlp" else self._mlp_output(block, inner, normed)

    def _embedded(self) -> str:
        graph, tensors = self._graph, self._tensors
        words = graph.weight("words", tensors["embeddings.word_embeddings.weight"])
        states = graph.op("Gather", words, "input_ids")
        positions = tensors["embeddings.position_embeddings.weight"]
        if "embeddings.token_type_embeddings.weight" in tensors:
            positions = positions + tensors["embeddings.token_type_embeddings.weight"][0]
        table = graph.weight("positions", positions)
        if self._names is _BERT:
            start = graph.integers(0)
            end = graph.op("Unsqueeze", graph.tokens(), start)
            places = graph.op("Slice", table, start, end, graph.integers(0))
        else:
            places = graph.op("Gather", table, self._positions())
        summed = graph.op("Add", states, places)
        scale, shift = self._norm("embeddings.LayerNorm")
        return graph.op("LayerNormalization", summed, scale, shift, epsilon=self._epsilon)

    def _positions(self) -> str:
        """Positions count on from the padding's id, which is also the padding's position."""
        graph = self._graph
        # MPNet's is 1 whatever its configuration says.
        of_padding = 1 if self._names is _MPNET else int(self._config["pad_token_id"])
        padding = graph.integer(of_padding)
        is_padding = graph.op("Equal", "input_ids", padding)
        real = graph.op("Cast", graph.op("Not", is_padding), to=7)
        counted = graph.op("Mul", graph.op("CumSum", real, graph.integer(1)), real)
        return graph.op("Add", counted, padding)

    def _relative_bias(self) -> str:
        """What is added to the attention of each pair of tokens, (1, heads, tokens, tokens)."""
        graph = self._graph
        most = int(self._config["max_position_embeddings"])
        distances = np.arange(1 - most, most)
        buckets = _bucket(distances, int(self._config.get("relative_attention_num_buckets", 32)))
        by_distance = self._tensors["encoder.relative_attention_bias.weight"][buckets].T
        table = graph.weight("distances", by_distance)
        places = graph.op("Range", graph.integer(0), graph.tokens(), graph.integer(1))
        rows = graph.op("Unsqueeze", places, graph.integers(1))
        between = graph.op("Sub", graph.op("Unsqueeze", places, graph.integers(0)), rows)
        numbers = graph.op("Add", between, graph.integer(most - 1))
        return graph.op("Unsqueeze", graph.op("Gather", table, numbers, axis=1), graph.integers(0))

    def _attended(self, block: int, states: str, mask: str, bias: str) -> str:
        prefix, names = self._block(block), self._names
        layers = [f"{prefix}{part}" for part in (names.query, names.key, names.value)]
        weight = np.concatenate([self._tensors.matrix(layer) for layer in layers], axis=1)
        shift = np.concatenate([self._tensors[f"{layer}.bias"] for layer in layers])
        return self._graph.op(
            "Attention",
            states,
            self._graph.weight(f"{prefix}qkv.weight", weight),
            self._graph.weight(f"{prefix}qkv.bias", shift),
            mask,
            *(["", bias] if bias else []),
            num_heads=int(self._config["num_attention_heads"]),
        )

    def _output(self, block: int, attended: str, states: str) -> str:
        normed = self._attention_output(block, attended, states)
        return self._mlp_output(block, self._inner(block, normed), normed)

    def _attention_output(self, block: int, attended: str, states: str) -> str:
        names = self._names
        return self._added(block, names.attention_output, names.attention_norm, attended, states)

    def _mlp_output(self, block: int, inner: str, states: str) -> str:
        return self._added(block, self._names.mlp_output, self._names.norm, inner, states)

    def _added(self, block: int, layer: str, norm: str, given: str, states: str) -> str:
        """Apply a layer, add what stood before it, and normalise the sum."""
        product, shift = self._product(f"{self._block(block)}{layer}", given)
        return self._graph.op(
            "SkipLayerNormalization",
            product,
            states,
            *self._norm(f"{self._block(block)}{norm}"),
            shift,
            epsilon=self._epsilon,
        )

    def _inner(self, block: int, states: str) -> str:
        product, shift = self._product(f"{self._block(block)}{self._names.inner}", states)
        return self._graph.op("BiasGelu", product, shift)

    def _product(self, layer: str, given: str) -> tuple[str, str]:
        """Return a layer's product without its bias, and the bias."""
        weight = self._graph.weight(f"{layer}.weight", self._tensors.matrix(layer))
        shift = self._graph.weight(f"{layer}.bias", self._tensors[f"{layer}.bias"])
        return self._graph.op("MatMul", given, weight), shift

    def _norm(self, name: str) -> list[str]:
        return [
            self._graph.weight(f"{name}.{part}", self._tensors[f"{name}.{part}"])
            for part in ("weight", "bias")
        ]

    @property
    def _epsilon(self) -> float:
        return float(self._config.get("layer_norm_eps", 1e-12))

    @staticmethod
    def _block(number: int) -> str:
        return f"encoder.layer.{number}."


def _bucket(distances: NDArray[np.int64], buckets: int) -> NDArray[np.int64]:
    """Number the distances between two tokens, far ones by their logarithm (Raffel et al. 2020)."""
    half = buckets // 2
    exact = half // 2
    away = np.abs(distances)
    ratio = np.maximum(away, 1).astype(np.float32) / exact
    grown = exact + (
        np.log(ratio) / np.float32(math.log(_FARTHEST / exact)) * (half - exact)
    ).astype(np.int64)
    near = np.where(away < exact, away, np.minimum(grown, half - 1))
    return np.where(distances > 0, near + half, near)
