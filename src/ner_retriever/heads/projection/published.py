"""Reading the projection head that the paper's authors published, a PyTorch state dict."""

from pathlib import Path

import torch
from torch import Tensor

from ner_retriever.errors import WeightsCorrupted, WeightsNotFound
from ner_retriever.heads.projection.network import ProjectionHead

_LARGEST = 64 << 20
_NAMES = {
    "net.0.weight": "first.weight",
    "net.0.bias": "first.bias",
    "net.3.weight": "second.weight",
    "net.3.bias": "second.bias",
}


def read_published_head(file: Path) -> ProjectionHead:
    """Read a published head; nothing in the file is run (``weights_only``).

    The layers stand as net.0 (Linear), net.1 (SiLU), net.2 (dropout) and net.3 (Linear), and no
    centring comes before them.

    Raises:
        WeightsNotFound: no such file.
        WeightsCorrupted: it is not such a head.
    """
    if not file.is_file():
        raise WeightsNotFound(f"no file {file}")
    if file.stat().st_size > _LARGEST:
        raise WeightsCorrupted(f"{file} is over {_LARGEST >> 20} MiB, too large for a head")
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch's reader raise almost anything
        raise WeightsCorrupted(
            f"{file} is not a PyTorch state dict of tensors alone, so it is not read"
        ) from error
    if not isinstance(state, dict) or set(state) != set(_NAMES):
        raise WeightsCorrupted(f"{file} must hold {', '.join(_NAMES)} and nothing else")
    if not all(isinstance(value, Tensor) and value.is_floating_point() for value in state.values()):
        raise WeightsCorrupted(f"{file} holds something else than tensors of real numbers")
    tensors = {_NAMES[name]: tensor.float() for name, tensor in state.items()}
    first, second = tensors["first.weight"], tensors["second.weight"]
    if first.dim() != 2 or second.dim() != 2:
        raise WeightsCorrupted(f"{file} holds weights that are not matrices")
    head = ProjectionHead(first.shape[1], first.shape[0], second.shape[0])
    try:
        head.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise WeightsCorrupted(f"{file} holds layers that don't fit each other") from error
    return head.eval().requires_grad_(False)
