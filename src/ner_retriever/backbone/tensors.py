"""A model's weights in numpy, as float32, with an adapter's updates added."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ner_retriever.backbone.adapter_file import Updates, read_adapter
from ner_retriever.errors import UnsupportedModel, WeightsCorrupted, first_line

Array = NDArray[np.float32]


class Tensors:
    """The weights of a model's folder, each read when it is asked for.

    Args:
        folder: with safetensors.
        base: what the names of a whole model's weights begin with where they were saved with a
            language-model head, such as ``bert.``.
        adapter: a file of low-rank updates.

    Raises:
        UnsupportedModel: the folder's files cannot be read.
        WeightsCorrupted: the adapter cannot be read, or updates what the model lacks.
    """

    def __init__(self, folder: Path, base: str, adapter: Path | None) -> None:
        self._folder = folder
        self._updates: Updates = read_adapter(adapter) if adapter else {}
        self._adapter = adapter
        self._files: dict[str, tuple[Any, str]] = {}
        try:
            for file in sorted(folder.glob("*.safetensors")):
                opened: Any = safe_open(file, framework="numpy")
                for name in opened.keys():  # noqa: SIM118
                    self._files[name.removeprefix(base)] = (opened, name)
        except (OSError, SafetensorError) as error:
            raise UnsupportedModel(
                f"the model in {folder} cannot be loaded: {first_line(error)}"
            ) from error
        if not self._files:
            raise UnsupportedModel(f"the model in {folder} cannot be loaded: it has no safetensors")
        for layer in self._updates:
            if f"{layer}.weight" not in self._files:
                raise WeightsCorrupted(
                    f"{adapter} has an update of {layer}, which the model lacks; the adapter "
                    "belongs to another backbone"
                )

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def __getitem__(self, name: str) -> Array:
        """Return a tensor as it is in its file.

        Raises:
            UnsupportedModel: the model lacks it.
        """
        if name not in self._files:
            raise UnsupportedModel(
                f"{self._folder} lacks the model's weights {name}; fetch or export it anew"
            )
        file, own = self._files[name]
        return np.asarray(file.get_tensor(own), np.float32)

    def matrix(self, layer: str) -> Array:
        """Return a linear layer's weights with its update, transposed to (in, out).

        Raises:
            UnsupportedModel: the model lacks it.
            WeightsCorrupted: the update does not fit it.
        """
        weight = self[f"{layer}.weight"]
        if layer in self._updates:
            down, up = self._updates[layer]
            if weight.shape != (len(up), down.shape[1]):
                raise WeightsCorrupted(
                    f"{self._adapter}: the update of {layer} is of shape "
                    f"{(len(up), down.shape[1])}, which does not fit; the adapter belongs to "
                    "another backbone"
                )
            weight = weight + up @ down
        return weight.T

    def bias(self, layer: str, width: int) -> Array:
        """Return a linear layer's bias, (width,); zeros where it has none."""
        name = f"{layer}.bias"
        return self[name] if name in self else np.zeros(width, np.float32)


def read_config(folder: Path) -> Mapping[str, Any]:
    """Read a model's config.json.

    Raises:
        UnsupportedModel: there is none that can be read.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise UnsupportedModel(
            f"the model in {folder} cannot be loaded: {first_line(error)}"
        ) from error
    if not isinstance(config, dict):
        raise UnsupportedModel(
            f"the model in {folder} cannot be loaded: config.json must hold a JSON object"
        )
    return config
