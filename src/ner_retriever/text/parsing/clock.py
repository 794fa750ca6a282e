"""A bound on the time that something takes, kept by a thread that looks at the clock now and then.

A timer for each wait would take longer than most of what is waited for.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS_BETWEEN_LOOKS = 0.1


class Clock:
    """Takes time from a budget, and calls ``expire``, once, when none is left.

    Args:
        expire: called by another thread, while what is timed still goes on.
    """

    def __init__(self, expire: Callable[[], None]) -> None:
        self.has_expired = False
        self._expire = expire
        self._left = 0.0
        self._deadline = math.inf
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def give(self, seconds: float) -> None:
        """Set the budget."""
        self._left = seconds

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Take what the block takes from the budget."""
        start = time.monotonic()
        with self._lock:
            self._deadline = start + self._left
        try:
            yield
        finally:
            with self._lock:
                self._deadline = math.inf
            self._left -= time.monotonic() - start

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(_SECONDS_BETWEEN_LOOKS):
            # With the lock, so that what has just ended in time is not taken for late.
            with self._lock:
                if time.monotonic() > self._deadline:
                    self.has_expired = True
                    self._expire()
                    return
