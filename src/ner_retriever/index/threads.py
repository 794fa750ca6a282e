"""How many threads read an index."""

import os

# Below this, starting threads costs more than they save.
_ROWS_A_THREAD = 65_536


def threads_for(mentions: int) -> int:
    """How many threads scan so many mentions; 1 where starting threads would cost more."""
    return max(1, min(_processors(), mentions // _ROWS_A_THREAD))


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
