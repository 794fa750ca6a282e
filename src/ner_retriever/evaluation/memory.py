"""The peak of memory while something was measured."""

from pathlib import Path

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")

MEMORY_METHOD = (
    "peak resident set of the process while the system indexed and answered, less its resident set "
    "before; models are loaded before and not counted; Linux only"
)


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
