"""What a worker may not do: outgrow its memory, reach out, or outlive who started it."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

MOST_MEMORY = 2 << 30
_SECONDS_BETWEEN_LOOKS = 1.0
_NETWORK = ("socket.", "urllib.", "ftplib.", "smtplib.", "http.client.")
_PROGRAMS = ("os.system", "os.exec", "os.spawn", "os.startfile")
_STARTED = {"tesseract"}


def confine() -> None:
    """Bound this process; call it once, before anything of a file is looked at."""
    _bound_memory()
    sys.addaudithook(_refuse)
    if hasattr(os, "getppid"):
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def bound_processor_time(seconds: float) -> None:
    """End this process once it has computed for that long from now.

    The process that asks watches the clock. This bound holds even if it was killed while a library
    that never returns keeps every other thread of the worker from running.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = usage.ru_utime + usage.ru_stime
        hardest = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 1, hardest))


def has_grown_past(size: int) -> bool:
    """Whether this process holds more than so many bytes, where the system tells.

    On Linux, the most that a process has held is told with what the one that started it held.
    """
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") > size
    try:
        import resource
    except ImportError:
        return False
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > size


def _bound_memory() -> None:
    # Windows has no such bound, and macOS does not keep it.
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_NETWORK):
        raise PermissionError(f"parsers have no network ({event})")
    if event.startswith(_PROGRAMS) or (
        event == "subprocess.Popen" and Path(str(arguments[0])).stem not in _STARTED
    ):
        raise PermissionError(f"parsers start no programs ({event})")


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    # With it goes what the worker itself has started.
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
