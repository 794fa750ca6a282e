"""How the answers move with the least detection score."""

from pathlib import Path

import pytest

from evaluation_toys import toy_benchmark
from ner_retriever.documents import Document, Span
from ner_retriever.evaluation.runner import evaluate
from ner_retriever.evaluation.systems.ner_retriever import NerRetriever
from ner_retriever.evaluation.thresholds import measure_thresholds, plot_thresholds

SCORES = (0.9, 0.2, 0.6, 0.2)


def documents() -> list[Document]:
    return [
        Document(str(number), f"Ann {number}", (Span(0, 3, score), Span(4, 5, 0.1)))
        for number, score in enumerate(SCORES)
    ]


def test_mentions_below_the_threshold_do_not_count(toy_preset: Path) -> None:
    system = NerRetriever(str(toy_preset))
    system.index(documents())
    records = measure_thresholds(toy_benchmark(), system, (0.0, 0.15, 0.5, 0.7, 0.95))
    assert [record["mentions_a_text"] for record in records] == [2, 1, 0.5, 0.25, 0]
    assert [record["exact_recall"] for record in records] == [1, 1, 0.5, 0.25, 0]
    # At 0.5 texts 0 and 2 are left: whatever their order, Actor has one of two, and Boat has its
    # only text first or not.
    assert records[2]["r_precision"] in {0.25, 0.75}
    # At 0.7 text 0 alone is left.
    assert records[3]["r_precision"] == 0.25
    assert records[4]["r_precision"] == 0


def test_without_a_threshold_it_is_what_evaluate_measures(toy_preset: Path) -> None:
    benchmark = toy_benchmark()
    system = NerRetriever(str(toy_preset))
    measured = evaluate(benchmark, [system], spans="gold")["systems"]["ner-retriever"]
    gold = benchmark.documents(spans=benchmark.gold_spans())
    again = NerRetriever(str(toy_preset))
    again.index(gold)
    (record,) = measure_thresholds(benchmark, again, (0.0,))
    assert record["r_precision"] == pytest.approx(measured["r_precision"])


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_figure_is_drawn(tmp_path: Path, ending: str) -> None:
    records = [
        {
            "threshold": t,
            "r_precision": 0.4 + t / 10,
            "exact_recall": 0.9 - t,
            "overlap_recall": 1 - t,
            "mentions_a_text": 8 - 8 * t,
        }
        for t in (0.0, 0.3, 0.6)
    ]
    result = {"benchmark": "few-nerd", "gold": 0.5, "records": records}
    file = tmp_path / f"figure.{ending}"
    plot_thresholds([result, result], file)
    assert file.stat().st_size > 5000
