"""What every benchmark here needs: medians, the machine's peak, the record's frame."""

import json
import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ner_retriever import environment

REPEATS = 5
_MATRIX = 2048
_MATRIX_REPEATS = 9


def seconds(action: Callable[[], object]) -> float:
    """Run an action once and return how long it took."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def summary(values: Iterable[float]) -> dict[str, float]:
    """Return the median of some values, and the least and the largest of them."""
    found = sorted(values)
    return {"median": statistics.median(found), "least": found[0], "largest": found[-1]}


def rates(amounts: Sequence[float], times: Sequence[float]) -> dict[str, float]:
    """Return the median rate of runs, each of which did an amount of work in a time."""
    return summary(amount / took for amount, took in zip(amounts, times, strict=True))


def matrix_peak() -> float:
    """Return how many operations a second torch's product of float32 matrices does, a median.

    With as many threads as everything else in the process has.
    """
    import torch

    left, right = torch.rand(_MATRIX, _MATRIX), torch.rand(_MATRIX, _MATRIX)
    torch.mm(left, right)
    times = [seconds(lambda: torch.mm(left, right)) for _ in range(_MATRIX_REPEATS)]
    return 2 * _MATRIX**3 / statistics.median(times)


def peak_bytes() -> int:
    """Return the most memory that this process has held.

    Not from getrusage, whose figure a child inherits from the process that started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def write_record(name: str, rows: object, file: Path, **more: Any) -> None:
    """Write what was measured, with where and with what, as JSON."""
    record = {
        "name": name,
        "machine": environment.machine(),
        "versions": environment.versions(),
        "commit": environment.commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
        "rows": rows,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record, indent=1) + "\n")
