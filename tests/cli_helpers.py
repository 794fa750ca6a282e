"""Running the command line inside the test's own process, as a user's shell would."""

import io
import json
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from ner_retriever.cli import main

DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "a",
        "text": "Sue the Tyrannosaurus stands in Chicago.",
        "spans": [[8, 21], [32, 39]],
    },
    {"id": "b", "text": "The Louvre is in Paris.", "spans": [[4, 10], [17, 22]]},
    {"id": "c", "text": "nothing to see here", "spans": []},
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments: str | Path, stdin: bytes = b"") -> Outcome:
    """Run a command with standard streams that are no terminal."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with (
        mock.patch.object(sys, "argv", ["ner-retriever", *map(str, arguments)]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = _exit_code()
    return Outcome(code, _content(out), _content(err))


def error(*arguments: str | Path, stdin: bytes = b"") -> str:
    """Run a command that must fail as bad input does, and return the message."""
    outcome = run(*arguments, stdin=stdin)
    assert (outcome.code, outcome.out) == (2, ""), outcome
    lines = outcome.err.splitlines()
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")


def write_jsonl(file: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def make_index(folder: Path, preset: Path) -> Path:
    """Index ``DOCUMENTS`` with the spans that they come with."""
    source = write_jsonl(folder / "documents.jsonl", DOCUMENTS)
    index = folder / "index"
    options = ["--out", index, "--preset", preset, "--spans-field", "spans"]
    outcome = run("index", source, *options)
    assert outcome.code == 0, outcome
    return index


def found(index: Path) -> dict[str, str]:
    """Return id and text of each document that a search finds."""
    options = ["--limit", "all", "--format", "jsonl", "--duplicates", "show"]
    outcome = run("search", index, "thing", *options)
    assert outcome.code == 0, outcome
    return {record["id"]: record["text"] for record in outcome.records}


def _exit_code() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _content(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
