"""Which model a path or a hub id stands for."""

import hashlib
from pathlib import Path

_SUFFIXES = {".json", ".safetensors", ".bin"}


def model_identity(source: str) -> str:
    """Name a model for a fingerprint.

    Args:
        source: a folder or a hub id.

    Returns:
        For a folder, a digest of its configuration and weight files, so that a moved folder
        stays the same model and a retrained one does not. Otherwise the id as given.
    """
    folder = Path(source)
    if not folder.is_dir():
        return source
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256-{digest.hexdigest()[:16]}"
