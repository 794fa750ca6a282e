"""A command is stopped half way, by kill -9, kill and Ctrl-C; indexing goes on where it was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli_helpers import run, write_jsonl
from ner_retriever.errors import StoreError
from ner_retriever.index.store import Store

DOCUMENTS = 2_000
BATCH = 256


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ("Oslo", "Rome", "Lima", "Bern", "Doha", "Kyiv", "Baku")
    return write_jsonl(
        tmp_path_factory.mktemp("source") / "documents.jsonl",
        [
            {
                "id": str(number),
                "text": f"{number} is a number in {names[number % 7]}.",
                "spans": [[0, len(str(number))], [-5 + len(text), -1 + len(text)]],
            }
            for number in range(DOCUMENTS)
            for text in [f"{number} is a number in {names[number % 7]}."]
        ],
    )


@pytest.fixture(scope="module")
def uninterrupted(source: Path, toy_preset: Path) -> str:
    """What a search over an index made in one go prints."""
    index = source.parent / "index"
    assert run(*_command(source, index, toy_preset)).code == 0
    return _answer(index)


@pytest.mark.parametrize(
    "stop", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name
)
def test_a_stopped_run_is_taken_up_again(
    source: Path, uninterrupted: str, tmp_path: Path, toy_preset: Path, stop: signal.Signals
) -> None:
    index = tmp_path / "index"
    command = _command(source, index, toy_preset)
    with subprocess.Popen(
        [sys.executable, "-m", "ner_retriever", *command], stderr=subprocess.PIPE, text=True
    ) as process:
        acknowledged = _wait_for(2 * BATCH, index)
        process.send_signal(stop)
        _, message = process.communicate()
    if stop is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130
        (line,) = message.splitlines()
        assert line == "stopped; what was indexed is kept, and the next run goes on there"

    kept = json.loads(run("info", index, "--format", "json").out)["documents"]
    assert acknowledged <= kept < DOCUMENTS
    assert kept % BATCH == 0
    searchable = [json.loads(line)["id"] for line in _answer(index).splitlines()]
    assert sorted(map(int, searchable)) == list(range(kept))

    outcome = run(*command)
    assert f"{DOCUMENTS - kept:,} new, 0 replaced, {kept:,} unchanged documents" in outcome.err
    assert _answer(index) == uninterrupted


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name)
def test_a_stopped_evaluation_leaves_nothing_behind(
    tmp_path: Path, toy_preset: Path, stop: signal.Signals
) -> None:
    mention = {"start": 0, "end": 4, "types": ["city"]}
    data = write_jsonl(
        tmp_path / "typed.jsonl",
        [
            {"id": str(number), "text": f"Rome has the number {number}.", "mentions": [mention]}
            for number in range(DOCUMENTS)
        ],
    )
    folder = tmp_path / "temporary"
    folder.mkdir()
    options = ["--data", str(data), "--spans", "gold", "--preset", str(toy_preset)]
    with subprocess.Popen(
        [sys.executable, "-m", "ner_retriever", "evaluate", "jsonl", *options],
        env={**os.environ, "TMPDIR": str(folder)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        deadline = time.monotonic() + 60
        while not (found := [*folder.glob("*/index")]) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(stop)
        process.communicate()
    assert found
    assert process.returncode == 130
    assert [*folder.iterdir()] == []


def _command(source: Path, index: Path, preset: Path) -> list[str]:
    options = ["--out", str(index), "--preset", str(preset), "--spans-field", "spans"]
    return ["index", str(source), *options]


def _answer(index: Path) -> str:
    return run("search", index, "city", "--limit", "all", "--format", "jsonl").out


def _wait_for(documents: int, index: Path) -> int:
    """Wait until another process has stored so many documents, and return how many there are."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            count = Store.open(index).count()
        except StoreError:
            count = 0
        if count >= documents:
            return count
        time.sleep(0.01)
    raise TimeoutError(f"no {documents} documents in {index}")
