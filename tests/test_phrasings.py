"""Type names in other words."""

import pytest

from ner_retriever.documents import Span
from ner_retriever.training.phrasings import lower_case, plural, rephrase
from ner_retriever.training.typed_mentions import TypedText

TEXTS = [
    TypedText("1", "wordnet", "Museum, a place for things", (Span(0, 6),), (("place",),)),
    TypedText("2", "wordnet", "place, where things are", (Span(0, 5),), ((),)),
    TypedText("3", "news", "the Louvre in Paris", (Span(4, 10), Span(14, 19)), (("museum",),) * 2),
    TypedText("4", "news", "place, not a gloss", (Span(0, 5),), (("museum", "place"),)),
]
MUSEUM = {"museums", "kind of museum", "a place for things", "museum, a place for things"}
PLACE = {"places", "kind of place", "where things are", "place, where things are"}


@pytest.mark.parametrize("seed", range(8))
def test_each_type_gets_one_other_phrasing_everywhere(seed: int) -> None:
    rephrased = rephrase(TEXTS, seed)
    assert [text.text for text in rephrased] == [text.text for text in TEXTS]
    (museum,) = set(rephrased[2].types[0]) - {"museum"}
    assert museum in MUSEUM
    assert rephrased[2].types == (("museum", museum), ("museum", museum))
    (place,) = set(rephrased[0].types[0]) - {"place"}
    assert place in PLACE
    assert rephrased[3].types == (("museum", "place", museum, place),)
    assert rephrased[1].types == ((),)


def test_every_phrasing_occurs() -> None:
    found = {rephrase(TEXTS, seed)[2].types[0][1] for seed in range(40)}
    assert found == MUSEUM


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("city", "cities"),
        ("day", "days"),
        ("bus", "buses"),
        ("church", "churches"),
        ("pop star", "pop stars"),
    ],
)
def test_plurals(name: str, expected: str) -> None:
    assert plural(name) == expected


def test_a_share_of_texts_loses_its_capitals() -> None:
    texts = [TypedText(str(n), "", f"A Text {n}", (), ()) for n in range(200)]
    lowered = lower_case(texts, 0.25, seed=0)
    changed = [new.text for old, new in zip(texts, lowered, strict=True) if new != old]
    assert 30 < len(changed) < 70
    assert all(text == text.lower() for text in changed)
    assert lower_case(texts, 0.0, seed=0) == texts


def test_a_text_that_would_grow_keeps_its_capitals() -> None:
    texts = [TypedText("1", "", "İstanbul", (Span(0, 8),), (("city",),))]
    assert lower_case(texts, 1.0, seed=0) == texts
