"""How the blocks of each model family are built, and where in them a site is.

A family is recognised by the modules that it has, not by its name, so a new model that is built
like a known one works without a line here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ner_retriever.config import Component, Site
from ner_retriever.errors import UnsupportedModel

Split = Callable[[Tensor, Any], tuple[Tensor, Tensor, Tensor]]


def _split_by_heads(fused: Tensor, config: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key, value one after the other, widths by the number of heads (GPT-2, Phi-3)."""
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    key_heads = getattr(config, "num_key_value_heads", None) or heads
    sizes = [heads * width, key_heads * width, key_heads * width]
    query, key, value = torch.split(fused, sizes, dim=-1)
    return query, key, value


def _split_interleaved(fused: Tensor, config: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Query, key, value head by head (GPT-NeoX)."""
    by_head = fused.reshape(*fused.shape[:-1], config.num_attention_heads, 3, -1)
    query, key, value = (by_head[..., part, :].flatten(-2) for part in range(3))
    return query, key, value


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Paths of modules: ``blocks`` from the model, the others from a block.

    ``query``, ``key`` and ``value`` are one module where ``split`` says how to part its output.
    """

    name: str
    blocks: str
    attention: str
    query: str
    key: str
    value: str
    attention_output: str
    mlp_output: str
    split: Split | None = None


FAMILIES = (
    Family(
        name="Llama, Mistral, Qwen, Gemma",
        blocks="layers",
        attention="self_attn",
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        attention_output="self_attn.o_proj",
        mlp_output="mlp.down_proj",
    ),
    Family(
        name="Phi-3",
        blocks="layers",
        attention="self_attn",
        query="self_attn.qkv_proj",
        key="self_attn.qkv_proj",
        value="self_attn.qkv_proj",
        attention_output="self_attn.o_proj",
        mlp_output="mlp.down_proj",
        split=_split_by_heads,
    ),
    Family(
        name="GPT-NeoX",
        blocks="layers",
        attention="attention",
        query="attention.query_key_value",
        key="attention.query_key_value",
        value="attention.query_key_value",
        attention_output="attention.dense",
        mlp_output="mlp.dense_4h_to_h",
        split=_split_interleaved,
    ),
    Family(
        name="GPT-2",
        blocks="h",
        attention="attn",
        query="attn.c_attn",
        key="attn.c_attn",
        value="attn.c_attn",
        attention_output="attn.c_proj",
        mlp_output="mlp.c_proj",
        split=_split_by_heads,
    ),
    Family(
        name="BERT, RoBERTa, ELECTRA",
        blocks="encoder.layer",
        attention="attention.self",
        query="attention.self.query",
        key="attention.self.key",
        value="attention.self.value",
        attention_output="attention.output.dense",
        mlp_output="output.dense",
    ),
    Family(
        name="MPNet",
        blocks="encoder.layer",
        attention="attention.attn",
        query="attention.attn.q",
        key="attention.attn.k",
        value="attention.attn.v",
        attention_output="attention.attn.o",
        mlp_output="output.dense",
    ),
    Family(
        name="DistilBERT",
        blocks="transformer.layer",
        attention="attention",
        query="attention.q_lin",
        key="attention.k_lin",
        value="attention.v_lin",
        attention_output="attention.out_lin",
        mlp_output="ffn.lin2",
    ),
    Family(
        name="ModernBERT",
        blocks="layers",
        attention="attn",
        query="attn.Wqkv",
        key="attn.Wqkv",
        value="attn.Wqkv",
        attention_output="attn.Wo",
        mlp_output="mlp.Wo",
        split=_split_by_heads,
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tap:
    """How to take the vectors of a site out of a forward pass.

    Attributes:
        module: the pass is stopped here.
        before: whether what goes into the module is wanted, or what comes out of it.
        layer: the wanted rows are put through it; ``None`` where they are the site's.
        part: takes the site's columns out of what a layer gives that is several in one.
    """

    module: nn.Module
    before: bool
    layer: nn.Module | None = None
    part: Callable[[Tensor], Tensor] | None = None

    def project(self, rows: Tensor) -> Tensor:
        """Turn the wanted rows, (rows, hidden), into the site's, (rows, width)."""
        projected: Tensor = self.layer(rows) if self.layer else rows
        return self.part(projected) if self.part else projected


def blocks_of(model: nn.Module) -> tuple[Family, nn.ModuleList]:
    """Return a model's family and its list of blocks.

    Raises:
        UnsupportedModel: it is built like none that is known.
    """
    for family in FAMILIES:
        blocks = _find(model, family.blocks)
        if (
            isinstance(blocks, nn.ModuleList)
            and len(blocks)
            and _find(blocks[0], family.value) is not None
        ):
            return family, blocks
    raise UnsupportedModel(
        f"{type(model).__name__} is built like none of the known families "
        f"({'; '.join(family.name for family in FAMILIES)})"
    )


def tap(model: nn.Module, site: Site) -> Tap:
    """Find a site in a model.

    Raises:
        UnsupportedModel: the model has no such block or component.
    """
    family, blocks = blocks_of(model)
    if site.block >= len(blocks):
        raise UnsupportedModel(
            f"block {site.block} is past the last of {type(model).__name__}, {len(blocks) - 1}"
        )
    block = blocks[site.block]
    match site.component:
        case "hidden":
            return Tap(module=block, before=False)
        case "attention" | "mlp":
            path = family.attention_output if site.component == "attention" else family.mlp_output
            module = _require(block, path, site)
            return Tap(module=module, before=True, layer=module)
        case "query" | "key" | "value":
            module = _require(block, getattr(family, site.component), site)
            attention = _require(block, family.attention, site)
            part = _part(family.split, model, site.component)
            return Tap(module=attention, before=True, layer=module, part=part)


def _part(
    split: Split | None, model: nn.Module, component: Component
) -> Callable[[Tensor], Tensor] | None:
    if split is None:
        return None
    index = ("query", "key", "value").index(component)
    return lambda rows: split(rows, model.config)[index]


def _find(module: nn.Module, path: str) -> nn.Module | None:
    try:
        return module.get_submodule(path)
    except AttributeError:
        return None


def _require(block: nn.Module, path: str, site: Site) -> nn.Module:
    module = _find(block, path)
    if module is None:
        raise UnsupportedModel(
            f"block {site.block} has no {site.component!r} component (no module {path!r})"
        )
    return module
