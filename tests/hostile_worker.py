"""A worker that has more parsers: such as never end, crash, or want all memory."""

import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from ner_retriever.text.parsing import kinds, worker
from ner_retriever.text.parsing.outcome import Job, Parsed, Text


def hang(_: bytes, __: Job) -> Parsed:
    yield Text(text="begun")
    time.sleep(600)


def hang_with_child(content: bytes, _: Job) -> Parsed:
    child = os.fork()
    if not child:
        time.sleep(600)
    yield Text(text=str(child))
    time.sleep(600)


def start_program(_: bytes, __: Job) -> Parsed:
    subprocess.run(["sleep", "0"], check=True)
    yield Text(text="never")


def crash(_: bytes, __: Job) -> Parsed:
    yield Text(text="begun")
    os.kill(os.getpid(), signal.SIGSEGV)


def eat(_: bytes, __: Job) -> Parsed:
    held: list[Any] = []
    while True:
        held.append(bytearray(64 << 20))
    yield Text(text="never")


def connect(_: bytes, __: Job) -> Parsed:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
    yield Text(text="never")


def print_much(_: bytes, __: Job) -> Parsed:
    print("what a library says" * 1_000)  # noqa: T201
    sys.stdout.flush()
    os.write(1, b"even past Python")
    yield Text(text=str(os.getpid()))


kinds.PARSERS.update(
    {
        f".{name}": f"hostile_worker:{name}"
        for name in (
            *("hang", "hang_with_child", "crash", "eat"),
            *("connect", "start_program", "print_much"),
        )
    }
)

if __name__ == "__main__":
    worker.main()
