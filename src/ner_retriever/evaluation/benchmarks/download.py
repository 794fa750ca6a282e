"""Official downloads: where each benchmark's files are published, and under which licence."""

import shutil
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from ner_retriever.config import offline
from ner_retriever.errors import ConfigError, InputError

_HUB = "https://huggingface.co/datasets"
_BUCKET = "https://storage.googleapis.com/neretrieve_dataset/IR"
_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Source:
    """What is fetched for a benchmark.

    Attributes:
        addresses: one address a file.
        licence: what the files may be used under.
    """

    addresses: tuple[str, ...]
    licence: str


SOURCES = {
    "few-nerd": Source(
        (
            f"{_HUB}/DFKI-SLT/few-nerd/resolve/205f3e9c9f3577ea2561d43f2f62dc249ab92d5b"
            "/supervised/validation-00000-of-00001.parquet",
        ),
        "CC BY-SA 4.0",
    ),
    "multiconer2": Source(
        (
            f"{_HUB}/MultiCoNER/multiconer_v2/resolve/4be2d62c912977ee26ed14d2553a4fe17ca3d980"
            "/EN-English/en_train.conll",
        ),
        "CC BY 4.0",
    ),
    "neretrieve": Source(
        (
            f"{_BUCKET}/NERetrive_IR_corpus.jsonl.bz2",
            f"{_BUCKET}/NERetrive_IR_test.jsonl.bz2",
        ),
        "CC BY-SA 4.0",
    ),
}


def download(name: str, *, folder: Path, announce: Callable[[str], None]) -> Path:
    """Fetch a benchmark's official files, those that are not there yet.

    Args:
        name: the benchmark's name.
        folder: where benchmarks are kept; the files go into ``folder / name``.
        announce: is told address, size and licence of each file before it is fetched; may raise
            to stop.

    Returns:
        The folder with the files.

    Raises:
        ConfigError: the benchmark has no official download.
        InputError: a file cannot be fetched or written, or may not be fetched (offline).
    """
    if name not in SOURCES:
        raise ConfigError(f"the benchmark {name!r} has no official download; pass --data PATH")
    source = SOURCES[name]
    target = folder / name
    for address in source.addresses:
        file = target / address.rsplit("/", 1)[1]
        if file.exists():
            continue
        if offline():
            raise InputError(
                f"{file} is not there, and offline no network is asked; fetch {address} on a "
                "machine with network access and pass its folder with --data"
            )
        part = file.with_name(file.name + ".part")
        try:
            target.mkdir(parents=True, exist_ok=True)
            with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as response:  # noqa: S310
                size = response.headers.get("Content-Length")
                megabytes = f"{int(size) / 1e6:.1f} MB" if size else "size not given"
                announce(f"{address} ({megabytes}, licence {source.licence})")
                with part.open("wb") as out:
                    shutil.copyfileobj(response, out)
            if size and part.stat().st_size != int(size):
                raise OSError(f"{part.stat().st_size} of {size} bytes came")
        except (URLError, OSError) as error:
            raise InputError(
                f"{address} cannot be fetched to {target} ({error}); fetch it on a machine with "
                "network access and pass its folder with --data"
            ) from error
        part.replace(file)
    return target
