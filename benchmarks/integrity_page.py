"""What `integrity.py` measured, as a table: a function of its record alone."""

from collections.abc import Mapping
from typing import Any

from startup_page import duration_table


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    return [
        f"An index of {record['mentions']:,} mentions, its files in the system's memory.",
        "",
        duration_table(record["rows"]),
    ]
