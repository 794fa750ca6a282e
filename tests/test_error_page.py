"""The page of errors: which types it chooses, and what its tables say."""

import json
from pathlib import Path
from typing import Any

import pytest

from ner_retriever.errors import InputError
from ner_retriever.evaluation.error_page import error_page
from ner_retriever.markdown import escape

TEXT = "The | Louvre is in Paris."


def record(label: str = "ORG", value: float = 0.25, **changes: Any) -> dict[str, Any]:
    return {
        "type": label,
        "query": "Organization",
        "r_precision": value,
        "relevant": 4,
        "found": [
            {"type": "Facility", "texts": 2},
            {"type": None, "texts": 1},
            {"type": "ORG", "texts": 1},
        ],
        "detected": {"mentions": 5, "exactly": 3, "in part": 1},
        "false_positives": [text(rank=2, types=["Facility"])],
        "missed": [text(rank=None, types=[])],
        **changes,
    }


def text(*, rank: int | None, types: list[str]) -> dict[str, Any]:
    best = {"start": 6, "end": 12, "text": "Louvre", "score": 0.5, "types": types}
    return {
        "id": "a",
        "text": TEXT,
        "rank": rank,
        "best_mention": best,
        "gold": [
            {"start": 19, "end": 24, "types": ["ORG"], "detected": "no"},
            {"start": 6, "end": 12, "types": ["Facility"], "detected": "exactly"},
        ],
    }


def write(
    file: Path, *records: dict[str, Any], spans: str = "detected", benchmark: str = "multiconer2"
) -> Path:
    content = {
        "benchmark": benchmark,
        "spans": spans,
        "texts": 1200,
        "notes": [],
        "queries": {},
        "other_types": [],
        "systems": {
            "bm25": {"r_precision": 0.9},
            "ner-retriever": {"r_precision": 0.3, "examples": list(records)},
        },
        "comparisons": [],
        "seed": 0,
        "commit": "abc",
    }
    file.write_text(json.dumps(content))
    return file


def test_tables_of_a_type(tmp_path: Path) -> None:
    page = error_page([write(tmp_path / "r.json", record())])
    setting, detected = "MultiCoNER 2, detected mentions", "60% exactly, 80% at all"
    assert f"| 1. Organization | {setting} | 0.250 | 4 | {detected} | Facility (2) |" in page
    assert "by ner-retriever: R-Precision 0.250 with 4 relevant of 1,200 texts." in page
    assert "Of 5 mentions of the type, 3 were detected exactly and 1 in part." in page
    assert "| Facility | 2 |\n| not annotated | 1 |\n| ORG | 1 |\n" in page
    sentence = r"The \| **Louvre** is in Paris."
    assert f"| {sentence} | Facility | 2 | 0.500 |\n" in page
    assert f"| {sentence} | not annotated | not retrieved | 0.500 | Paris | no |\n" in page
    assert "commit abc" in page


def test_what_was_given_is_not_called_detected(tmp_path: Path) -> None:
    missed = text(rank=9, types=[])
    missed["best_mention"] = None
    missed["gold"][0]["detected"] = None
    page = error_page(
        [write(tmp_path / "r.json", record(detected=None, missed=[missed]), spans="gold")]
    )
    assert "| 4 | given |" in page
    assert "were detected" not in page
    assert r"| The \| Louvre is in Paris. | no mention | 9 |  | Paris | given |" in page


def test_long_texts_are_cut_around_the_mention(tmp_path: Path) -> None:
    long = text(rank=2, types=[])
    long["text"] = f"{'a' * 99} Louvre {'b' * 99}"
    long["best_mention"] |= {"start": 100, "end": 106}
    page = error_page([write(tmp_path / "r.json", record(false_positives=[long]))])
    assert f"| …{'a' * 59} **Louvre** {'b' * 59}… |" in page


def test_the_worst_of_all_results_each_once(tmp_path: Path) -> None:
    many = [record(f"T{number:02}", 0.5 + number / 100) for number in range(20)]
    detected = write(tmp_path / "d.json", record("ORG", 0.4), *many)
    gold = write(tmp_path / "g.json", record("ORG", 0.1, relevant=7), spans="gold")
    other = write(tmp_path / "o.json", record("ORG", 0.3), benchmark="few-nerd")
    lines = error_page([detected, gold, other]).splitlines()
    rows = [line for line in lines if line.startswith("| ") and ". Organization |" in line]
    assert len(rows) == 20
    assert "MultiCoNER 2, gold mentions | 0.100 | 7 |" in rows[0]
    assert "Few-NERD, detected mentions | 0.300 |" in rows[1]
    assert "| 0.500 |" in rows[2]
    assert "| 0.670 |" in rows[19]


def test_many_gold_types_are_summed_up(tmp_path: Path) -> None:
    found = [{"type": f"T{number}", "texts": 20 - number} for number in range(12)]
    page = error_page([write(tmp_path / "r.json", record(found=found))])
    # The eleventh and the twelfth: 10 and 9 texts.
    assert "| T9 | 11 |\n| other types | 19 |\n" in page


def test_results_without_examples(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--examples 5"):
        error_page([write(tmp_path / "r.json")])


def test_escape_leaves_no_markup() -> None:
    assert escape("a\n|b| *c* <d> [e]\x1b") == r"a \|b\| \*c\* \<d\> \[e\]"
