"""How a worker and the process that asks it talk: frames of JSON or of a file's bytes, over pipes.

A frame is a letter, the length of what follows as four bytes, and that.
"""

import json
import struct
from dataclasses import asdict
from typing import Any, BinaryIO

from ner_retriever.text.parsing.outcome import (
    End,
    Failure,
    Job,
    Missing,
    Notice,
    Row,
    SignOfLife,
    Text,
)

MESSAGE, CONTENT, CONTENT_ENDS, ABANDONED = b"M", b"C", b"E", b"A"
_HEADER = struct.Struct(">cI")

Message = Job | Text | Row | Failure | Notice | SignOfLife | Missing | End
_KINDS = {kind.__name__: kind for kind in (Job, Text, Row, Failure, Notice, SignOfLife)} | {
    kind.__name__: kind for kind in (Missing, End)
}
_TUPLES = ("path", "pages", "text_columns", "attached_to")


class BrokenFrame(Exception):
    """The other side ended, or wrote something else than frames."""


def write_frame(stream: BinaryIO, kind: bytes, content: bytes = b"") -> None:
    """Write a frame.

    Raises:
        OSError: the other side has ended.
    """
    stream.write(_HEADER.pack(kind, len(content)))
    stream.write(content)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[bytes, bytes]:
    """Read a frame: its kind and what it holds.

    Raises:
        BrokenFrame: the other side has ended.
    """
    kind, length = _HEADER.unpack(_exactly(stream, _HEADER.size))
    return kind, _exactly(stream, length)


def encode(messages: list[Message]) -> bytes:
    """Write messages as JSON."""
    return json.dumps([[type(message).__name__, asdict(message)] for message in messages]).encode()


def decode(content: bytes) -> list[Message]:
    """Read messages that :func:`encode` wrote.

    Raises:
        BrokenFrame: they are none.
    """
    try:
        return [_message(_KINDS[kind], values) for kind, values in json.loads(content)]
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenFrame(str(error)) from error


def _message(kind: Any, values: dict[str, Any]) -> Message:
    for name in _TUPLES:
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    message: Message = kind(**values)
    return message


def _exactly(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise BrokenFrame(f"{len(content)} bytes where {size} were to come")
    return content
