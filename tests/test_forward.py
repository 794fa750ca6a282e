"""The truncated pass gives what a hook on the full model gives, in every family and component."""

import copy
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ner_retriever.backbone.torch_backbone import TorchBackbone
from ner_retriever.backbone.windows import Window
from ner_retriever.config import Component, Pooling, Site
from ner_retriever.errors import UnsupportedModel
from toys import BLOCKS, CAUSAL, CONFIGS, MODULES, text_tokenizer, tiny_model, windows

FAMILIES = sorted(CONFIGS)
COMPONENTS = get_args(Component)


def hooked(
    model: nn.Module, family: str, component: Component, block: int, ids: list[int]
) -> Tensor:
    """Run the whole model on one unpadded text and read a component's output off a hook."""
    paths = MODULES[family]
    path = paths[component] if component in paths else paths["fused"]
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _args: object, output: Tensor | tuple[Tensor, ...]) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    handle = model.get_submodule(path.format(block)).register_forward_hook(keep)
    with torch.inference_mode():
        model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=int))
    handle.remove()
    output = seen[0][0]
    if component in paths:
        return output
    index = ("query", "key", "value").index(component)
    if family == "gpt_neox":
        return output.view(len(ids), 4, 3, 8)[:, :, index].reshape(len(ids), 32)
    widths = [32, 16, 16] if family == "phi3" else [32, 32, 32]
    return output.split(widths, dim=-1)[index]


def pooled(rows: Tensor, first: int, last: int, pooling: Pooling) -> Tensor:
    match pooling:
        case "first":
            return rows[first]
        case "last":
            return rows[last - 1]
        case "mean":
            return rows[first:last].mean(dim=0)


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_truncated_pass_equals_hook_on_full_model(family: str, component: Component) -> None:
    full = tiny_model(family)
    batch = windows(5)
    for block, pooling in ((0, "first"), (2, "mean"), (BLOCKS - 1, "last")):
        site = Site(component=component, block=block, pooling=pooling)
        backbone = TorchBackbone(copy.deepcopy(full), text_tokenizer(special=False), site)
        expected = torch.stack(
            [
                pooled(hooked(full, family, component, block, list(window.ids)), *span, pooling)
                for window in batch
                for span in window.ranges
            ]
        )
        np.testing.assert_allclose(backbone.vectors(batch), expected.numpy(), atol=2e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_blocks_after_the_site_are_dropped(family: str) -> None:
    site = Site(component="value", block=1, pooling="last")
    model = tiny_model(family)
    before = sum(parameter.numel() for parameter in model.parameters())
    TorchBackbone(model, text_tokenizer(special=False), site)
    assert sum(parameter.numel() for parameter in model.parameters()) < before


@pytest.mark.parametrize("family", FAMILIES)
def test_batch_size_and_order_change_nothing(family: str) -> None:
    site = Site(component="value", block=2, pooling="mean")
    backbone = TorchBackbone(tiny_model(family), text_tokenizer(special=False), site)
    batch = windows(8)
    together = backbone.vectors(batch).reshape(8, 2, -1)
    alone = np.stack([backbone.vectors([window]) for window in batch])
    backwards = backbone.vectors(batch[::-1]).reshape(8, 2, -1)[::-1]
    np.testing.assert_allclose(together, alone, atol=2e-6)
    np.testing.assert_allclose(together, backwards, atol=2e-6)


@pytest.mark.parametrize("family", sorted(CAUSAL))
def test_a_causal_model_does_not_see_what_comes_after(family: str) -> None:
    site = Site(component="value", block=2, pooling="last")
    backbone = TorchBackbone(tiny_model(family), text_tokenizer(special=False), site)
    ranges = np.array([[1, 3]])
    one = Window(ids=np.array([5, 6, 7, 8, 9]), ranges=ranges)
    other = Window(ids=np.array([5, 6, 7, 20, 21]), ranges=ranges)
    np.testing.assert_allclose(backbone.vectors([one]), backbone.vectors([other]), atol=2e-6)


def test_special_tokens_are_found_out() -> None:
    site = Site(component="value", block=0, pooling="last")
    bare = TorchBackbone(tiny_model("llama"), text_tokenizer(special=False), site)
    around = TorchBackbone(tiny_model("bert"), text_tokenizer(special=True), site)
    assert (list(bare.before), list(bare.after)) == ([], [])
    assert (list(around.before), list(around.after)) == ([1], [2])


def test_a_block_past_the_last_is_refused() -> None:
    site = Site(component="value", block=BLOCKS, pooling="last")
    with pytest.raises(UnsupportedModel, match="past the last"):
        TorchBackbone(tiny_model("bert"), text_tokenizer(special=True), site)


def test_a_model_of_no_known_family_is_refused() -> None:
    site = Site(component="value", block=0, pooling="last")
    with pytest.raises(UnsupportedModel, match="none of the known families"):
        TorchBackbone(nn.Linear(2, 2), text_tokenizer(special=True), site)
