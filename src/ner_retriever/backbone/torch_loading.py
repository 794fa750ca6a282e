"""Loading a backbone that torch runs: from weights, an adapter and a site to blocks."""

from pathlib import Path

import torch
from torch import nn

from ner_retriever.backbone.adapter import merge_adapter
from ner_retriever.backbone.hugging_face import quiet_transformers, read_model, refuse_incomplete
from ner_retriever.backbone.tokenizer import TextTokenizer, read_tokenizer
from ner_retriever.backbone.torch_backbone import TorchBackbone
from ner_retriever.backbone.weights import Weights
from ner_retriever.config import PrecisionName, Site
from ner_retriever.errors import UnsupportedModel, first_line


def load_torch_backbone(
    weights: Weights,
    site: Site,
    *,
    device: str | None = None,
    adapter: Path | None = None,
    precision: PrecisionName = "auto",
) -> TorchBackbone:
    """Load a backbone up to a site.

    Args:
        device: as torch names it; by default a GPU where there is one.
        adapter: a file of low-rank updates that are merged into the model.
        precision: ``auto`` is float32 on a CPU and bfloat16 on a GPU.

    Raises:
        UnsupportedModel: the files are not a whole model that transformers can read, or it has no
            such site.
        WeightsCorrupted: the adapter cannot be read, or is none of this model's.
    """
    model, tokenizer = load_model(
        weights, blocks=site.block + 1, device=device, precision=precision
    )
    if adapter:
        merge_adapter(model, adapter)
    return TorchBackbone(model, tokenizer, site)


def load_model(
    weights: Weights,
    *,
    blocks: int | None = None,
    device: str | None = None,
    precision: PrecisionName = "auto",
) -> tuple[nn.Module, TextTokenizer]:
    """Load a model and its tokenizer; arguments as `load_torch_backbone` takes them.

    Args:
        blocks: how many are loaded; all of them by default.

    Raises:
        UnsupportedModel: the files are not a whole model that transformers can read.
    """
    where = torch_device(device)
    half = precision == "bfloat16" or (precision == "auto" and where.type != "cpu")
    try:
        with quiet_transformers():
            dtype = torch.bfloat16 if half else torch.float32
            model, missing = read_model(weights.folder, blocks, dtype)
    except Exception as error:  # damaged files make the readers raise almost anything
        raise UnsupportedModel(
            f"the model in {weights.folder} cannot be loaded: {first_line(error)}"
        ) from error
    refuse_incomplete(missing, weights.folder)
    return model.to(where), read_tokenizer(weights.folder)


def torch_device(name: str | None) -> torch.device:
    """Return a device by its name; by default a GPU where there is one."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
