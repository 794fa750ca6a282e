"""The runner: what it measures, by hand, and what it tells of errors."""

import gc
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from evaluation_toys import Fixed, toy_benchmark
from ner_retriever.documents import Document, Span
from ner_retriever.environment import PeakMemory
from ner_retriever.errors import ConfigError, InputError
from ner_retriever.evaluation.runner import evaluate


@dataclass(frozen=True)
class FirstTwoWords:
    """Finds both words of a toy text."""

    name: str = "words"
    fingerprint: str = "words-1"

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        return [(Span(0, 3), Span(4, 5)) for _ in documents]


def test_results_by_hand() -> None:
    # Ranked 0, 3, 1, 2: Actor finds one of two, Boat none, the catch-all none.
    result = evaluate(toy_benchmark(), [Fixed("a", [4, 2, 1, 3])], spans="gold")
    measured = result["systems"]["a"]
    assert measured["r_precision"] == 0.25
    assert measured["r_precision_with_other"] == pytest.approx(0.5 / 3)
    assert measured["per_type"] == {"Actor": 0.5, "Boat": 0.0, "person-other": 0.0}
    assert measured["metrics"]["average_precision"] == pytest.approx((5 / 6 + 1 / 4) / 2)
    assert measured["intervals"]["r_precision"] == [0.0, 0.5]
    assert measured["bytes_a_text"] == 4.0
    assert measured["disk_bytes_a_text"] is None
    assert measured["ms_a_query"] >= 0
    assert measured["settings"] == {"constant": 1}
    assert result["relevant"] == {"Actor": 2, "Boat": 1, "person-other": 1}
    expected = {"benchmark": "jsonl", "spans": "gold", "texts": 4, "seed": 0}
    assert {key: result[key] for key in expected} == expected
    assert result["detection"] is None
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_types_seen_by_any_system_are_told_apart_for_all() -> None:
    systems = [Fixed("a", [4, 2, 1, 3], trained=frozenset({"actors"})), Fixed("b", [1, 2, 4, 3])]
    result = evaluate(toy_benchmark(), systems, spans="gold")
    assert result["types_seen"] == ["Actor"]
    assert result["systems"]["a"]["seen"] == {"types": 1, "r_precision": 0.5}
    assert result["systems"]["a"]["unseen"] == {"types": 1, "r_precision": 0.0}
    assert result["systems"]["b"]["seen"] == {"types": 1, "r_precision": 0.0}
    assert result["systems"]["b"]["unseen"] == {"types": 1, "r_precision": 1.0}


def test_without_training_types_there_is_no_split() -> None:
    result = evaluate(toy_benchmark(), [Fixed("a", [4, 2, 1, 3])], spans="gold")
    assert result["types_seen"] is None
    assert "seen" not in result["systems"]["a"]
    assert result["notes"] == ["A note."]


def test_texts_in_the_training_data_are_counted_and_named() -> None:
    system = Fixed("a", [4, 2, 1, 3])
    result = evaluate(toy_benchmark(), [system], spans="gold", training_texts=["ann 2.", "Bob"])
    assert result["texts_in_training_data"] == ["2"]
    assert result["notes"][-1] == "Texts that also stand in the training data: 1 (2)."
    result = evaluate(toy_benchmark(), [system], spans="gold", training_texts=["Bob"])
    assert result["texts_in_training_data"] == []
    assert result["notes"][-1] == "No text of the benchmark stands in the training data."


def test_comparisons_put_the_better_system_first() -> None:
    systems = [Fixed("worse", [1, 2, 3, 4]), Fixed("better", [4, 3, 2, 1])]
    (test,) = evaluate(toy_benchmark(), systems, spans="gold")["comparisons"]
    assert (test["first"], test["second"], test["types"]) == ("better", "worse", 2)
    assert test["difference"] == 0.5
    # Differences 1 and 0: every pattern of signs is as far from zero.
    assert (test["p_value"], test["exact"]) == (1.0, True)


def test_systems_are_given_gold_or_no_mentions() -> None:
    system = Fixed("a", [4, 3, 2, 1])
    evaluate(toy_benchmark(), [system], spans="gold")
    assert [document.spans for document in system.documents] == [(Span(0, 3),)] * 4
    evaluate(toy_benchmark(), [system], spans="detected")
    assert [document.spans for document in system.documents] == [None] * 4


def test_systems_are_given_detected_mentions() -> None:
    system = Fixed("a", [4, 3, 2, 1])
    detection = evaluate(toy_benchmark(), [system], detector=FirstTwoWords())["detection"]
    assert [document.spans for document in system.documents] == [(Span(0, 3), Span(4, 5))] * 4
    expected = {
        "detector": "words",
        "fingerprint": "words-1",
        "exact_recall": 1.0,
        "precision": 0.5,
        "mentions_a_text": 2.0,
    }
    assert {key: detection[key] for key in expected} == expected


def test_nothing_is_detected_for_systems_that_read_no_mentions() -> None:
    system = Fixed("a", [4, 3, 2, 1])
    system.reads_mentions = False
    assert evaluate(toy_benchmark(), [system], detector=FirstTwoWords())["detection"] is None


