"""Draw docs/search.svg: what a search prints in a terminal, over the example corpus."""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
TARGET = HERE.parent / "docs" / "search.svg"
QUERIES = ("dinosaur", "court")
WIDTH = 104


def main() -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder:
        run(["index", str(HERE / "corpus.jsonl"), "--out", "corpus.index"], folder)
        for query in QUERIES:
            console.print(Text(f"$ ner-retriever search corpus.index '{query}' --limit 6", "bold"))
            command = ["search", "corpus.index", query, "--limit", "6"]
            console.print(Text.from_ansi(run(command, folder)))
    TARGET.write_text(console.export_svg(title="ner-retriever"), encoding="utf-8")


def run(arguments: list[str], folder: str) -> str:
    """Run the command line as in a terminal; return what it prints."""
    terminal = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    command = [sys.executable, "-m", "ner_retriever", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    return done.stdout.decode()


if __name__ == "__main__":
    main()
