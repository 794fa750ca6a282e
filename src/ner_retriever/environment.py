"""Where and with what a result was measured, and the peak of memory while it was."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

_PACKAGES = (
    "ner-retriever",
    "bm25s",
    "ir-measures",
    "numpy",
    "onnxruntime",
    "peft",
    "sentence-transformers",
    "spacy",
    "torch",
    "transformers",
)
_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")

MEMORY_METHOD = (
    "peak resident set of the process while the system indexed and answered, less its resident set "
    "before; models are loaded before and not counted; Linux only"
)


def versions() -> dict[str, str]:
    """Versions of Python and of the installed packages that a result depends on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int | None]:
    """Processor, cores, system, and the accelerator if torch is loaded and has one."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "accelerator": _accelerator(),
    }


def commit() -> str | None:
    """The commit that the package runs from, ``+changes`` added where files differ from it.

    ``None`` for an installed package, or without git.
    """
    git = shutil.which("git")
    root = Path(__file__).resolve().parents[2]
    if git is None or not (root / ".git").exists():
        return None
    head = _git(git, root, "rev-parse", "HEAD")
    if not head:
        return None
    return f"{head}+changes" if _git(git, root, "status", "--porcelain", "-uno") else head


class PeakMemory:
    """The growth of the process's memory inside a ``with`` block, see `MEMORY_METHOD`.

    Attributes:
        bytes: the growth, after the block; ``None`` where the system does not tell.
    """

    def __init__(self) -> None:
        self.bytes: int | None = None
        self._before: int | None = None

    def __enter__(self) -> "PeakMemory":
        try:
            # 5 sets the kernel's peak to the present resident set (proc(5)).
            _CLEAR_REFS.write_text("5")
        except OSError:
            return self
        self._before = _status_bytes("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        peak = _status_bytes("VmHWM")
        if self._before is not None and peak is not None:
            self.bytes = max(0, peak - self._before)


def _status_bytes(field: str) -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _accelerator() -> str | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name())


def _git(git: str, root: Path, *arguments: str) -> str:
    command = [git, "-C", str(root), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return result.stdout.strip() if result.returncode == 0 else ""
