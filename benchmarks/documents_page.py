"""What `documents.py` measured, as tables: a function of its record alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from ner_retriever.markdown import table

_HEADER = ("kind", "fidelity", "layout", "pages", "files a second", "MB of text a second")


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    total = sum(record["installed"].values())
    largest = sorted(record["installed"].items(), key=lambda item: -item[1])[:4]
    told = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in largest)
    return [
        f"{record['files']} files of each kind, each of five pages.",
        "",
        kinds_table(record["rows"], record["files"]),
        "",
        f"The extra `documents` takes {total / 1e6:.0f} MB on the disk (the largest: {told}).",
    ]


def kinds_table(rows: Sequence[Mapping[str, Any]], files: int) -> str:
    """Return a table with a row for each kind."""
    cells = []
    for row in rows:
        rate = row["files_a_second"]["median"]
        cells.append(
            [
                row["kind"].upper(),
                f"{row['fidelity']:.3f}",
                f"{row['layout']:.3f}",
                f"{row['pages']:.3f}" if "pages" in row else "",
                f"{rate:,.0f}",
                f"{rate * row['characters'] / files / 1e6:.1f}",
            ]
        )
    return table(_HEADER, cells).rstrip()
