import json

import pytest

from ner_retriever.errors import ConfigError, NerRetrieverError, QueryError
from ner_retriever.search.query import Example, Query, as_query


def test_a_query_in_words():
    query = Query(
        describe="court",
        like=(Example(id="doc:3", start=4, end=10),),
        exclude=("supreme court",),
        near=("judge",),
        alongside=("city", "state"),
    )
    assert str(query) == (
        "court, like doc:3:4-10, not supreme court, near judge, with city, with state"
    )
    assert query.conditions == ("supreme court", "judge", "city", "state")


def test_text_is_a_description():
    assert as_query("dinosaur") == Query(describe="dinosaur")
    assert as_query(Query(describe="ship")).describe == "ship"


def test_to_json_and_back():
    query = Query(describe="court", like=(Example(id="a", start=0, end=3),), near=("judge",))
    assert Query.from_record(json.loads(json.dumps(query.to_record()))) == query


@pytest.mark.parametrize(
    ("text", "example"),
    [("doc-17:8-21", ("doc-17", 8, 21)), ("http://x:80/a:0-3", ("http://x:80/a", 0, 3))],
)
def test_reading_an_example(text, example):
    assert Example.parse(text) == Example(id=example[0], start=example[1], end=example[2])
    assert str(Example.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "doc",
        "doc:",
        "doc:3",
        "doc:3-",
        "doc:-3-4",
        "doc:3-2",
        "doc:2-2",
        ":0-3",
        "doc:٣-٤",
        "doc:1-99999999999",
        "doc:1.5-2",
    ],
)
def test_what_is_no_example(text):
    with pytest.raises(QueryError):
        Example.parse(text)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "a type in words or an example"),
        ({"describe": 3}, "describe must be a string or null"),
        ({"describe": "x", "color": 1}, "unknown key 'color'"),
        ({"describe": "x", "near": "judge"}, "near must be a list"),
        ({"describe": "x", "near": [1]}, "a type in words"),
        ({"like": ["a:0-3"]}, "an object with id, start and end"),
        ({"like": [{"id": "a", "start": 0}]}, "end"),
        ({"like": [{"id": "", "start": 0, "end": 1}]}, "non-empty string"),
        ({"like": [{"id": "a", "start": 0, "end": True}]}, "character offsets"),
        ({"like": [{"id": "a", "start": -1, "end": 1}]}, "character offsets"),
        ({"like": [{"id": "a", "start": 0, "end": 1}] * 1001}, "at most 1000"),
        ({"describe": "x", "exclude": ["y"] * 21}, "at most 20"),
    ],
)
def test_records_that_are_no_query(record, message):
    with pytest.raises(NerRetrieverError, match=message) as caught:
        Query.from_record(record)
    assert isinstance(caught.value, ConfigError | QueryError)
