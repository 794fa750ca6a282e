"""Write docs/performance.md and its two charts from what was measured.

    python benchmarks/report.py work/bench --out docs/performance.md

The prose is that of `performance.md` beside this file.
"""

import argparse
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any

_TEMPLATE = Path(__file__).with_name("performance.md")
_FIGURES = {
    "indexing": ("rate-by-stage.png", "Texts a second by stage"),
    "precisions": None,
    "precision_gate": None,
    "search": ("latency.png", "Latency against the size of the index"),
    "integrity": None,
    "corpora": None,
    "documents": None,
    "startup": None,
    "fresh": None,
}

_OPTIONS = {"fresh": " --source . --source ../before"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, help="the folder of the benchmarks' JSON files")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    (options.out.parent / "figures").mkdir(parents=True, exist_ok=True)
    options.out.write_text(page(options.records, options.out.parent), encoding="utf-8")


def page(records: Path, folder: Path) -> str:
    """Return the page, and draw its charts.

    Args:
        records: holds ``NAME.json`` for each benchmark that was run.
        folder: where the page goes; charts go into its ``figures``.
    """
    parts = {name: "\n".join(_part(name, records, folder)) for name in _FIGURES}
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(parts)


def _part(name: str, records: Path, folder: Path) -> list[str]:
    file = records / f"{name}.json"
    command = f"python benchmarks/{name}.py{_OPTIONS.get(name, '')} --out work/bench/{name}.json"
    if not file.is_file():
        return [f"Not measured yet; `{command}` does it."]
    record = json.loads(file.read_bytes())
    # Only what was measured needs a page.
    own_page = import_module(f"{name}_page")
    lines = [*provenance(record, command), "", *own_page.tables(record)]
    if figure := _FIGURES[name]:
        chart, caption = figure
        own_page.draw(record, folder / "figures" / chart)
        lines += ["", f"![{caption}](figures/{chart})"]
    return lines


def provenance(record: Mapping[str, Any], command: str) -> list[str]:
    """Return the command that measured a record, and where it did."""
    machine = record["machine"]
    told = [f"{machine['processor']}, {machine['cores']} cores"]
    if "threads" in record:
        told.append(f"{record['threads']} threads")
    told.append(machine["accelerator"] or "no accelerator")
    versions = ", ".join(
        f"{name} {version}" for name, version in record.get("versions", {}).items()
    )
    parts = [", ".join(told), record.get("date"), versions]
    if commit := record.get("commit"):
        parts.append(f"commit {commit}")
    return ["```", command, "```", "", f"Measured on {'; '.join(part for part in parts if part)}."]


if __name__ == "__main__":
    main()
