"""What `integrity.py` measured, as a table: a function of its record alone."""

from collections.abc import Mapping
from typing import Any

from ner_retriever.markdown import table
from startup_page import duration

_KEYS = ("median", "least", "largest")


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    return [
        f"An index of {record['mentions']:,} mentions, its files in the system's memory.",
        "",
        table(
            ["", "median", "least", "largest"],
            [
                [row["what"], *(duration(row["seconds"][key]) for key in _KEYS)]
                for row in record["rows"]
            ],
        ).rstrip(),
    ]
