"""A head on disk as torch trains it: weights as safetensors, and a record that names their hash."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ner_retriever.errors import ModelError, WeightsCorrupted, first_line
from ner_retriever.hashing import check_sha256
from ner_retriever.heads.weights import REMEDY

Network = TypeVar("Network", bound=nn.Module)


def load_weights(file: Path, sha256: str, make: Callable[[], Network]) -> Network:
    """Read a head's weights, checked against their hash, as float32.

    Args:
        make: makes the network that they are for; nothing is allocated by it before the weights
            bear out what its record says.

    Raises:
        WeightsCorrupted: the file is damaged, or doesn't fit the network.
    """
    try:
        check_sha256(file, sha256, remedy=REMEDY)
        with torch.device("meta"):
            network = make()
        network.load_state_dict(load_file(file), assign=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WeightsCorrupted(f"{file} cannot be read: {first_line(error)}; {REMEDY}") from error
    return network.float().eval().requires_grad_(False)


def write_weights(file: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write weights; the folder is made where needed.

    Raises:
        ModelError: the folder cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)
    except (OSError, SafetensorError) as error:
        raise _unwritable(file, error) from error


def write_record(file: Path, record: Mapping[str, Any]) -> None:
    """Write a head's record, after its weights.

    Raises:
        ModelError: the folder cannot be written.
    """
    try:
        file.write_text(json.dumps(dict(record), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: Exception) -> ModelError:
    return ModelError(
        f"cannot write a head into {file.parent} ({first_line(error)}); choose a folder that can "
        "be written"
    )
