"""The tables and the chart of what searching and starting up cost, from records made up here."""

from pathlib import Path
from typing import Any

import search_page
import startup_page


def taken(median: float) -> dict[str, float]:
    return {"median": median, "least": median / 2, "largest": median * 2}


def row(mentions: int, second: float) -> dict[str, Any]:
    return {
        "mentions": mentions,
        "documents": mentions // 7,
        "bytes_a_mention": 530.6,
        "open": taken(0.00025),
        "first": 4 * second,
        "read": taken(second),
        "warm": {
            "100": taken(1.5 * second),
            "10000": taken(2 * second),
            "all": taken(3 * second),
            "int8": taken(second),
        },
        "warm_over_read": {"100": taken(1.514)},
        "many": {"1": taken(1.25 * second), "8": taken(second / 2)},
    }


RECORD = {"name": "search", "rows": [row(10_000, 0.0004), row(1_000_000, 0.02)]}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_latencies() -> None:
    lines = "\n".join(search_page.tables(RECORD)).splitlines()
    table = [cells(line) for line in lines if line.startswith("|")]
    assert table[0][:4] == ["mentions", "open", "first", "top 100"]
    assert table[2] == ["10,000", "0.25", "1.6", "0.6", "0.8", "1.2", "0.4", "1.51", "0.4"]
    assert table[3] == ["1,000,000", "0.25", "80", "30", "40", "60", "20", "1.51", "20"]
    assert table[4] == ["mentions", "1 at once", "8 at once", "bytes a mention"]
    assert table[7] == ["1,000,000", "25", "10", "531"]


def test_the_chart(tmp_path: Path) -> None:
    search_page.draw(RECORD, tmp_path / "latency.png")
    assert (tmp_path / "latency.png").read_bytes().startswith(b"\x89PNG")


def test_starts() -> None:
    rows = [
        {"what": "--help", "seconds": taken(0.25)},
        {"what": "a query, warm", "seconds": taken(0.0123)},
    ]
    lines = "\n".join(startup_page.tables({"documents": 16_000, "rows": rows})).splitlines()
    assert lines[0].startswith("An index of 16,000 documents")
    assert cells(lines[4]) == ["--help", "0.25 s", "0.12 s", "0.50 s"]
    assert cells(lines[5]) == ["a query, warm", "12.3 ms", "6.2 ms", "24.6 ms"]
