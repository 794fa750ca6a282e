"""What `precisions.py` measured, as a table: a function of its record alone."""

from collections.abc import Mapping
from typing import Any

from ner_retriever.markdown import table


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    cells = [
        [f"`{row['preset']}`", row["format"], _spread(row["rate"]), f"{row['least_cosine']:.5f}"]
        for row in record["rows"]
    ]
    header = ["preset", "numbers", "rate against torch, float32", "least cosine of a token"]
    return table(header, cells).splitlines()


def _spread(rate: Mapping[str, float]) -> str:
    return f"{rate['median']:.2f} ({rate['least']:.2f}–{rate['largest']:.2f})"
