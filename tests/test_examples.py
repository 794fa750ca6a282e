"""The example corpus and its types fit together."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def read_lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLES / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def corpus() -> list[dict[str, Any]]:
    return read_lines("corpus.jsonl")


@pytest.fixture(scope="module")
def types() -> list[dict[str, Any]]:
    return read_lines("types.jsonl")


def test_there_are_enough_documents_and_types(
    corpus: list[dict[str, Any]], types: list[dict[str, Any]]
) -> None:
    assert len(corpus) >= 380
    assert len(types) >= 60


def test_names_are_unique(corpus: list[dict[str, Any]], types: list[dict[str, Any]]) -> None:
    assert not repeated(record["id"] for record in corpus)
    assert not repeated(record["type"] for record in types)


def test_every_type_lists_four_or_more_documents_of_the_corpus_once(
    corpus: list[dict[str, Any]], types: list[dict[str, Any]]
) -> None:
    known = {record["id"] for record in corpus}
    for record in types:
        assert set(record["ids"]) <= known, record["type"]
        assert not repeated(record["ids"]), record["type"]
        assert len(record["ids"]) >= 4, record["type"]


def test_every_document_mentions_some_type(
    corpus: list[dict[str, Any]], types: list[dict[str, Any]]
) -> None:
    mentioned = {identifier for record in types for identifier in record["ids"]}
    assert {record["id"] for record in corpus} == mentioned


@pytest.mark.parametrize(
    ("finer", "broader"),
    [
        ("antibiotic", "drug"),
        ("painkiller", "drug"),
        ("migraine drug", "drug"),
        ("supreme court", "court"),
        ("soup", "dish"),
        ("dessert", "dish"),
    ],
)
def test_a_type_includes_its_finer_types(
    types: list[dict[str, Any]], finer: str, broader: str
) -> None:
    ids = {record["type"]: set(record["ids"]) for record in types}
    assert ids[finer] < ids[broader]


def test_texts_are_short_paragraphs(corpus: list[dict[str, Any]]) -> None:
    for record in corpus:
        assert 80 <= len(record["text"]) <= 700, record["id"]
        assert record["text"] == " ".join(record["text"].split()), record["id"]


def test_no_text_stands_twice_or_nearly_so(corpus: list[dict[str, Any]]) -> None:
    assert not repeated(record["text"][:40].casefold() for record in corpus)


def test_the_types_that_the_demo_measures_begin_with_its_best_known(
    types: list[dict[str, Any]],
) -> None:
    assert [record["type"] for record in types[:3]] == ["dinosaur", "museum", "court"]


def repeated(items: Iterable[str]) -> list[str]:
    return [item for item, count in Counter(items).items() if count > 1]
