"""What a mention head says of itself, and where it is; read without loading a model library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ner_retriever.config import Settings, fingerprint
from ner_retriever.errors import ConfigError, WeightsNotFound
from ner_retriever.heads.records import check_trained_on, read_record_file

FORMAT = 1
WEIGHTS_NAME, RECORD_NAME = "mention_head.safetensors", "mention_head.json"
# Beside the head of a preset, whose adapter it was trained with.
FOLDER_NAME = "mentions"
# Of the network that every record describes: words that a convolution sees, convolutions, width of
# what a run's first and last word are compared in.
KERNEL, CONVOLUTIONS, BOUNDARY = 5, 2, 64
# Neither the first nor the last word of a block, the first, the last, both.
EDGES = 4
_WIDEST = 1 << 16
_LONGEST = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionHeadRecord(Settings):
    """What mention_head.json holds.

    Attributes:
        backbone: fingerprint of the weights whose states the mention head was trained on.
        site: fingerprint of site, prefix and template (``Preset.site_fingerprint``).
        adapter: sha256 of the low-rank updates that the backbone had; empty for none.
        width, hidden: of the backbone's states, and of the mention head's own.
        longest: words in a mention at most.
        threshold: least detection score of a mention that is kept.
        nested: least share of the best overlapping mention's score that a mention needs to be kept
            beside it.
        kinds: whether it tells names from ordinary nouns.
        borders: whether it knows where a block of the text begins and ends.
        sha256: of mention_head.safetensors.
        notes: where the mention head comes from and what it was measured to do.
    """

    backbone: str
    site: str
    adapter: str
    width: int
    hidden: int
    longest: int
    threshold: float
    nested: float
    kinds: bool = False
    borders: bool = False
    sha256: str = ""
    format: int = FORMAT
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ConfigError(
                f"a mention head of format {self.format}; this version reads {FORMAT}"
            )
        for name, most in (("width", _WIDEST), ("hidden", _WIDEST), ("longest", _LONGEST)):
            if not 0 < getattr(self, name) <= most:
                raise ConfigError(
                    f"a mention head's {name} must be 1 to {most}, not {getattr(self, name)!r}"
                )
        for name in ("threshold", "nested"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f"a mention head's {name} must be 0 to 1, not {getattr(self, name)!r}"
                )

    @property
    def fingerprint(self) -> str:
        """Names all that decides which mentions are found."""
        record = self.to_record()
        return fingerprint({key: record[key] for key in record if key != "notes"})


def has_mention_head(head: Path) -> bool:
    """Return whether a mention head lies beside a head."""
    return (head / FOLDER_NAME / RECORD_NAME).is_file()


def mention_head_of(head: Path | None, *, given: str | None = None) -> Path:
    """Return a mention head's folder: the given one, or the one that lies beside a head.

    Raises:
        WeightsNotFound: there is none.
    """
    if given:
        if (Path(given) / RECORD_NAME).is_file():
            return Path(given)
        raise WeightsNotFound(
            f"no mention head in {given}: a folder with {RECORD_NAME} is needed, as "
            "ner-retriever train-detector writes it"
        )
    if head and has_mention_head(head):
        return head / FOLDER_NAME
    raise WeightsNotFound(
        "the preset's head has no mention head beside it; train one with ner-retriever "
        "train-detector and name it with --detector mention-head:FOLDER, or choose --detector spacy"
    )


def read_mention_record(folder: Path) -> MentionHeadRecord:
    """Read a mention head's record.

    Raises:
        WeightsCorrupted: it is damaged.
    """
    return read_record_file(folder / RECORD_NAME, MentionHeadRecord)


def check_mention_head(
    record: MentionHeadRecord, *, backbone: str, site: str, adapter: str
) -> None:
    """Refuse a mention head that was trained on other states.

    Raises:
        FingerprintMismatch: naming what differs.
    """
    check_trained_on(
        "mention head",
        {"backbone": record.backbone, "site": record.site, "adapter": record.adapter},
        {"backbone": backbone, "site": site, "adapter": adapter},
        remedy="train one for this preset with: ner-retriever train-detector",
    )
