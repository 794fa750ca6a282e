"""What `startup.py` measured, as a table: a function of its record alone."""

from collections.abc import Mapping
from typing import Any

from ner_retriever.markdown import table


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    return [
        f"An index of {record['documents']:,} documents; medians, with the least and the largest.",
        "",
        table(
            ["", "median", "least", "largest"],
            [
                [row["what"], *(duration(row["seconds"][key]) for key in _KEYS)]
                for row in record["rows"]
            ],
        ).rstrip(),
    ]


_KEYS = ("median", "least", "largest")


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"
