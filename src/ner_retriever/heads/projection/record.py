"""What a head says of itself, and where it is; read without loading a model library."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ner_retriever.config import Settings, cache_folder
from ner_retriever.errors import ConfigError, WeightsCorrupted, WeightsNotFound
from ner_retriever.heads.records import check_trained_on, read_record_file

FORMAT = 1
WEIGHTS_NAME, RECORD_NAME = "head.safetensors", "head.json"
# PEFT's name for such a file.
ADAPTER_NAME = "adapter_model.safetensors"
# A context head's folder, beside the head that it was trained with.
CONTEXT_NAME = "context"
_BUNDLED = Path(__file__).parent.parent / "bundled"
_WIDEST = 1 << 16
# A query's first number in a head with a bank, before it is scaled to length 1. The smaller, the
# more room b takes in a mention's vector; the larger, the more of a query's.
BANK_WEIGHT = 0.5
# τ of the bank, and the detection score below which none counts for less.
TEMPERATURE, LEAST_SCORE = 0.07, 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadRecord(Settings):
    """What head.json holds.

    Attributes:
        backbone: fingerprint of the weights that the head was trained on.
        site: fingerprint of site, prefix and template (``Preset.site_fingerprint``).
        width, hidden, dimensions: of the layers.
        bank: type names in its bank.
        skip: whether a linear path runs beside the layers.
        detection: weight of the logarithm of a mention's detection score; needs a bank.
        sha256: of head.safetensors.
        context: sha256 of the weights of the context head that was trained with the head; empty for
            none.
        context_weight: of a sentence's cosine beside a mention's.
        adapter: sha256 of the backbone's low-rank updates that the head was trained with; empty
            where the backbone is as published.
        notes: where the head comes from and what it was measured to do.
    """

    backbone: str
    site: str
    width: int
    hidden: int
    dimensions: int
    bank: int = 0
    detection: float = 0.0
    skip: bool = False
    sha256: str = ""
    adapter: str = ""
    context: str = ""
    context_weight: float = 0.0
    format: int = FORMAT
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ConfigError(f"a head of format {self.format}; this version reads {FORMAT}")
        if not 0 <= self.context_weight <= 1 or (self.context_weight > 0) != bool(self.context):
            raise ConfigError(
                "a head's context_weight must be 0 to 1, and 0 without a context head, not "
                f"{self.context_weight!r}"
            )
        for name in ("backbone", "site", "sha256", "adapter", "context"):
            if not isinstance(getattr(self, name), str):
                raise ConfigError(f"a head's {name} must be a string, not {getattr(self, name)!r}")
        for name in ("width", "hidden", "dimensions"):
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 < value <= _WIDEST:
                raise ConfigError(f"a head's {name} must be 1 to {_WIDEST}, not {value!r}")
        if not isinstance(self.bank, int) or not 0 <= self.bank <= _WIDEST:
            raise ConfigError(f"a head's bank must be 0 to {_WIDEST}, not {self.bank!r}")
        if not 0 <= self.detection <= (1 if self.bank else 0):
            raise ConfigError(
                f"a head's detection must be 0 to 1, and 0 without a bank, not {self.detection!r}"
            )

    @property
    def fingerprint(self) -> str:
        """Names the weights of head, adapter and context head, and what they are weighted with."""
        parts = [self.sha256[:16]]
        if self.adapter:
            parts.append(self.adapter[:16])
        if self.detection:
            parts.append(f"{self.detection:g}")
        if self.context:
            parts.append(f"{self.context[:16]}*{self.context_weight:g}")
        return "-".join(parts)


def shares(context_weight: float) -> tuple[float, float]:
    """Return what a mention's own vector and its sentence's are multiplied by, to be joined.

    With m and c the unit vectors of a mention and of its sentence, q and r those that a query is
    compared with them by, and w the context's weight, a mention's score is (m·q + w c·r) / (1 + w).
    That is the dot product of (√(1/(1+w)) m, √(w/(1+w)) c) with the same of q and r. Both have
    length 1, so that what searches, averages or keeps such vectors need not know of their parts.

    Args:
        context_weight: w, at least 0.
    """
    whole = 1 + context_weight
    return math.sqrt(1 / whole), math.sqrt(context_weight / whole)


def find_head(name: str) -> Path:
    """Return a head's folder: a given folder, a bundled head, or an imported one.

    Raises:
        WeightsNotFound: there is none of that name.
    """
    for folder in (Path(name), _BUNDLED / name, imported_heads() / name):
        if (folder / RECORD_NAME).is_file():
            return folder
    raise WeightsNotFound(
        f"no head {name!r}: no folder of that name holds {RECORD_NAME}, none is bundled, none was "
        f"imported; the published one for llama-3.1-8b is read with: ner-retriever heads import"
    )


def imported_heads() -> Path:
    """Return the folder of imported heads."""
    return cache_folder() / "heads"


def read_record(folder: Path) -> HeadRecord:
    """Read a head's record.

    Raises:
        WeightsCorrupted: it is damaged.
    """
    return read_record_file(folder / RECORD_NAME, HeadRecord)


def context_folder(folder: Path, record: HeadRecord) -> Path | None:
    """Return the folder of a head's context head; ``None`` where it has none.

    Raises:
        WeightsCorrupted: what lies there is another one.
    """
    if not record.context:
        return None
    found = folder / CONTEXT_NAME
    if read_record(found).sha256 != record.context:
        raise WeightsCorrupted(
            f"{found} holds another context head than {folder / RECORD_NAME} names; copy the head "
            "anew, or train it again"
        )
    return found


def check_head(record: HeadRecord, *, backbone: str, site: str) -> None:
    """Refuse a head that was trained on another backbone or site.

    Raises:
        FingerprintMismatch: naming what differs.
    """
    check_trained_on(
        "head",
        {"backbone": record.backbone, "site": record.site},
        {"backbone": backbone, "site": site},
        remedy="use the preset that it was trained for, or train a head for this one",
    )
