"""What `precision_gate.py` measured, as a table: a function of its record alone."""

from collections.abc import Mapping
from typing import Any

from ner_retriever.markdown import table


def tables(record: Mapping[str, Any]) -> list[str]:
    """Return the lines of Markdown."""
    cells = [
        [
            f"`{row['preset']}`",
            f"{row['r_precision']['float32']:.4f}",
            f"{row['r_precision']['bfloat16']:.4f}",
            f"{row['increment_tau']['mean']:.5f} ({row['increment_tau']['least']:.4f})",
            f"{row['float32_tau']['mean']:.5f} ({row['float32_tau']['least']:.4f})",
        ]
        for row in record["rows"]
    ]
    header = [
        "preset",
        "R-Precision, float32",
        "bfloat16",
        "tau of an increment to a rebuild (least)",
        "tau of bfloat16 to float32 (least)",
    ]
    limits = (
        f"R-Precision may move by less than {record['most_moved']}, and the mean tau of an "
        f"increment must be {record['least_tau']} or more, for bfloat16 to be the default on a CPU."
    )
    return [*table(header, cells).splitlines(), "", limits]
