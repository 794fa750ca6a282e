"""What an index was made with: one JSON file in its folder.

An index can only be searched with the backbone, site and head that filled it. The manifest holds
their fingerprints, so that opening an index with others is an error and never a wrong answer.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ner_retriever.errors import (
    FingerprintMismatch,
    IndexNotFound,
    IndexVersionError,
    StoreError,
)
from ner_retriever.index.checksums import CHECKSUM, with_checksum, without_checksum
from ner_retriever.index.syncing import write_whole
from ner_retriever.index.vector_layout import Numbers

SCHEMA_VERSION = 4
FINGERPRINTED = ("backbone", "site", "head", "detector")
MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an index was made with.

    Attributes:
        schema_version: version of the layout on disk.
        package_version: version of this package that made the index.
        created: when, ISO 8601 in UTC.
        preset: name of the preset.
        dimensions: length of a mention's vector.
        context_dimensions: length of a sentence's vector; 0 where sentences have none.
        numbers: what vectors are kept as.
        fingerprints: a fingerprint each of ``backbone``, ``site``, ``head`` and ``detector``.
        settings: whatever else is needed to open the index again; JSON values.
    """

    schema_version: int = SCHEMA_VERSION
    package_version: str
    created: str
    preset: str
    dimensions: int
    context_dimensions: int = 0
    numbers: Numbers = "int8"
    fingerprints: Mapping[str, str]
    settings: Mapping[str, Any]


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write the manifest of the index folder ``path``; a crash leaves the old one or the new one.

    Raises:
        StoreError: the folder cannot be written.
    """
    target = path / MANIFEST_NAME
    record = with_checksum(asdict(manifest))
    content = json.dumps(record, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_whole(target, content)
    except OSError as error:
        raise StoreError(
            f"cannot write {target}: {error.strerror or error}; check that the folder can be "
            "written and that the disk has room"
        ) from error


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of the index folder ``path``.

    Raises:
        IndexNotFound: there is no index.
        IndexVersionError: it was written by another version of the layout.
        StoreError: the manifest is damaged.
    """
    source = path / MANIFEST_NAME
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexNotFound(
            f"no index at {path}; make one with: ner-retriever index SOURCE --out {path}"
        ) from error
    except OSError as error:
        raise StoreError(
            f"cannot read {source}: {error.strerror or error}; check its permissions"
        ) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(source, f"not JSON ({error})") from error
    if not isinstance(content, dict):
        raise _damaged(source, "not a JSON object")
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        raise IndexVersionError(
            f"the index at {path} has layout version {version!r}, this package reads "
            f"{SCHEMA_VERSION}; open it with the version of ner-retriever that made it "
            f"({content.get('package_version', 'unknown')}), or make it again with --replace"
        )
    expected = {field.name for field in fields(Manifest)}
    found = set(content) - {CHECKSUM}
    if found != expected:
        raise _damaged(source, _difference(found, expected))
    if not isinstance(content["settings"], dict):
        raise _damaged(source, "settings: not a JSON object")
    fingerprints = content["fingerprints"]
    if not isinstance(fingerprints, dict) or fingerprints.keys() != set(FINGERPRINTED):
        named = set(fingerprints) if isinstance(fingerprints, dict) else set()
        raise _damaged(source, f"fingerprints: {_difference(named, set(FINGERPRINTED))}")
    try:
        return Manifest(**without_checksum(content, required=True))
    except ValueError as error:
        raise _damaged(source, str(error)) from error


def check_fingerprints(manifest: Manifest, current: Mapping[str, str]) -> None:
    """Check that an index was made with what is in use now.

    Args:
        manifest: what the index was made with.
        current: fingerprints of what is in use; a key that is left out is not compared.

    Raises:
        FingerprintMismatch: some differ.
    """
    differing = [
        f"{name} {manifest.fingerprints[name]} (now {current[name]})"
        for name in FINGERPRINTED
        if name in current and current[name] != manifest.fingerprints[name]
    ]
    if differing:
        raise FingerprintMismatch(
            f"the index was made with {', '.join(differing)}; open it with the models of preset "
            f"{manifest.preset!r} that made it, or make it again with --replace"
        )


def _difference(found: set[str], expected: set[str]) -> str:
    missing = ", ".join(sorted(expected - found)) or "none"
    unknown = ", ".join(sorted(found - expected)) or "none"
    return f"missing keys: {missing}; unknown keys: {unknown}"


def _damaged(source: Path, what: str) -> StoreError:
    return StoreError(
        f"{source} is damaged: {what}; restore it from a copy, or make the index again with "
        "--replace"
    )
