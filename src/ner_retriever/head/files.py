"""A head on disk: ``head.safetensors`` and ``head.json``, never pickle.

head.json names what the head was trained on; a head is refused for any other backbone or site.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ner_retriever.config import Settings, cache_folder
from ner_retriever.errors import (
    ConfigError,
    FingerprintMismatch,
    ModelError,
    WeightsCorrupted,
    WeightsNotFound,
)
from ner_retriever.head.network import Head

FORMAT = 1
_BUNDLED = Path(__file__).parent / "bundled"
_WEIGHTS, _RECORD = "head.safetensors", "head.json"
_WIDEST = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadRecord(Settings):
    """What head.json holds.

    Attributes:
        backbone: fingerprint of the weights that the head was trained on.
        site: fingerprint of site, prefix and template (``Preset.site_fingerprint``).
        width, hidden, dimensions: of the layers.
        sha256: of head.safetensors.
        notes: where the head comes from and what it was measured to do.
    """

    backbone: str
    site: str
    width: int
    hidden: int
    dimensions: int
    sha256: str = ""
    format: int = FORMAT
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ConfigError(f"a head of format {self.format}; this version reads {FORMAT}")
        for name in ("width", "hidden", "dimensions"):
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 < value <= _WIDEST:
                raise ConfigError(f"a head's {name} must be 1 to {_WIDEST}, not {value!r}")


def find_head(name: str) -> Path:
    """Return a head's folder: a given folder, a bundled head, or an imported one.

    Raises:
        WeightsNotFound: there is none of that name.
    """
    for folder in (Path(name), _BUNDLED / name, imported_heads() / name):
        if (folder / _RECORD).is_file():
            return folder
    raise WeightsNotFound(
        f"no head {name!r}: no folder of that name holds {_RECORD}, none is bundled, none was "
        f"imported; the published one for llama-3.1-8b is read with: ner-retriever heads import"
    )


def imported_heads() -> Path:
    """Return the folder of imported heads."""
    return cache_folder() / "heads"


def load_head(folder: Path) -> tuple[Head, HeadRecord]:
    """Read a head, its weights checked against their hash and shapes.

    Raises:
        WeightsCorrupted: a file is damaged, or doesn't fit the other.
    """
    remedy = "copy the head anew, or train it again"
    try:
        record = HeadRecord.from_record(json.loads((folder / _RECORD).read_bytes()))
        data = (folder / _WEIGHTS).read_bytes()
    except (OSError, ValueError, TypeError, ConfigError) as error:
        raise WeightsCorrupted(f"the head in {folder} cannot be read: {error}; {remedy}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != record.sha256:
        raise WeightsCorrupted(
            f"{folder / _WEIGHTS} is damaged or another file (sha256 {found[:12]}…, expected "
            f"{record.sha256[:12]}…); {remedy}"
        )
    head = Head(record.width, record.hidden, record.dimensions)
    try:
        head.load_state_dict(load_file(folder / _WEIGHTS))
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsCorrupted(
            f"the head in {folder} cannot be read: {reason}; {remedy}"
        ) from error
    return head.eval().requires_grad_(False), record


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
        save_file(weights, folder / _WEIGHTS)
        record = HeadRecord(
            backbone=backbone,
            site=site,
            width=head.width,
            hidden=head.first.out_features,
            dimensions=head.dimensions,
            sha256=hashlib.sha256((folder / _WEIGHTS).read_bytes()).hexdigest(),
            notes=notes,
        )
        (folder / _RECORD).write_text(json.dumps(record.to_record(), indent=1) + "\n")
    except OSError as error:
        raise ModelError(f"cannot write a head into {folder}: {error.strerror}") from error


def check_head(record: HeadRecord, *, backbone: str, site: str) -> None:
    """Refuse a head that was trained on another backbone or site.

    Raises:
        FingerprintMismatch: naming what differs.
    """
    for what, trained, given in (
        ("backbone", record.backbone, backbone),
        ("site", record.site, site),
    ):
        if trained != given:
            raise FingerprintMismatch(
                f"the head was trained on another {what} ({trained}, not {given}); "
                "use the preset that it was trained for, or train a head for this one"
            )
