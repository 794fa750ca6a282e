"""What becomes of Lance's errors: one line each, with what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ner_retriever.errors import StoreError


@contextmanager
def reading_store(folder: Path | str) -> Iterator[None]:
    """Turn what Lance raises while it reads into a ``StoreError``."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(folder, error) from error
    except BaseException as error:
        # What Rust raises where it gives up is no Exception, and has no name that can be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable(folder, error) from error


@contextmanager
def writing_store(folder: Path | str) -> Iterator[None]:
    """Turn what Lance raises while it writes into a ``StoreError``."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise StoreError(
            f"cannot write to {folder}: {_reason(error)}; what was stored before is safe; check "
            "that the folder can be written and that the disk has room, then run again"
        ) from error


def _unreadable(folder: Path | str, error: BaseException) -> StoreError:
    return StoreError(
        f"cannot read {folder}: {_reason(error)}; if another process has just purged the index, "
        "open it again; otherwise restore it from a copy or make it again with --replace"
    )


def _reason(error: BaseException) -> str:
    """Lance's message without its own names and places, on one line."""
    return " ".join(re.sub(r"LanceError\(\w+\): |, \S+\.rs:\d+:\d+", "", str(error)).split())
