"""The core alone, in an environment of its own, indexes and searches with the default preset."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What the extras bring, and what the core must do without.
HEAVY = ("torch", "transformers", "peft", "accelerate", "gguf", "spacy", "scipy")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that holds the package without any extra."""
    folder = tmp_path_factory.mktemp("core") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    (python,) = [*folder.glob("bin/python"), *folder.glob("Scripts/python.exe")]
    install = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    install += ["--constraint", str(ROOT / "constraints.txt"), str(ROOT)]
    subprocess.run([python, *install], check=True)
    return python


def run(python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if "NER_RETRIEVER_TEST_CACHE" in environment:
        environment["NER_RETRIEVER_CACHE"] = environment["NER_RETRIEVER_TEST_CACHE"]
    return subprocess.run(
        [python, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "NER_RETRIEVER_OFFLINE": "0"},
        cwd=python.parent,
    )


@pytest.mark.slow
def test_the_core_indexes_and_searches(python: Path, tmp_path: Path) -> None:
    found = run(
        python,
        "-c",
        f"from importlib.util import find_spec as f; print([n for n in {HEAVY} if f(n)])",
    )
    assert found.stdout == "[]\n", found
    command = ("-m", "ner_retriever")
    corpus, index = ROOT / "examples" / "corpus.jsonl", tmp_path / "index"
    made = run(python, *command, "index", corpus, "--out", index)
    assert made.returncode == 0, made
    answer = run(python, *command, "search", index, "dinosaur", "--limit", "3", "--format", "jsonl")
    assert answer.returncode == 0, answer
    hits = [json.loads(line) for line in answer.stdout.splitlines()]
    types = (ROOT / "examples" / "types.jsonl").read_text(encoding="utf-8").splitlines()
    (relevant,) = [
        set(record["ids"]) for record in map(json.loads, types) if record["type"] == "dinosaur"
    ]
    assert {hit["id"] for hit in hits} <= relevant
    told = run(python, *command, "info", index)
    assert told.returncode == 0, told
    assert "464" in told.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("index", "x.txt", "--out", "i", "--detector", "spacy"), "spacy"),
        (("index", "x.txt", "--out", "i", "--precision", "bfloat16"), "torch"),
        (("index", "x.txt", "--out", "i", "--engine", "torch"), "torch"),
        (("train", "--data", "x.jsonl", "--out", "h"), "torch"),
        (("train-detector", "--data", "x.jsonl", "--out", "h"), "torch"),
        (("serve", "i"), "web"),
    ],
)
def test_what_is_missing_is_named_with_its_command(
    python: Path, tmp_path: Path, arguments: tuple[str, ...], extra: str
) -> None:
    (tmp_path / "x.txt").write_text("Sue stands in Chicago.\n")
    placed = [tmp_path / name if name in {"x.txt", "i", "h"} else name for name in arguments]
    outcome = run(python, "-m", "ner_retriever", *placed)
    assert outcome.returncode == 2, outcome
    (line,) = outcome.stderr.splitlines()
    assert f"pip install 'ner-retriever[{extra}]'" in line
