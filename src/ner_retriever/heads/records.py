"""What all heads' records have in common: how they are read, and what they are checked for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError, FingerprintMismatch, WeightsCorrupted

Record = TypeVar("Record", bound=Settings)


def read_record_file(file: Path, kind: type[Record]) -> Record:
    """Read a head's record.

    Raises:
        WeightsCorrupted: it is damaged.
    """
    try:
        return kind.from_record(json.loads(file.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError, ConfigError) as error:
        raise WeightsCorrupted(
            f"{file} cannot be read: {error}; copy the head anew, or train it again"
        ) from error


def check_trained_on(
    head: str, trained: Mapping[str, str], given: Mapping[str, str], *, remedy: str
) -> None:
    """Refuse a head that was trained on something else.

    Args:
        head: what it is called.
        trained, given: fingerprints by what they are of; both have the same keys.

    Raises:
        FingerprintMismatch: naming the first that differs.
    """
    for what, expected in trained.items():
        if given[what] != expected:
            raise FingerprintMismatch(
                f"the {head} was trained on another {what} ({expected[:40] or 'none'}, not "
                f"{given[what][:40] or 'none'}); {remedy}"
            )
