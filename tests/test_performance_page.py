"""The page of what was measured, from made-up records; and the arithmetic behind it."""

import json
from pathlib import Path
from typing import Any

import pytest

import fresh_page
import indexing_page
import integrity_page
import measuring
import precision_gate_page
import precisions_page
import report


def stage(texts: float, flops: float | None = None) -> dict[str, Any]:
    spread = {"median": texts, "least": texts / 2, "largest": texts * 2}
    tokens = {name: value * 10 for name, value in spread.items()}
    rates = {"texts_a_second": spread, "tokens_a_second": tokens}
    if flops:
        rates["flops"] = {"median": flops, "least": flops, "largest": flops}
    return rates


def whole(engine: str, texts: float, peak: int) -> dict[str, Any]:
    rate = {"median": texts, "least": texts - 1, "largest": texts + 1}
    return {
        "engine": engine,
        "texts_a_second": rate,
        "peak_bytes": peak,
        "peak_bytes_with_more": 2 * peak,
    }


RECORD: dict[str, Any] = {
    "name": "indexing",
    "machine": {"processor": "A processor", "cores": 2, "system": "Linux", "accelerator": None},
    "versions": {"torch": "2.0"},
    "commit": "abc",
    "date": "2026-01-01T00:00:00+00:00",
    "threads": 2,
    "rows": [
        {
            "preset": "minilm",
            "texts": 100,
            "tokens": 5_000,
            "mentions": 700,
            "peak_flops": 100e9,
            "stages": {
                "detection, spacy": stage(50),
                "forward, torch": stage(80, 40e9),
                "forward, onnx": stage(100, 50e9),
                "head": stage(100),
                "mention-head, all in one pass": stage(90),
            },
            "overlap": {
                "in_turns": {"median": 2.0, "least": 1.0, "largest": 3.0},
                "in_two_threads": {"median": 1.6, "least": 1.0, "largest": 3.0},
            },
            "loading": {
                "torch": {"median": 0.5, "least": 0.4, "largest": 0.6},
                "onnx": {"median": 0.25, "least": 0.2, "largest": 0.3},
            },
            "comparisons": [
                {
                    "kind": "documents",
                    "whole": {
                        "auto": whole("onnx", 60, 500_000_000),
                        "torch": whole("torch", 50, 500_000_000),
                        "reference": whole("torch", 12, 5_000_000_000),
                    },
                    "more_texts": 100_000,
                    "more_mentions": 700_000,
                    "least_cosine": 0.999999,
                    "mentions_compared": 700,
                    "disk_bytes_a_mention": 1_065.7,
                }
            ],
        }
    ],
}


def test_a_median_stands_between_the_slowest_and_the_quickest() -> None:
    assert measuring.summary([3, 1, 2, 10, 5]) == {"median": 3, "least": 1, "largest": 10}
    assert measuring.rates([10, 10, 30], [1, 2, 2]) == {"median": 10, "least": 5, "largest": 15}


def test_stages_share_the_time_of_the_quickest_engine() -> None:
    lines = indexing_page.tables(RECORD)
    # 1/50 + 1/100 + 1/100 seconds a text; torch's pass is not run beside ONNX Runtime's.
    assert "| detection, spacy | 50 | 500 | 50.0% |  |" in lines
    assert "| forward, torch | 80 | 800 |  | 40% |" in lines
    assert "| forward, onnx | 100 | 1,000 | 25.0% | 50% |" in lines
    assert "| mention-head, all in one pass | 90 | 900 |  |  |" in lines


def test_the_reference_is_what_rates_are_compared_with() -> None:
    lines = indexing_page.tables(RECORD)
    assert "| minilm, documents | ner-retriever | onnx | 60.0 (59.0–61.0) | 5.00 | 500 |" in lines
    assert (
        "| minilm, documents | reference pipeline | torch | 12.0 (11.0–13.0) | 1.00 | 5,000 |"
        in lines
    )
    text = "\n".join(lines)
    assert "of 700 mentions is 0.999999" in text
    assert "1,000 MB here and 10,000 MB in the reference pipeline, 10.0 times as much" in text
    assert "took 2.00 s one after the other and 1.60 s in two threads, 1.25 times" in text
    assert "a first query took 0.50 s with torch, 0.25 s with onnx." in text


def test_number_formats_stand_beside_torch_in_float32() -> None:
    rate = {"median": 2.0, "least": 1.5, "largest": 2.5}
    row = {"preset": "minilm", "format": "torch, bfloat16", "rate": rate, "least_cosine": 0.99988}
    lines = precisions_page.tables({"rows": [row]})
    assert lines[-1] == "| `minilm` | torch, bfloat16 | 2.00 (1.50–2.50) | 0.99988 |"


def test_what_bfloat16_changes_stands_beside_its_limits() -> None:
    row = {
        "preset": "minilm",
        "r_precision": {"float32": 0.63, "bfloat16": 0.631},
        "increment_tau": {"mean": 0.9995, "least": 0.998},
        "float32_tau": {"mean": 0.9991, "least": 0.99},
    }
    lines = precision_gate_page.tables({"rows": [row], "most_moved": 0.002, "least_tau": 0.999})
    assert "| `minilm` | 0.6300 | 0.6310 | 0.99950 (0.9980) | 0.99910 (0.9900) |" in lines
    assert "less than 0.002" in lines[-1]


def test_installations_stand_beside_each_other() -> None:
    row = {
        "source": "abc",
        "megabytes": 1738,
        "install_seconds": 44.6,
        "demo_seconds": 7.25,
        "search_seconds": {"median": 0.6},
        "index_bytes": 5e8,
    }
    lines = fresh_page.tables({"rows": [row]})
    assert lines[-1] == "| `abc` | 1,738 | 45 s | 7.2 s | 0.60 s | 500 |"


def test_times_stand_in_the_unit_that_suits_them() -> None:
    times = {"median": 0.0123, "least": 0.01, "largest": 1.5}
    rows = [{"what": "opening", "seconds": times}]
    lines = integrity_page.tables({"mentions": 1_000_000, "rows": rows})
    assert lines[0].startswith("An index of 1,000,000 mentions")
    assert lines[-1].endswith("| opening | 12.3 ms | 10.0 ms | 1.50 s |")


def test_the_page_says_what_was_not_measured(tmp_path: Path) -> None:
    page = report.page(tmp_path, tmp_path)
    assert page.count("Not measured yet; `python benchmarks/") == 9
    assert "$" not in page


def test_the_page_holds_tables_and_charts(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "figures").mkdir()
    (tmp_path / "indexing.json").write_text(json.dumps(RECORD))
    page = report.page(tmp_path, tmp_path)
    assert "python benchmarks/indexing.py --out work/bench/indexing.json" in page
    assert "Measured on A processor, 2 cores, 2 threads, no accelerator;" in page
    assert "![Texts a second by stage](figures/rate-by-stage.png)" in page
    assert (tmp_path / "figures" / "rate-by-stage.png").stat().st_size > 10_000
