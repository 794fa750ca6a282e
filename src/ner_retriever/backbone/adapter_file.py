"""Low-rank updates of a backbone's weights on disk, in PEFT's file format (Hu et al. 2021).

A matrix W becomes W + B A, with A of shape (rank, in) and B of shape (out, rank). Scales other than
1 are folded into B when an adapter is written.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from ner_retriever.errors import WeightsCorrupted, first_line

PREFIX = "base_model.model."
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
_LARGEST = 1 << 30

# A and B by the name of the layer that they belong to.
Updates = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


def read_adapter(file: Path) -> Updates:
    """Read an adapter's updates as float32.

    Args:
        file: safetensors with ``base_model.model.<module>.lora_A.weight`` and ``….lora_B.weight``.

    Raises:
        WeightsCorrupted: the file cannot be read, or holds something else.
    """
    remedy = "copy the head anew, or train it again"
    try:
        if file.stat().st_size > _LARGEST:
            raise WeightsCorrupted(f"{file} is over {_LARGEST >> 30} GiB, too large for an adapter")
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise WeightsCorrupted(f"{file} cannot be read: {first_line(error)}; {remedy}") from error
    names = {name.removesuffix(DOWN).removesuffix(UP) for name in tensors}
    updates: Updates = {}
    for name in sorted(names):
        down, up = tensors.get(name + DOWN), tensors.get(name + UP)
        if not name.startswith(PREFIX) or down is None or up is None:
            raise WeightsCorrupted(f"{file} holds {name!r}, which is no low-rank update; {remedy}")
        if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1]:
            raise WeightsCorrupted(f"{file}: the two matrices of {name} don't fit; {remedy}")
        updates[name.removeprefix(PREFIX)] = (down.astype(np.float32), up.astype(np.float32))
    return updates
