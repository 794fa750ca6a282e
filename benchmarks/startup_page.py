"""What `startup.py` measured, as a table: a function of its record alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from ner_retriever.markdown import table


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    return [
        f"An index of {record['documents']:,} documents; medians, with the least and the largest.",
        "",
        duration_table(record["rows"]),
    ]


_KEYS = ("median", "least", "largest")


def duration_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a table of what was timed, a row each."""
    times = [[row["what"], *(duration(row["seconds"][key]) for key in _KEYS)] for row in rows]
    return table(["", *_KEYS], times).rstrip()


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"
