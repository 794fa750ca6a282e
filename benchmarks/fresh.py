"""What an installation costs, from an empty virtual environment to the first answers.

    python benchmarks/fresh.py --source . --source ../before --out work/bench/fresh.json

Each source is a checkout. It is installed without extras, in its own tested versions, from PyPI;
then its demonstration is run, and its command line is asked. Weights are fetched beforehand. Unix
only: what a process held at most is what the system says of it when it ends.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from measuring import REPEATS, summary, write_record
from ner_retriever.backbone.weights import find_weights
from ner_retriever.cli.progress import Stages, progress_bar
from ner_retriever.config import PRESETS, cache_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--source", type=Path, action="append", required=True)
    options = parser.parse_args()
    find_weights(PRESETS["minilm"].backbone)
    rows = []
    with progress_bar(Console(stderr=True)) as bar:
        for done, source in enumerate(options.source):
            Stages(bar)("sources", done, len(options.source))
            with TemporaryDirectory(prefix="ner-retriever-bench-") as folder:
                rows.append({"source": _commit(source), **measure(source.resolve(), Path(folder))})
    write_record("fresh", rows, options.out)


def measure(source: Path, folder: Path) -> dict[str, Any]:
    """Install a checkout in a folder, and time its first answers."""
    environment = {**os.environ, "NER_RETRIEVER_CACHE": str(cache_folder())}
    environment.pop("PYTHONPATH", None)
    environment["NER_RETRIEVER_QUERY_CACHE"] = "0"
    python = folder / "venv" / "bin" / "python"

    def run(*command: str | Path) -> tuple[float, int]:
        """Return how many seconds a process took and how many bytes it held at most."""
        start = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            env=environment,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"{' '.join(map(str, command))} failed")
        # Kibibytes on Linux, bytes on macOS.
        return time.perf_counter() - start, used.ru_maxrss << (
            0 if sys.platform == "darwin" else 10
        )

    made, _ = run(sys.executable, "-m", "venv", folder / "venv")
    install = ["-m", "pip", "install", "--quiet", "--constraint", source / "constraints.txt"]
    installed, _ = run(python, *install, source)
    demo, _ = run(python, source / "examples" / "demo.py")
    command = (python, "-m", "ner_retriever")
    index = folder / "index"
    _, held = run(*command, "index", source / "examples" / "corpus.jsonl", "--out", index)
    searches = [run(*command, "search", index, "court that hears appeals") for _ in range(REPEATS)]
    return {
        "megabytes": round(_size(folder / "venv") / 1e6),
        "install_seconds": made + installed,
        "demo_seconds": demo,
        "index_bytes": held,
        "search_seconds": summary([seconds for seconds, _ in searches]),
    }


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


def _commit(source: Path) -> str:
    command: Sequence[str] = ("git", "-C", str(source), "rev-parse", "--short", "HEAD")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
