"""Models that a user names by a folder or a hub id."""

import hashlib
from pathlib import Path

from ner_retriever.errors import WeightsNotFound

_FILES = {".json", ".safetensors", ".bin"}


def model_identity(source: str) -> str:
    """Name a model for a fingerprint.

    Args:
        source: a folder or a hub id.

    Returns:
        For a folder, a digest of its configuration and weight files, so that a folder may move
        but not change. Otherwise the id as given.
    """
    folder = Path(source)
    if not folder.is_dir():
        return source
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _FILES:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256")
            digest.update(path.name.encode() + content.digest())
    return f"sha256-{digest.hexdigest()[:16]}"


def not_loaded(kind: str, source: str, error: Exception) -> WeightsNotFound:
    """Say on one line why a model did not load."""
    reason = " ".join(str(error).split())[:200]
    return WeightsNotFound(
        f"no {kind} could be loaded from {source!r} ({reason}); "
        "name a folder that holds one, or a hub id and be online the first time"
    )
