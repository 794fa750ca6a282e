"""The folder of fetched and converted models. An entry appears whole or not at all."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ner_retriever.errors import ModelError, WeightsCorrupted
from ner_retriever.hashing import check_sha256, sha256_of

_RECORD = "source.json"
_HASHED = (".safetensors", ".onnx")


@contextmanager
def new_entry(target: Path, fingerprint: str) -> Iterator[Path]:
    """Fill a temporary folder, then put it in place with a record of its weights' hashes.

    Raises:
        ModelError: the cache cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    except OSError as error:
        raise ModelError(
            f"cannot write to the model cache {target.parent} ({error.strerror}); "
            "set NER_RETRIEVER_CACHE to a folder that can be written"
        ) from error
    try:
        yield folder
        files = sorted(file for file in folder.iterdir() if file.suffix in _HASHED)
        hashes = {file.name: sha256_of(file) for file in files}
        record = {"fingerprint": fingerprint, "sha256": hashes}
        (folder / _RECORD).write_text(json.dumps(record, indent=1))
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
    except OSError as error:
        raise ModelError(
            f"cannot fill the model cache {target} ({error.strerror}); "
            "free some space or set NER_RETRIEVER_CACHE to another folder"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_entry(folder: Path, fingerprint: str, *, name: str) -> None:
    """Check a cached model against the hashes taken when it was put there.

    Args:
        name: by which it is fetched anew.

    Raises:
        WeightsCorrupted: a file is missing or has changed, or the entry is of another source.
    """
    remedy = f"fetch it anew: ner-retriever models fetch --force {name}"
    try:
        record = json.loads((folder / _RECORD).read_bytes())
        recorded, hashes = record["fingerprint"], dict(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsCorrupted(f"{folder} has no readable {_RECORD}; {remedy}") from error
    if recorded != fingerprint:
        raise WeightsCorrupted(f"{folder} is of another source ({recorded}); {remedy}")
    for file, expected in hashes.items():
        check_file(folder / file, expected, remedy=remedy)


def check_file(file: Path, expected: str, *, remedy: str) -> None:
    """Check a file against its sha256.

    Raises:
        WeightsCorrupted: it is missing or is not the file that was meant.
    """
    if not file.is_file():
        raise WeightsCorrupted(f"{file} is missing; {remedy}")
    check_sha256(file, expected, remedy=remedy)
