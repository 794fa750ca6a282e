import json

import pytest

from ner_retriever.errors import ConfigError, QueryError
from ner_retriever.search.feedback import DRY_AFTER, Feedback, Judgement


def judged(identifier, relevant):
    return Judgement(id=identifier, start=0, end=3, relevant=relevant)


def given(*pairs):
    feedback = Feedback()
    for identifier, relevant in pairs:
        feedback = feedback.judge(judged(identifier, relevant))
    return feedback


def test_yes_and_no():
    feedback = given(("a", True), ("b", False), ("c", True))
    assert [one.id for one in feedback.accepted] == ["a", "c"]
    assert [one.id for one in feedback.rejected] == ["b"]


def test_a_later_judgement_replaces_an_earlier_until_it_is_undone():
    first = given(("a", True), ("b", False))
    second = first.judge(judged("a", False))
    assert [one.id for one in second.rejected] == ["b", "a"]
    assert second.accepted == ()
    assert second.undo() == first
    assert first.undo().undo() == Feedback()
    assert Feedback().undo() == Feedback()


def test_dry_after_ten_times_no():
    feedback = given(("yes", True), *((str(number), False) for number in range(DRY_AFTER - 1)))
    assert not feedback.dry
    dry = feedback.judge(judged("last", False))
    assert dry.dry
    assert not dry.judge(judged("found", True)).dry
    # A document judged twice is one judgement.
    assert not feedback.judge(judged("0", False)).dry


def test_to_json_and_back():
    feedback = given(("a", True), ("b", False), ("a", False))
    assert Feedback.from_record(json.loads(json.dumps(feedback.to_record()))) == feedback


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"history": "yes"}, "history must be a list"),
        ({"history": [True]}, "an object with id, start, end and relevant"),
        ({"history": [{"id": "a", "start": 0, "end": 3, "relevant": 1}]}, "true or false"),
        ({"history": [{"id": "a", "start": 3, "end": 3, "relevant": True}]}, "character offsets"),
        ({"story": []}, "unknown key 'story'"),
        ({"history": [{}] * 10_001}, "at most 10000"),
    ],
)
def test_records_that_are_no_feedback(record, message):
    with pytest.raises((ConfigError, QueryError), match=message):
        Feedback.from_record(record)
