"""A mention head on disk: ``mention_head.safetensors`` and ``mention_head.json``, never pickle."""

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ner_retriever.heads.mention.network import MentionHead
from ner_retriever.heads.mention.record import (
    RECORD_NAME,
    WEIGHTS_NAME,
    MentionHeadRecord,
    read_mention_record,
)
from ner_retriever.errors import ModelError, WeightsCorrupted, first_line
from ner_retriever.hashing import check_sha256, sha256_of


def load_mention_head(folder: Path) -> tuple[MentionHead, MentionHeadRecord]:
    """Read a mention head, its weights checked against their hash.

    Raises:
        WeightsCorrupted: a file is damaged, or doesn't fit the other.
    """
    record = read_mention_record(folder)
    file = folder / WEIGHTS_NAME
    remedy = "copy the mention head anew, or train it again"
    try:
        check_sha256(file, record.sha256, remedy=remedy)
        # Nothing is allocated by what the record says before the weights bear it out.
        with torch.device("meta"):
            head = MentionHead(record.width, record.hidden, record.longest, kinds=record.kinds)
        head.load_state_dict(load_file(file), assign=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WeightsCorrupted(f"{file} cannot be read: {first_line(error)}; {remedy}") from error
    return head.float().eval().requires_grad_(False), record


def save_mention_head(folder: Path, head: MentionHead, record: MentionHeadRecord) -> None:
    """Write a mention head into a folder, which is made where needed.

    Args:
        record: its hash is filled in.

    Raises:
        ModelError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: tensor.half().contiguous() for name, tensor in head.state_dict().items()}
        save_file(weights, folder / WEIGHTS_NAME)
        whole = replace(record, sha256=sha256_of(folder / WEIGHTS_NAME))
        (folder / RECORD_NAME).write_text(json.dumps(whole.to_record(), indent=1) + "\n")
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"cannot write a mention head into {folder} ({error}); choose a folder that can be "
            "written"
        ) from error
