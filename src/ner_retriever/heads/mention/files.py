"""A mention head on disk: ``mention_head.safetensors`` and ``mention_head.json``."""

from dataclasses import replace
from pathlib import Path

from ner_retriever.hashing import sha256_of
from ner_retriever.heads.files import load_weights, write_record, write_weights
from ner_retriever.heads.mention.network import MentionHead
from ner_retriever.heads.mention.record import (
    RECORD_NAME,
    WEIGHTS_NAME,
    MentionHeadRecord,
    read_mention_record,
)


def load_mention_head(folder: Path) -> tuple[MentionHead, MentionHeadRecord]:
    """Read a mention head, its weights checked against their hash.

    Raises:
        WeightsCorrupted: a file is damaged, or doesn't fit the other.
    """
    record = read_mention_record(folder)

    def make() -> MentionHead:
        return MentionHead(
            record.width,
            record.hidden,
            record.longest,
            kinds=record.kinds,
            borders=record.borders,
        )

    return load_weights(folder / WEIGHTS_NAME, record.sha256, make), record


def save_mention_head(folder: Path, head: MentionHead, record: MentionHeadRecord) -> None:
    """Write a mention head, in half precision, into a folder, which is made where needed.

    Args:
        record: its hash is filled in.

    Raises:
        ModelError: the folder cannot be written.
    """
    half = {name: tensor.half() for name, tensor in head.state_dict().items()}
    write_weights(folder / WEIGHTS_NAME, half)
    whole = replace(record, sha256=sha256_of(folder / WEIGHTS_NAME))
    write_record(folder / RECORD_NAME, whole.to_record())
