"""Examples, cut-offs, judgements, saved queries and the map, through ``Retriever``."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from ner_retriever import Document, Retriever, Span
from ner_retriever.errors import QueryError
from ner_retriever.index.scan import document_key
from ner_retriever.search import mention_locations
from ner_retriever.search.feedback import Feedback, Judgement
from ner_retriever.search.mention_map import mention_map
from ner_retriever.search.query import Example, Query
from ner_retriever.search.saved import SavedQuery

DOCUMENTS = [
    Document("a", "Sue the Tyrannosaurus stands in Chicago.", (Span(8, 21), Span(32, 39))),
    Document(
        "b", "The Louvre is in Paris. Rome is far.", (Span(4, 10), Span(17, 22), Span(24, 28))
    ),
    Document("c", "nothing to see here", ()),
    Document("d", "Ein Stegosaurus 🦕 im Café.", (Span(4, 15), Span(21, 25))),
]
PARIS, ROME = Example(id="b", start=17, end=22), Example(id="b", start=24, end=28)


@pytest.fixture
def retriever(tmp_path: Path, toy_preset: Path) -> Retriever:
    made = Retriever.create(tmp_path / "index", preset=str(toy_preset), detector="spans")
    made.add(DOCUMENTS)
    return made


def judged(identifier: str, start: int, end: int, relevant: bool) -> Feedback:
    return Feedback().judge(Judgement(id=identifier, start=start, end=end, relevant=relevant))


def test_like_a_mention_finds_it_first(retriever: Retriever) -> None:
    hit = retriever.search(Query(like=(PARIS,)))[0]
    assert (hit.id, hit.mentions[0].text) == ("b", "Paris")
    assert hit.score == pytest.approx(1, abs=1e-3)


def test_like_several_mentions_and_a_description(retriever: Retriever) -> None:
    described = retriever.encoder.queries(["city"])[0]
    paris, rome = retriever.encoder.mentions([DOCUMENTS[1].text], [[Span(17, 22), Span(24, 28)]])[0]
    mean = (paris + rome) / np.linalg.norm(paris + rome)
    expected = (described + mean) / np.linalg.norm(described + mean)
    hit = retriever.search(Query(describe="city", like=(PARIS, ROME))).open("b")
    found = {mention.text: mention.score for mention in hit.mentions}
    assert found["Paris"] == pytest.approx(float(expected @ paris), abs=2e-3)
    assert found["Rome"] == pytest.approx(float(expected @ rome), abs=2e-3)


def test_an_example_that_is_no_detected_mention(retriever: Retriever) -> None:
    text = DOCUMENTS[1].text
    vector = retriever.encoder.mentions([text], [[Span(4, 22)]])[0][0]
    paris = retriever.encoder.mentions([text], [[Span(17, 22)]])[0][0]
    hit = retriever.search(Query(like=(Example(id="b", start=4, end=22),))).open("b")
    scores = {mention.text: mention.score for mention in hit.mentions}
    assert scores["Paris"] == pytest.approx(float(vector @ paris), abs=2e-3)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (Example(id="z", start=0, end=1), "no document 'z'"),
        (Example(id="c", start=0, end=99), "does not lie in its text of 19 characters"),
    ],
)
def test_examples_that_are_not_there(retriever: Retriever, example: Example, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        retriever.search(Query(like=(example,)))


def test_ids_that_share_a_key_are_told_apart(
    retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = retriever.search("city")
    monkeypatch.setattr(mention_locations, "document_key", lambda identifier: document_key("a"))
    found = mention_locations.locate(results.scan, results.store, ["a", "d", "z"])
    assert list(found) == ["a"]


def test_conditions_through_the_encoder(retriever: Retriever) -> None:
    alone = retriever.search("city", limit=None)
    with_itself = retriever.search(Query(describe="city", alongside=("city",)), limit=None)
    assert with_itself.query == "city, with city"
    assert sorted(hit.id for hit in with_itself) == ["a", "b", "d"]
    lowered = {hit.id: hit.score for hit in with_itself}
    assert all(lowered[hit.id] <= hit.score + 1e-6 for hit in alone)


def test_yes_moves_the_ranking_towards_it(retriever: Retriever) -> None:
    feedback = judged("d", 4, 15, True)
    before = {hit.id: hit.score for hit in retriever.search("city", limit=None)}
    after = {hit.id: hit.score for hit in retriever.search("city", limit=None, feedback=feedback)}
    assert after["d"] > before["d"]
    no = {
        hit.id: hit.score
        for hit in retriever.search("city", limit=None, feedback=judged("d", 4, 15, False))
    }
    assert no["d"] < after["d"]


def test_feedback_of_what_is_gone_is_left_out(retriever: Retriever) -> None:
    feedback = judged("d", 4, 15, True).judge(Judgement(id="z", start=0, end=1, relevant=True))
    retriever.add([Document("d", "Now: a text without it.", (Span(0, 3),))])
    plain = [(hit.id, hit.score) for hit in retriever.search("city", limit=None)]
    judged_now = retriever.search("city", limit=None, feedback=feedback)
    assert [(hit.id, hit.score) for hit in judged_now] == plain
    assert [hit.text for hit in retriever.accepted(feedback)] == ["Now: a text without it."]
    retriever.add([Document("d", "Short.", (Span(0, 5),))])
    assert retriever.accepted(feedback) == []


def test_accepted_documents_with_the_mention_that_was_judged(retriever: Retriever) -> None:
    feedback = judged("b", 17, 22, True).judge(Judgement(id="a", start=32, end=39, relevant=False))
    (hit,) = retriever.accepted(feedback)
    assert (hit.id, hit.text, hit.score) == ("b", DOCUMENTS[1].text, 1.0)
    assert [mention.text for mention in hit.mentions] == ["Paris"]


def test_judgements_count_as_known(retriever: Retriever) -> None:
    feedback = judged("a", 8, 21, True)
    for identifier, start, end in (("b", 4, 10), ("d", 4, 15)):
        feedback = feedback.judge(Judgement(id=identifier, start=start, end=end, relevant=False))
    trust = retriever.search("dinosaur", feedback=feedback).trust
    everything = trust.at(-1.0)
    assert everything.documents == 3
    for value in dataclasses.astuple(everything.precision):
        assert value == pytest.approx(1 / 3)
    assert everything.missed.high == 0


def test_the_least_sure_is_not_judged_yet(retriever: Retriever) -> None:
    results = retriever.search("city", limit=None)
    feedback = Feedback()
    seen = []
    while (hit := results.least_sure(feedback)) is not None:
        seen.append(hit.id)
        best = hit.mentions[0]
        feedback = feedback.judge(
            Judgement(id=hit.id, start=best.start, end=best.end, relevant=True)
        )
    assert sorted(seen) == ["a", "b", "d"]
    doubt = np.abs(results.trust.probability(results.document_scores) - 0.5)
    rows = {identifier: row for row, identifier in enumerate("abcd")}
    assert seen == sorted("abd", key=lambda identifier: float(doubt[rows[identifier]]))


def test_a_cut_off(retriever: Retriever) -> None:
    every = retriever.search("city", limit=None)
    automatic = retriever.search("city", limit=None, cutoff="auto")
    cutoff = every.trust.automatic
    assert automatic.threshold == cutoff.score
    assert len(automatic) == cutoff.documents == sum(hit.score >= cutoff.score for hit in every)
    assert len(retriever.search("city", cutoff=-1.0)) == 3
    assert not automatic.trust.fitted
    with pytest.raises(QueryError, match="give one of them"):
        retriever.search("city", cutoff="auto", min_score=0.5)
    with pytest.raises(QueryError, match="'auto', not 'high'"):
        retriever.search("city", cutoff="high")  # type: ignore[arg-type]


def test_opening_a_document_lists_all_its_mentions(retriever: Retriever) -> None:
    results = retriever.search("city", limit=1)
    opened = results.open("b")
    assert sorted(mention.text for mention in opened.mentions) == ["Louvre", "Paris", "Rome"]
    assert opened.score == opened.mentions[0].score
    empty = results.open("c")
    assert (empty.score, empty.mentions, empty.text) == (-1.0, (), "nothing to see here")
    with pytest.raises(QueryError, match="no document 'z'"):
        results.open("z")


def test_what_is_new_since_a_query_last_ran(retriever: Retriever) -> None:
    first = retriever.search("city", limit=None)
    saved = retriever.queries.create(
        SavedQuery(name="cities", query=Query(describe="city"), seen=first.latest)
    )
    assert len(first.since(0)) == 3
    assert len(first.since(first.latest)) == 0
    changed = Document("a", "Sue stands in Boston.", (Span(14, 20),))
    retriever.add([*DOCUMENTS[1:], changed, Document("e", "Oslo.", (Span(0, 4),))])
    again = retriever.search(saved.query, limit=None)
    assert sorted(hit.id for hit in again.since(saved.seen)) == ["a", "e"]
    assert len(again) == 4
    assert again.latest > first.latest


def test_saved_queries_hold_no_text_and_survive_a_new_index(
    retriever: Retriever, toy_preset: Path
) -> None:
    retriever.queries.create(
        SavedQuery(name="x", query=Query(like=(PARIS,)), feedback=judged("b", 17, 22, True))
    )
    (file,) = (retriever.path / "queries").glob("*.json")
    assert "Paris" not in file.read_text()
    assert json.loads(file.read_text())["format"] == 1
    again = Retriever.create(retriever.path, preset=str(toy_preset), detector="spans", replace=True)
    assert [saved.name for saved in again.queries.all()] == ["x"]


def test_a_map_of_the_answer(retriever: Retriever) -> None:
    results = retriever.search("city", limit=None)
    points = mention_map(results)
    assert [point.id for point in points] == [hit.id for hit in results]
    for point, hit in zip(points, results, strict=True):
        best = hit.mentions[0]
        assert (point.start, point.end, point.text) == (best.start, best.end, best.text)
        assert max(abs(point.x), abs(point.y)) <= 1
    assert mention_map(results) == points
    assert len(mention_map(results, limit=2)) == 2
    with pytest.raises(QueryError, match="1 or more"):
        mention_map(results, limit=0)
