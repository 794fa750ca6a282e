"""How many threads run a model on a processor."""

import os


def threads() -> int:
    """Return ``OMP_NUM_THREADS``, else as many as the process may use processors."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given):
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def batch_tokens() -> int:
    """Return as few tokens a batch as keep the threads busy: the less of it is padding."""
    return max(512, 256 * threads())
