"""Systems that find mentions in their own pass measure what systems do that are given them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ner_retriever import Retriever
from ner_retriever.cli.evaluate import load_finder
from ner_retriever.config import load_preset
from ner_retriever.documents import Span
from ner_retriever.evaluation.benchmarks import Benchmark, GoldMention, GoldText
from ner_retriever.evaluation.runner import evaluate
from ner_retriever.evaluation.systems import System
from ner_retriever.evaluation.systems.loading import load_systems
from ner_retriever.reading.encoder import load_encoder
from toys import save_tiny_mention_head


def benchmark() -> Benchmark:
    typed = [
        ("Sue the Tyrannosaurus stands in Chicago.", (8, 21, "dinosaur"), (32, 39, "city")),
        ("The Louvre is in Paris.", (4, 10, "museum"), (17, 22, "city")),
        ("A Stegosaurus came to the Prado.", (2, 13, "dinosaur"), (26, 31, "museum")),
        ("Berlin lies on the Spree.", (0, 6, "city"), (19, 24, "river")),
    ]
    texts = tuple(
        GoldText(
            str(number),
            text,
            tuple(GoldMention(Span(start, end), (label,)) for start, end, label in mentions),
        )
        for number, (text, *mentions) in enumerate(typed)
    )
    types = ("dinosaur", "city", "museum", "river")
    return Benchmark("jsonl", texts, {label: label for label in types}, frozenset(), ())


@pytest.fixture(scope="module")
def detector(toy_preset: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A random mention head for the toy preset, as ``--detector`` takes it."""
    encoder = load_encoder(load_preset(str(toy_preset)))
    folder = save_tiny_mention_head(tmp_path_factory.mktemp("mentions"), encoder)
    return f"mention-head:{folder}"


def measured(systems: Sequence[System], detector: str, preset: Path) -> dict[str, Any]:
    finder, _ = load_finder(detector, str(preset))
    stages: list[str] = []
    result = evaluate(
        benchmark(),
        systems,
        detector=finder,
        examples=2,
        progress=lambda stage, _done, _total: stages.append(stage),
    )
    return {**result, "detected apart": "detect" in stages}


def test_one_pass_measures_what_two_do(tmp_path: Path, toy_preset: Path, detector: str) -> None:
    load = partial(load_systems, preset=str(toy_preset))
    twice = measured(load(["ner-retriever"]), detector, toy_preset)
    once = measured(load(["ner-retriever"], detector=detector), detector, toy_preset)
    assert (twice["detected apart"], once["detected apart"]) == (True, False)
    retriever = Retriever.create(tmp_path / "index", preset=str(toy_preset), detector=detector)
    retriever.add(benchmark().documents())
    index = measured(load([f"index:{tmp_path / 'index'}"]), detector, toy_preset)
    assert index["detected apart"] is False
    assert twice["detection"]["detected_mentions"] > 0
    assert twice["detection"] == once["detection"] == index["detection"]
    (given,), (found,), (kept,) = (
        list(result["systems"].values()) for result in (twice, once, index)
    )
    for key in ("per_type", "examples", "bytes_a_text"):
        assert given[key] == found[key] == kept[key]


def test_systems_of_other_presets_and_kinds_are_given_what_was_found(
    toy_preset: Path, detector: str
) -> None:
    systems = load_systems(
        ["ner-retriever", "untrained"], preset=str(toy_preset), detector=detector
    )
    assert [system.reads_mentions for system in systems] == [False, True]
    result = measured(systems, detector, toy_preset)
    assert result["detected apart"] is True
    ours, untrained = (result["systems"][name] for name in ("ner-retriever", "untrained"))
    assert ours["settings"]["mentions"] == untrained["settings"]["mentions"]


def test_an_index_of_another_detector_is_not_reported_as_this_one(
    tmp_path: Path, toy_preset: Path, detector: str
) -> None:
    path = tmp_path / "index"
    retriever = Retriever.create(path, preset=str(toy_preset), detector="spans")
    retriever.add(benchmark().documents(spans=benchmark().gold_spans()))
    systems = load_systems([f"index:{path}"], preset=str(toy_preset))
    assert measured(systems, detector, toy_preset)["detection"] is None


def test_only_a_mention_head_needs_no_pass_of_its_own(toy_preset: Path, detector: str) -> None:
    assert load_finder(detector, str(toy_preset))[1] == detector
    assert load_finder("spacy", str(toy_preset))[1] == "spans"