def test_examples_of_both_errors_for_the_worst_types() -> None:
    # Ranked 3, 0, 2: of Actor's two texts the first is found, the second is not retrieved; Boat's
    # one place is taken by text 3.
    system = Fixed("a", [3, -np.inf, 2, 4])
    result = evaluate(toy_benchmark(), [system], spans="gold", examples=1)
    boat, actor = result["systems"]["a"]["examples"]
    assert [boat["type"], actor["type"]] == ["Boat", "Actor"]
    assert (actor["query"], actor["r_precision"], actor["relevant"]) == ("Actor", 0.5, 2)
    (wrong,) = actor["false_positives"]
    assert (wrong["id"], wrong["rank"], wrong["best_mention"]) == ("3", 1, None)
    gold = {"start": 0, "end": 3, "types": ["person-other"], "detected": None}
    assert wrong["gold"] == [gold]
    (missed,) = actor["missed"]
    assert (missed["id"], missed["text"], missed["rank"]) == ("1", "Ann 1", None)
    (missed,) = boat["missed"]
    assert (missed["id"], missed["rank"]) == ("2", 3)
    mention = {"start": 0, "end": 3, "text": "Ann", "score": 0.5, "types": ["Boat"]}
    assert missed["best_mention"] == mention


def test_examples_count_the_gold_types_among_the_first() -> None:
    # Ranked 0, 2, 1, 3: Actor's two places are an Actor's and a Boat's, Boat's one an Actor's.
    system = Fixed("a", [4, 2, 3, 1])
    result = evaluate(toy_benchmark(), [system], spans="gold", examples=1)
    boat, actor = result["systems"]["a"]["examples"]
    expected = [{"type": "Actor", "texts": 1}, {"type": "Boat", "texts": 1}]
    assert actor["found"] == expected
    assert boat["found"] == expected[:1]
    assert (actor["detected"], boat["detected"]) == (None, None)


def test_examples_without_an_annotated_mention_are_counted_apart() -> None:
    # Text 3, which stands first, has no best mention.
    system = Fixed("a", [1, 2, 3, 4])
    result = evaluate(toy_benchmark(), [system], spans="gold", examples=1)
    found = {of["type"]: of["found"] for of in result["systems"]["a"]["examples"]}
    assert found["Boat"] == [{"type": None, "texts": 1}]


def test_the_worst_of_the_missed_stand_first() -> None:
    # Of Actor's two texts the one is not retrieved and the other stands last, behind two others.
    system = Fixed("a", [1, -np.inf, 3, 4])
    result = evaluate(toy_benchmark(), [system], spans="gold", examples=2)
    actor = result["systems"]["a"]["examples"][0]
    assert [(text["id"], text["rank"]) for text in actor["missed"]] == [("1", None), ("0", 3)]


@dataclass(frozen=True)
class InTwoOfFour:
    """Finds "Ann" in text 0, a part of it in text 1, and nothing else."""

    name: str = "half"
    fingerprint: str = "half-1"

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        found = {"0": (Span(0, 3),), "1": (Span(2, 5),)}
        return [found.get(document.id, ()) for document in documents]


def test_examples_say_what_was_detected() -> None:
    system = Fixed("a", [4, 2, 1, 3])
    result = evaluate(toy_benchmark(), [system], detector=InTwoOfFour(), examples=1)
    boat, actor = result["systems"]["a"]["examples"]
    assert actor["detected"] == {"mentions": 2, "exactly": 1, "in part": 1}
    assert boat["detected"] == {"mentions": 1, "exactly": 0, "in part": 0}
    assert actor["missed"][0]["gold"][0]["detected"] == "in part"
    assert boat["missed"][0]["gold"][0]["detected"] == "no"
    assert boat["false_positives"][0]["gold"][0]["detected"] == "exactly"


def test_no_examples_unless_asked() -> None:
    result = evaluate(toy_benchmark(), [Fixed("a", [4, 3, 2, 1])], spans="gold")
    assert "examples" not in result["systems"]["a"]


def test_progress_reaches_its_total() -> None:
    calls: list[tuple[str, int, int]] = []
    system = Fixed("a", [4, 3, 2, 1])
    evaluate(
        toy_benchmark(),
        [system],
        detector=FirstTwoWords(),
        progress=lambda *call: calls.append(call),
    )
    assert calls[:2] == [("detect", 0, 4), ("detect", 4, 4)]
    assert calls[2:4] == [("a: index", 0, 4), ("a: index", 4, 4)]
    assert calls[-3:] == [("a: query", done, 3) for done in (1, 2, 3)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2, 3], r"scores of shape \(3,\) and type float32; expected \(4,\)"),
        ([1, 2, 3, np.nan], "no number or infinite"),
        ([1, 2, 3, np.inf], "no number or infinite"),
    ],
)
def test_unusable_scores(values: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(toy_benchmark(), [Fixed("a", values)], spans="gold")


def test_settings_that_make_no_sense() -> None:
    system = Fixed("a", [4, 3, 2, 1])
    with pytest.raises(ConfigError, match="differ in name, not: none"):
        evaluate(toy_benchmark(), [])
    with pytest.raises(ConfigError, match="differ in name, not: a, a"):
        evaluate(toy_benchmark(), [system, system])
    with pytest.raises(ConfigError, match="nothing to detect"):
        evaluate(toy_benchmark(), [system], spans="gold", detector=FirstTwoWords())
    with pytest.raises(ConfigError, match="gold or detected, not 'silver'"):
        evaluate(toy_benchmark(), [system], spans="silver")  # type: ignore[arg-type]


def test_peak_memory_is_seen() -> None:
    # What earlier tests left behind must not be given back meanwhile.
    gc.collect()
    with PeakMemory() as memory:
        block = np.ones(200_000_000, dtype=np.uint8)
        del block
    if memory.bytes is None:
        pytest.skip("this system does not tell")
    assert 120e6 < memory.bytes < 240e6
