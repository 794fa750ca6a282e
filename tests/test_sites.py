"""Reading every site in one pass gives what reading each site alone gives."""

import copy

import numpy as np
import pytest

from ner_retriever.backbone.sites import EverySite
from ner_retriever.backbone.torch_backbone import TorchBackbone
from ner_retriever.config import Site
from toys import BLOCKS, CONFIGS, text_tokenizer, tiny_model, windows


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_every_site_at_once_equals_each_alone(family: str) -> None:
    model = tiny_model(family)
    every = EverySite(copy.deepcopy(model), text_tokenizer(special=False))
    batch = windows(5)
    together = np.split(every.vectors(batch), np.cumsum(every.widths)[:-1], axis=1)
    assert len(every.sites) == len(set(every.sites)) == BLOCKS * 6 * 3
    for site, vectors in zip(every.sites, together, strict=True):
        alone = TorchBackbone(copy.deepcopy(model), text_tokenizer(special=False), site)
        np.testing.assert_allclose(vectors, alone.vectors(batch), atol=2e-6, err_msg=str(site))


def test_a_second_batch_is_not_mixed_with_the_first() -> None:
    every = EverySite(tiny_model("llama"), text_tokenizer(special=False))
    first, second = windows(3), windows(4, seed=1)
    before = every.vectors(second)
    every.vectors(first)
    np.testing.assert_array_equal(every.vectors(second), before)


def test_widths_of_grouped_heads() -> None:
    every = EverySite(tiny_model("llama"), text_tokenizer(special=False))
    widths = dict(zip(every.sites, every.widths, strict=True))
    # Four heads of 16 numbers share two keys and two values.
    expected = {"query": 64, "key": 32, "value": 32, "attention": 32, "mlp": 32, "hidden": 32}
    for component, width in expected.items():
        assert widths[Site(component=component, block=2, pooling="mean")] == width  # type: ignore[arg-type]
