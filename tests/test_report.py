"""The page of results: what its tables say, and that the charts are drawn."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ner_retriever.errors import InputError
from ner_retriever.evaluation.plots import bar_chart, win_loss_chart
from ner_retriever.evaluation.report import write_report
from ner_retriever.evaluation.results import best, best_first, kind
from ner_retriever.evaluation.summary import summary
from ner_retriever.markdown import table


def system(values: dict[str, float], **changes: Any) -> dict[str, Any]:
    mean = sum(values.values()) / len(values)
    names = ("average_precision", "ndcg_at_10", "precision_at_10", "recall_at_2r")
    return {
        "r_precision": mean,
        "r_precision_with_other": mean / 2,
        "metrics": {"r_precision": mean, **dict.fromkeys(names, 0.125)},
        "intervals": {"r_precision": [mean - 0.1, mean + 0.1]},
        "per_type": {**values, "person-other": 0.0},
        "seconds_to_index": 12.34,
        "ms_a_query": 5.0,
        "peak_memory_bytes": 250_000_000,
        "bytes_a_text": 1720.32,
        "disk_bytes_a_text": None,
        **changes,
    }


def result(spans: str = "detected", **changes: Any) -> dict[str, Any]:
    return {
        "benchmark": "multiconer2",
        "spans": spans,
        "texts": 2000,
        "notes": ["MultiCoNER 2, en-train.conll."],
        "queries": {"Artist": "Artist", "Drink": "Drink", "person-other": "Other"},
        "other_types": ["person-other"],
        "systems": {
            "bm25": system({"Artist": 0.1, "Drink": 0.3}),
            "ner-retriever:minilm": system({"Artist": 0.7, "Drink": 0.2}, disk_bytes_a_text=5120.4),
            "hybrid": system({"Artist": 0.4, "Drink": 0.3}),
        },
        "comparisons": [
            {
                "first": "ner-retriever:minilm",
                "second": "bm25",
                "types": 2,
                "difference": 0.25,
                "p_value": 0.0004,
                "exact": True,
            },
            {
                "first": "ner-retriever:minilm",
                "second": "hybrid",
                "types": 2,
                "difference": 0.1,
                "p_value": 0.5,
                "exact": True,
            },
        ],
        "detection": {
            "detector": "spacy",
            "exact_recall": 0.85,
            "end_recall": 0.9,
            "overlap_recall": 0.99,
            "fuzzy_recall": 0.95,
            "precision": 0.333,
            "mentions_a_text": 4.25,
        },
        "machine": {"processor": "Abacus", "cores": 2, "accelerator": None},
        "memory_method": "counted",
        "versions": {"python": "3.11.0"},
        "commit": "abc",
        "date": "2026-01-01T00:00:00+00:00",
        "seed": 0,
        **changes,
    }


def write(folder: Path, *results: dict[str, Any]) -> list[Path]:
    paths = []
    for number, content in enumerate(results):
        path = folder / f"results-{number}.json"
        path.write_text(json.dumps(content))
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], str]:
    folder = tmp_path_factory.mktemp("report")
    out = folder / "docs" / "benchmarks.md"
    written = write_report(write(folder, result("gold", detection=None), result()), out=out)
    return written, out.read_text()


def test_measured_and_published_rows(page: tuple[list[Path], str]) -> None:
    _, text = page
    first = "| ner-retriever:minilm | measured | 0.450 [0.350, 0.550] | 0.225 | 0.125 |"
    assert text.count(first) == 2
    # Published figures are for detected mentions, so they stand in one of the two sections.
    assert text.count("| BM25 | published | 0.08 |") == 1
    assert "| NV-Embed v2, one vector a sentence | published | significantly below |" in text
    assert "the train, dev and test sentences of MultiCoNER 2 together" in text
    assert "the measured ones on 2,000 texts" in text


def test_the_summary_has_every_system_and_setting(page: tuple[list[Path], str]) -> None:
    _, text = page
    start = text.index("## Summary")
    lines = text[start : text.index("## MultiCoNER 2")].splitlines()
    assert lines[2] == "| R-Precision | MultiCoNER 2, detected | MultiCoNER 2, gold |"
    assert lines[4:7] == [
        "| ner-retriever:minilm | 0.450 | 0.450 |",
        "| hybrid | 0.350 | 0.350 |",
        "| bm25 | 0.200 | 0.200 |",
    ]
    assert "| published: BM25 | 0.08 |  |" in lines
    assert "MultiCoNER 2: 2,000 texts." in lines


def test_the_summary_tells_detectors_apart_and_leaves_samples_out() -> None:
    other = dict(result()["detection"], detector="mention-head", fingerprint="m")
    better = {"ner-retriever:minilm": system({"Artist": 0.8, "Drink": 0.4})}
    text = summary(
        [
            result(),
            result(detection=other, systems=better),
            result(texts=100, systems={"small": system({"Artist": 1.0, "Drink": 1.0})}),
        ]
    )
    assert "| ner-retriever:minilm | 0.600 (mention-head), 0.450 (spacy) |" in text
    assert "| bm25 | 0.200 |" in text
    assert "small" not in text


def test_best_system_stands_first(page: tuple[list[Path], str]) -> None:
    _, text = page
    places = [text.index(f"| {name} | measured") for name in best_first(result())]
    assert places == sorted(places)


def test_cost_is_set_against_nv_embed(page: tuple[list[Path], str]) -> None:
    _, text = page
    # 1,720.32 bytes are 21 % of the 8,192 of 4,096 float16 numbers.
    assert "| ner-retriever:minilm | 12.3 | 5.0 | 250 | 1,720 | -79% | 5,120 | -37% |" in text
    assert "| bm25 | 12.3 | 5.0 | 250 | 1,720 | -79% |  |  |" in text
    assert "| NV-Embed v2, by its size |  |  |  | 8,192 |  |  |  |" in text
    assert "8,192 bytes (in float32: 16,384)" in " ".join(text.split())


def test_detection_and_tests_and_provenance(page: tuple[list[Path], str]) -> None:
    _, text = page
    assert "| spacy | 0.850 | 0.900 | 0.990 | 0.950 | 0.333 | 4.2 |" in text
    assert "| ner-retriever:minilm | +0.250 | < 0.001 |" in text
    assert "| hybrid | +0.100" not in text
    assert "on Abacus, 2 cores, no accelerator; commit abc; seed 0; python 3.11.0." in text


def test_charts_are_pictures_and_linked(page: tuple[list[Path], str]) -> None:
    written, text = page
    names = sorted(path.name for path in written)
    stems = ["multiconer2", "multiconer2-detected-by-type", "multiconer2-gold-by-type"]
    assert names == sorted(["benchmarks.md", *(s + e for s in stems for e in (".png", ".svg"))])
    for path in written:
        content = path.read_bytes()
        if path.suffix == ".png":
            assert content.startswith(b"\x89PNG")
            assert text.count(f"(figures/{path.name})") == 1
        elif path.suffix == ".svg":
            assert b"</svg>" in content


def test_a_chart_by_type_is_of_the_largest_pool(tmp_path: Path) -> None:
    smaller = result(texts=50, relevant={"Artist": 1})
    written = write_report(write(tmp_path, smaller, result()), out=tmp_path / "page.md")
    stems = ["multiconer2", "multiconer2-detected-by-type"]
    assert [path.name for path in written[1:]] == [s + e for s in stems for e in (".png", ".svg")]
    assert "MultiCoNER 2, detected mentions, 2,000 texts" in texts_in(written[-1])


def texts_in(chart: Path) -> list[str]:
    """The texts of an SVG, in the order in which they are drawn."""
    return re.findall(r"<text[^>]*>([^<]+)</text>", chart.read_text().replace("<tspan", "<text"))


def test_bars_stand_by_pool_and_setting(tmp_path: Path) -> None:
    sample = result("gold", texts=50, relevant={"Artist": 1}, detection=None)
    bar_chart([result("gold", detection=None), sample, result()], tmp_path / "bars")
    drawn = texts_in(tmp_path / "bars.svg")
    # Ours and the variant on both kinds of mentions, the baseline once; then the sample's three.
    bars = ["0.450", "0.450", "0.350", "0.350", "0.200", "0.32", "0.09", "0.08"]
    figures = [text for text in drawn if re.fullmatch(r"0\.\d{3}|0\.(32|09|08)", text)]
    assert figures == [*bars, "0.450", "0.350", "0.200"]
    assert drawn.count("ner-retriever:minilm") == drawn.count("bm25") == 2
    assert drawn.count("E5-Mistral, published") == 1
    captions = ["2,000 texts, detected and gold mentions", "50 texts, gold mentions"]
    assert [text for text in drawn if " texts, " in text] == captions
    assert "pale: gold mentions" in drawn


def test_detectors_are_told_apart(tmp_path: Path) -> None:
    other = {**result()["detection"], "detector": "gliner"}
    bar_chart([result(), result(detection=other)], tmp_path / "bars")
    drawn = texts_in(tmp_path / "bars.svg")
    assert {"0.450, spacy", "0.450, gliner"} < set(drawn)
    assert drawn.count("0.200") == 1


def test_charts_say_who_won(tmp_path: Path) -> None:
    stem = tmp_path / "types"
    win_loss_chart(result(), ours="ner-retriever:minilm", baseline="bm25", stem=stem)
    drawn = texts_in(stem.with_name("types.svg"))
    assert "ner-retriever:minilm against bm25: better on 1, worse on 1 of 2 types" in drawn
    assert "Artist" in drawn
    assert "Other" not in drawn


def test_a_chart_drawn_again_is_the_same_file(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        bar_chart([result()], tmp_path / folder / "bars")
    for name in ("bars.svg", "bars.png"):
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("first", "second"))
        assert first == second
        assert b"atplotlib v" not in first
    # Words are words, and nothing is clipped: a chart of eight bars is no longer than this.
    assert len((tmp_path / "first" / "bars.svg").read_text().splitlines()) < 500


def test_types_seen_and_unseen_have_columns(tmp_path: Path) -> None:
    split = {
        "seen": {"types": 1, "r_precision": 0.7},
        "unseen": {"types": 0, "r_precision": None},
    }
    systems = {"ner-retriever:minilm": system({"Artist": 0.7, "Drink": 0.2}, **split)}
    content = result(systems=systems, comparisons=[], benchmark="jsonl")
    out = tmp_path / "page.md"
    written = write_report(write(tmp_path, content), out=out)
    assert "| types seen | types unseen |" in out.read_text()
    assert "| 0.700 (1) | no type |" in out.read_text()
    # Without a baseline there is nothing to win against.
    assert [path.name for path in written] == ["page.md", "jsonl.png", "jsonl.svg"]


def test_what_was_not_checked_is_said(tmp_path: Path) -> None:
    out = tmp_path / "page.md"
    write_report(write(tmp_path, result()), out=out)
    assert "Whether a text stands in the training data was not checked." in out.read_text()
    write_report(write(tmp_path, result(texts_in_training_data=[])), out=out)
    assert "was not checked" not in out.read_text()


def test_kinds_of_systems() -> None:
    kinds = {
        "ner-retriever:minilm": "ours",
        "index:my.index": "ours",
        "bm25": "baseline",
        "dense:all-mpnet-base-v2": "baseline",
        "hybrid": "variant",
        "untrained": "variant",
    }
    assert {name: kind(name) for name in kinds} == kinds
    assert best(result(), "baseline") == "bm25"
    assert best(result(systems={}), "ours") is None


def test_table() -> None:
    assert table(["a", "b"], [["c", "d"]]) == "| a | b |\n| --- | ---: |\n| c | d |\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as a result file"),
        ("[]", "not a result file, it has no benchmark, spans"),
        ('{"benchmark": "few-nerd"}', "not a result file, it has no spans, texts"),
    ],
)
def test_not_a_result_file(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        write_report([path], out=tmp_path / "page.md")


def test_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one result file"):
        write_report([], out=tmp_path / "page.md")


def test_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="choose another place with --out"):
        write_report(write(tmp_path, result()), out=tmp_path / "file" / "page.md")
