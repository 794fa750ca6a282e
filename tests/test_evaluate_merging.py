"""Results of several runs, put together."""

from typing import Any

import pytest

from evaluation_toys import Fixed, toy_benchmark
from ner_retriever.errors import InputError
from ner_retriever.evaluation.merging import merge
from ner_retriever.evaluation.runner import evaluate


def run(*systems: Fixed, detector: str | None = None, **changes: Any) -> dict[str, Any]:
    spans = "gold" if detector is None else "detected"
    detection = None if detector in (None, "none") else {"fingerprint": detector}
    result = evaluate(toy_benchmark(), systems, spans="gold")
    return {**result, "spans": spans, "detection": detection, **changes}


def test_runs_apart_equal_one_run() -> None:
    first, second = Fixed("a", [4, 2, 1, 3], trained=frozenset({"actor"})), Fixed("b", [1, 2, 4, 3])
    (merged,) = merge([run(second), run(first)])
    whole = run(first, second)
    for key in ("comparisons", "types_seen", "queries", "spans"):
        assert merged[key] == whole[key]
    for name in ("a", "b"):
        for key in ("per_type", "seen", "unseen", "r_precision"):
            assert merged["systems"][name][key] == whole["systems"][name][key]
    assert [list(part["systems"]) for part in merged["runs"]] == [["b"], ["a"]]


def test_texts_in_the_training_data_are_those_of_all_runs() -> None:
    results = [run(Fixed(name, [4, 2, 1, 3])) for name in "abc"]
    (merged,) = merge(results)
    assert merged["texts_in_training_data"] is None
    results[1]["texts_in_training_data"] = ["3"]
    results[2]["texts_in_training_data"] = ["1", "3"]
    (merged,) = merge(results)
    assert merged["texts_in_training_data"] == ["1", "3"]


def test_a_run_alone_stays_as_it_is() -> None:
    result = run(Fixed("a", [4, 2, 1, 3]))
    assert merge([result]) == [result]


@pytest.mark.parametrize("changes", [{"texts": 3}, {"seed": 1}, {"queries": {}}, {"spans": "x"}])
def test_other_texts_or_queries_stay_apart(changes: dict[str, Any]) -> None:
    results = [run(Fixed("a", [4, 2, 1, 3])), run(Fixed("b", [1, 2, 4, 3]), **changes)]
    assert merge(results) == results


def test_detectors_stay_apart_and_baselines_go_with_each() -> None:
    results = [
        run(Fixed("bm25", [1, 2, 3, 4]), detector="none"),
        run(Fixed("ours", [4, 2, 1, 3]), detector="eyes"),
        run(Fixed("ours", [4, 3, 1, 2]), detector="ears"),
    ]
    merged = merge(results)
    assert [list(result["systems"]) for result in merged] == [["bm25", "ours"]] * 2
    assert [result["detection"]["fingerprint"] for result in merged] == ["eyes", "ears"]


def test_a_system_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(gold mentions, 4 texts\) hold a; leave one"):
        merge([run(Fixed("a", [4, 2, 1, 3])), run(Fixed("a", [1, 2, 4, 3]))])
