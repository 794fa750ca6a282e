"""What `fresh.py` measured, as a table: a function of its record alone."""

from collections.abc import Mapping
from typing import Any

from ner_retriever.markdown import table


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    cells = [
        [
            f"`{row['source']}`",
            f"{row['megabytes']:,}",
            f"{row['install_seconds']:.0f} s",
            f"{row['demo_seconds']:.1f} s",
            f"{row['search_seconds']['median']:.2f} s",
            f"{row['index_bytes'] / 1e6:,.0f}",
        ]
        for row in record["rows"]
    ]
    header = [
        "commit",
        "MB installed",
        "installing",
        "demonstration",
        "a search, cold",
        "indexing, MB of memory at most",
    ]
    return table(header, cells).splitlines()
