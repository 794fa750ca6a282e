"""A projection head on disk: ``head.safetensors``, ``head.json``, an adapter, a context head.

head.json names what the head was trained on; a head is refused for any other backbone or site.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ner_retriever.errors import ModelError
from ner_retriever.hashing import check_sha256, sha256_of
from ner_retriever.heads.files import load_weights, write_record, write_weights
from ner_retriever.heads.projection.network import ProjectionHead
from ner_retriever.heads.projection.record import (
    ADAPTER_NAME,
    CONTEXT_NAME,
    RECORD_NAME,
    WEIGHTS_NAME,
    HeadRecord,
    context_folder,
    read_record,
)
from ner_retriever.heads.weights import REMEDY


def load_head(folder: Path) -> tuple[ProjectionHead, HeadRecord]:
    """Read a head, its weights and its adapter's checked against their hashes.

    Raises:
        WeightsCorrupted: a file is damaged, or doesn't fit the other.
    """
    record = read_record(folder)

    def make() -> ProjectionHead:
        return ProjectionHead(
            record.width,
            record.hidden,
            record.dimensions,
            bank=record.bank,
            detection=record.detection,
            skip=record.skip,
        )

    head = load_weights(folder / WEIGHTS_NAME, record.sha256, make)
    if record.adapter:
        check_sha256(folder / ADAPTER_NAME, record.adapter, remedy=REMEDY)
    return head, record


def load_context_head(folder: Path, record: HeadRecord) -> ProjectionHead | None:
    """Read the context head that was trained with a head; ``None`` where it has none.

    Raises:
        WeightsCorrupted: it is damaged, or another one.
    """
    found = context_folder(folder, record)
    return load_head(found)[0] if found else None


def save_head(
    folder: Path,
    head: ProjectionHead,
    *,
    backbone: str,
    site: str,
    notes: Mapping[str, Any],
    adapter: Mapping[str, Tensor] | None = None,
    context_weight: float = 0.0,
) -> HeadRecord:
    """Write a head into a folder, which is made where needed, and return its record.

    Args:
        adapter: the backbone's low-rank updates, as `merge_adapter` reads them.
        context_weight: of the context head that lies in the folder's ``context``; 0 for none.

    Raises:
        ModelError: the folder cannot be written.
    """
    write_weights(folder / WEIGHTS_NAME, head.state_dict())
    try:
        if not adapter:
            (folder / ADAPTER_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"cannot write a head into {folder} ({error.strerror})") from error
    if adapter:
        write_weights(folder / ADAPTER_NAME, adapter)
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
        context=sha256_of(folder / CONTEXT_NAME / WEIGHTS_NAME) if context_weight else "",
        context_weight=context_weight,
        notes=notes,
    )
    write_record(folder / RECORD_NAME, record.to_record())
    return record
