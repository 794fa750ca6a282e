"""A head on disk: ``head.safetensors`` and ``head.json``, never pickle.

head.json names what the head was trained on; a head is refused for any other backbone or site.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ner_retriever.errors import ModelError, WeightsCorrupted, first_line
from ner_retriever.hashing import check_sha256, sha256_of
from ner_retriever.heads.projection.network import Head
from ner_retriever.heads.projection.record import (
    ADAPTER_NAME,
    RECORD_NAME,
    WEIGHTS_NAME,
    HeadRecord,
    read_record,
)


def load_head(folder: Path) -> tuple[Head, HeadRecord]:
    """Read a head, its weights and its adapter's checked against their hashes.

    Raises:
        WeightsCorrupted: a file is damaged, or doesn't fit the other.
    """
    record = read_record(folder)
    file = folder / WEIGHTS_NAME
    remedy = "copy the head anew, or train it again"
    try:
        check_sha256(file, record.sha256, remedy=remedy)
        if record.adapter:
            check_sha256(folder / ADAPTER_NAME, record.adapter, remedy=remedy)
        # Nothing is allocated by what head.json says before the weights bear it out.
        with torch.device("meta"):
            head = Head(
                record.width,
                record.hidden,
                record.dimensions,
                bank=record.bank,
                detection=record.detection,
                skip=record.skip,
            )
        head.load_state_dict(load_file(file), assign=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = first_line(error)
        raise WeightsCorrupted(f"{file} cannot be read: {reason}; {remedy}") from error
    return head.float().eval().requires_grad_(False), record


def save_head(
    folder: Path,
    head: Head,
    *,
    backbone: str,
    site: str,
    notes: Mapping[str, Any],
    adapter: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a head into a folder, which is made where needed.

    Args:
        adapter: the backbone's low-rank updates, as `merge_adapter` reads them.

    Raises:
        ModelError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: tensor.contiguous() for name, tensor in head.state_dict().items()}
        save_file(weights, folder / WEIGHTS_NAME)
        if adapter:
            save_file(dict(adapter), folder / ADAPTER_NAME)
        else:
            (folder / ADAPTER_NAME).unlink(missing_ok=True)
        record = HeadRecord(
            backbone=backbone,
            site=site,
            width=head.width,
            hidden=head.first.out_features,
            dimensions=head.dimensions,
            bank=len(head.bank),
            detection=head.detection,
            skip=head.skip is not None,
            sha256=sha256_of(folder / WEIGHTS_NAME),
            adapter=sha256_of(folder / ADAPTER_NAME) if adapter else "",
            notes=notes,
        )
        (folder / RECORD_NAME).write_text(json.dumps(record.to_record(), indent=1) + "\n")
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"cannot write a head into {folder} ({error}); choose a folder that can be written"
        ) from error
