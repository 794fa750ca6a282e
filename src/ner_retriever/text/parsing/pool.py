"""Workers that parse: started when needed, kept for the next file, replaced when they fail."""

import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO, cast

from ner_retriever.text.parsing.clock import Clock
from ner_retriever.text.parsing.confinement import MOST_MEMORY
from ner_retriever.text.parsing.frames import (
    ABANDONED,
    CONTENT,
    CONTENT_ENDS,
    MESSAGE,
    BrokenFrame,
    Message,
    decode,
    encode,
    read_frame,
    write_frame,
)
from ner_retriever.text.parsing.outcome import (
    End,
    Failure,
    Found,
    Job,
    Missing,
    SignOfLife,
)

SECONDS_A_FILE = 120.0
# Without the current folder among those of Python's modules: it may be the corpus.
_COMMAND = (sys.executable, "-P", "-m", "ner_retriever.text.parsing.worker")
_SECONDS_TO_END = 2.0
# More are only wanted where several threads read at once.
_MOST_IDLE = 2


class LibraryMissing(Exception):
    """A library that a file's kind needs is not installed."""


class Pool:
    """Workers, one for each file that is being parsed at a time.

    Args:
        command: starts a worker.
        seconds: how long a worker may take for a file, or for a page of one that has to be
            recognised as text; the time it waits for whoever takes the texts does not count.
    """

    def __init__(
        self, command: Sequence[str] = _COMMAND, *, seconds: float = SECONDS_A_FILE
    ) -> None:
        self._command = command
        self._seconds = seconds
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def parse(self, job: Job, content: Iterable[bytes]) -> Iterator[Found]:
        """Parse a file.

        Args:
            content: its bytes, in chunks. What reading it raises is passed on, and the worker
                stays usable.

        Yields:
            What is in the file. A worker that crashes, hangs or runs out of memory is a
            ``Failure``, the last item.

        Raises:
            LibraryMissing: what parses the kind is not installed.
        """
        worker = self._borrow()
        usable = False
        try:
            yield from worker.parse(job, content)
            usable = worker.is_usable
        except _Abandoned as abandoned:
            usable = worker.is_usable
            raise abandoned.cause from None
        except LibraryMissing:
            usable = worker.is_usable
            raise
        finally:
            self._return(worker, usable)

    def close(self) -> None:
        """End the workers that wait for files."""
        with self._lock:
            workers, self._idle = self._idle, []
        for worker in workers:
            worker.end()

    def forget(self) -> None:
        """Leave the workers to the process that this one was forked from."""
        self._lock = threading.Lock()
        self._idle = []

    def _borrow(self) -> "_Worker":
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive():
                    return worker
                worker.kill()
        return _Worker(self._command, self._seconds)

    def _return(self, worker: "_Worker", usable: bool) -> None:
        if usable:
            with self._lock:
                if len(self._idle) < _MOST_IDLE:
                    self._idle.append(worker)
                    return
        worker.kill()


class _Abandoned(Exception):
    """Reading the file failed before the worker had all of it."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _Worker:
    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # So that what it starts in turn can be ended with it.
            start_new_session=True,
        )
        self._incoming = cast(BinaryIO, self._process.stdout)
        self._outgoing = cast(BinaryIO, self._process.stdin)
        self._seconds = seconds
        self._clock = Clock(self._kill_group)
        self.is_usable = False

    def parse(self, job: Job, content: Iterable[bytes]) -> Iterator[Found]:
        self._clock.give(self._seconds)
        self.is_usable = False
        try:
            self._send(job, content)
            while True:
                for message in self._receive():
                    match message:
                        case End():
                            self.is_usable = not message.retires and not self._clock.has_expired
                            return
                        case Missing():
                            self._receive()
                            self.is_usable = True
                            raise LibraryMissing(message.library)
                        case SignOfLife():
                            self._clock.give(self._seconds)
                        case _:
                            yield cast(Found, message)
        except (BrokenFrame, OSError, ValueError):
            yield self._why()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Let it end by itself, which it does once nothing more can come."""
        with suppress(OSError):
            self._outgoing.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        self.kill()

    def kill(self) -> None:
        """End it, and what it has started."""
        self._clock.stop()
        self._kill_group()
        for stream in (self._outgoing, self._incoming):
            with suppress(OSError):
                stream.close()
        # Without this it would stay in the table of processes.
        self._process.wait()

    def _kill_group(self) -> None:
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def _send(self, job: Job, content: Iterable[bytes]) -> None:
        self._write(MESSAGE, encode([job]))
        chunks = iter(content)
        while True:
            try:
                chunk = next(chunks, None)
            except BaseException as error:
                self._write(ABANDONED)
                self._receive()
                self.is_usable = True
                raise _Abandoned(error) from error
            if chunk is None:
                self._write(CONTENT_ENDS)
                return
            self._write(CONTENT, chunk)

    def _write(self, kind: bytes, content: bytes = b"") -> None:
        with self._clock.counting():
            write_frame(self._outgoing, kind, content)

    def _receive(self) -> list[Message]:
        with self._clock.counting():
            return decode(read_frame(self._incoming)[1])

    def _why(self) -> Failure:
        if self._clock.has_expired:
            return Failure(
                message=f"was not parsed within {self._seconds:g} seconds; "
                "split it, or skip it with --on-error skip",
                reason="too slow",
            )
        self._kill_group()
        code = self._process.wait()
        return Failure(
            message=f"its parser ended with code {code}, as it does when a file is broken or "
            f"needs more than {MOST_MEMORY >> 30} GiB of memory; check it, "
            "or skip it with --on-error skip",
            reason="parser failed",
        )


POOL = Pool()
atexit.register(POOL.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.forget)
