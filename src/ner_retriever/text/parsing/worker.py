"""The process that parses: takes a file's bytes, answers with what is in it, and so on until told.

    python -m ner_retriever.text.parsing.worker

Whoever starts it talks to it as ``frames`` says, over its standard input and output.
"""

import gc
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from ner_retriever.text.parsing import kinds
from ner_retriever.text.parsing.confinement import (
    MOST_MEMORY,
    bound_processor_time,
    confine,
    has_grown_past,
)
from ner_retriever.text.parsing.frames import (
    ABANDONED,
    CONTENT,
    MESSAGE,
    BrokenFrame,
    Message,
    decode,
    encode,
    read_frame,
    write_frame,
)
from ner_retriever.text.parsing.outcome import (
    TOO_LONG,
    End,
    Failure,
    Job,
    Missing,
    Row,
    SignOfLife,
    Text,
    Unparsable,
    damaged,
)

# Memory that libraries do not give back would add up.
_MOST_FILES = 2_000
_RETIRES_FROM = 512 << 20
_PROCESSOR_SECONDS = 150
_WORTH_COLLECTING = 1 << 20
_BATCH_CHARACTERS = 1 << 18


def main() -> None:
    """Parse one file after the other until standard input ends."""
    incoming, outgoing = _take_streams()
    confine()
    for number in range(1, _MOST_FILES + 1):
        try:
            job, content = _receive(incoming)
        except BrokenFrame:
            return
        bound_processor_time(_PROCESSOR_SECONDS)
        batch = _Batch(outgoing)
        if content is not None:
            for message in _answers(content, job):
                if isinstance(message, SignOfLife):
                    bound_processor_time(_PROCESSOR_SECONDS)
                batch.add(message)
        size = 0 if content is None else len(content)
        del content
        # What libraries keep in cycles; for each small mail it would take longer than parsing.
        if size > _WORTH_COLLECTING:
            gc.collect()
        batch.add(End(retires=number == _MOST_FILES or has_grown_past(_RETIRES_FROM)))


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for this module; what libraries print goes nowhere."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    # Would load numpy, and with it threads and memory, for nothing.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    return incoming, outgoing


def _receive(incoming: BinaryIO) -> tuple[Job, bytes | None]:
    _, told = read_frame(incoming)
    job = decode(told)[0]
    if not isinstance(job, Job):
        raise BrokenFrame(f"a job was to come, not {type(job).__name__}")
    content = io.BytesIO()
    while True:
        kind, chunk = read_frame(incoming)
        if kind == ABANDONED:
            return job, None
        if kind != CONTENT:
            return job, content.getvalue()
        content.write(chunk)


def _answers(content: bytes, job: Job) -> Iterator[Message]:
    """Parse; whatever a library makes of a broken file, an answer comes."""
    kind = job.suffix.removeprefix(".").upper()
    try:
        for found in kinds.parser_of(job.suffix)(content, job):
            yield _within(found, job.max_characters) if isinstance(found, Text) else found
    except ImportError as error:
        yield Missing(library=error.name or str(error))
    except Unparsable as error:
        yield Failure(message=str(error), reason=error.reason)
    except MemoryError:
        yield Failure(
            message=f"needs more than {MOST_MEMORY >> 30} GiB of memory; split it, "
            "or skip it with --on-error skip",
            reason="too large",
        )
    except RecursionError:
        told = damaged(kind, "it nests too deep")
        yield Failure(message=str(told), reason=told.reason)
    # Parsers of broken files raise what nobody foresaw.
    except Exception as error:
        told = damaged(kind, f"{type(error).__name__}: {error}")
        yield Failure(message=str(told), reason=told.reason)


def _within(found: Text, max_characters: int) -> Text | Failure:
    if len(found.text) > max_characters:
        return Failure(message=TOO_LONG, reason=TOO_LONG, path=found.path)
    # Half of a surrogate pair, which can be stored nowhere; each becomes one character.
    return replace(found, text=found.text.encode("utf-8", errors="replace").decode("utf-8"))


class _Batch:
    """Sends rows by the hundred, and everything else at once."""

    def __init__(self, outgoing: BinaryIO) -> None:
        self._outgoing = outgoing
        self._rows: list[Message] = []
        self._characters = 0

    def add(self, message: Message) -> None:
        self._rows.append(message)
        if isinstance(message, Row):
            self._characters += len(json.dumps(dict(message.record)))
            if self._characters < _BATCH_CHARACTERS:
                return
        write_frame(self._outgoing, MESSAGE, encode(self._rows))
        self._rows, self._characters = [], 0


if __name__ == "__main__":
    main()
