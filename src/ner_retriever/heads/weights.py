"""A head's weights for use without a model library: read as float32, checked, never pickle."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from ner_retriever.errors import WeightsCorrupted, first_line
from ner_retriever.hashing import check_sha256

REMEDY = "copy the head anew, or train it again"

Array = NDArray[np.float32]
Shapes = Mapping[str, tuple[int, ...]]


def read_weights(file: Path, sha256: str, shapes: Shapes) -> dict[str, Array]:
    """Read a head's weights, checked against their hash, as float32.

    Args:
        shapes: of the weights that its record promises, by name.

    Raises:
        WeightsCorrupted: the file is damaged, or holds something else.
    """
    try:
        check_sha256(file, sha256, remedy=REMEDY)
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise WeightsCorrupted(f"{file} cannot be read: {first_line(error)}; {REMEDY}") from error
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != dict(shapes):
        name = next(name for name in {**shapes, **found} if shapes.get(name) != found.get(name))
        raise WeightsCorrupted(
            f"{file} cannot be read: its {name} is of shape {found.get(name)}, its record's of "
            f"{shapes.get(name)}; {REMEDY}"
        )
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
