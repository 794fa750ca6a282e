"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ner_retriever.errors import IndexLocked, StoreError


@contextmanager
def write_lock(path: Path) -> Iterator[None]:
    """Hold the right to write to the index folder ``path``; never waits.

    The operating system lets go of the lock when the process dies, however it dies.

    Raises:
        IndexLocked: another process holds it.
        StoreError: the folder cannot be written.
    """
    lock = FileLock(path / "write.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise IndexLocked(
            f"another process is writing to {path}; wait until it has finished and try again"
        ) from error
    except OSError as error:
        raise StoreError(
            f"cannot write in {path}: {error.strerror or error}; make the folder writable"
        ) from error
    try:
        yield
    finally:
        lock.release()
