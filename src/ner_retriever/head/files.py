"""A head on disk: ``head.safetensors`` and ``head.json``, never pickle.

head.json names what the head was trained on; a head is refused for any other backbone or site.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ner_retriever.errors import ModelError, WeightsCorrupted, first_line
from ner_retriever.head.network import Head
from ner_retriever.head.record import RECORD_NAME, WEIGHTS_NAME, HeadRecord, read_record


def load_head(folder: Path) -> tuple[Head, HeadRecord]:
    """Read a head, its weights checked against their hash and shapes.

    Raises:
        WeightsCorrupted: a file is damaged, or doesn't fit the other.
    """
    record = read_record(folder)
    file = folder / WEIGHTS_NAME
    remedy = "copy the head anew, or train it again"
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != record.sha256:
            raise WeightsCorrupted(
                f"{file} is damaged or another file (sha256 {found[:12]}…, expected "
                f"{record.sha256[:12]}…); {remedy}"
            )
        # Nothing is allocated by what head.json says before the weights bear it out.
        with torch.device("meta"):
            head = Head(record.width, record.hidden, record.dimensions)
        head.load_state_dict(load_file(file), assign=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = first_line(error)
        raise WeightsCorrupted(f"{file} cannot be read: {reason}; {remedy}") from error
    return head.float().eval().requires_grad_(False), record


def save_head(
    folder: Path, head: Head, *, backbone: str, site: str, notes: Mapping[str, Any]
) -> None:
    """Write a head into a folder, which is made where needed.

    Raises:
        ModelError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: tensor.contiguous() for name, tensor in head.state_dict().items()}
        save_file(weights, folder / WEIGHTS_NAME)
        record = HeadRecord(
            backbone=backbone,
            site=site,
            width=head.width,
            hidden=head.first.out_features,
            dimensions=head.dimensions,
            sha256=hashlib.sha256((folder / WEIGHTS_NAME).read_bytes()).hexdigest(),
            notes=notes,
        )
        (folder / RECORD_NAME).write_text(json.dumps(record.to_record(), indent=1) + "\n")
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"cannot write a head into {folder} ({error}); choose a folder that can be written"
        ) from error
