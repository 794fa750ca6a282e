from dataclasses import replace

import numpy as np
import pytest

from index_toys import in_one_sentence
from ner_retriever.documents import Hit, Mention, Span
from ner_retriever.errors import QueryError, StoreError
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store
from ner_retriever.index.view import open_scan
from ner_retriever.search import results as results_module
from ner_retriever.search.ranking import _top, search

# Their cosines with the query (1, 0) are 1, 0.8, 0.6, 0 and -1.
EAST, NEAR, FAR, NORTH, WEST = (1, 0), (0.8, 0.6), (0.6, 0.8), (0, 1), (-1, 0)


def record(identifier, *mentions):
    """A document "abcdefghij" with mentions of one character: pairs of place and vector."""
    return Record(
        id=identifier,
        text="abcdefghij",
        digest=digest_of("abcdefghij", None),
        run=1,
        spans=tuple(Span(place, place + 1) for place, _ in mentions),
        vectors=np.array([vector for _, vector in mentions], np.float16).reshape(-1, 2),
        **in_one_sentence(len(mentions)),
    )


DOCUMENTS = [
    record("west", (0, WEST)),
    record("both", (5, NORTH), (2, NEAR), (7, EAST)),
    record("none"),
    record("near", (3, NEAR)),
    record("also-near", (4, FAR), (6, NEAR), (1, NEAR)),
]


@pytest.fixture
def store(tmp_path):
    made = Store.create(tmp_path, 2, numbers="float16")
    made.write(DOCUMENTS, replace=False)
    return made


@pytest.fixture
def ask(store, tmp_path):
    def asking(limit=None, min_score=None, vector=EAST, min_detection=None, names_only=False):
        return search(
            open_scan(tmp_path, store),
            store,
            np.array(vector, np.float32),
            query="directions",
            limit=limit,
            min_score=min_score,
            min_detection=min_detection,
            names_only=names_only,
        )

    return asking


@pytest.fixture
def surer(store):
    """Documents whose best mentions were detected least surely."""
    doubtful = record("doubtful", (0, EAST), (2, NEAR), (4, FAR))
    spans = tuple(Span(place, place + 1, sure) for place, sure in ((0, 0.2), (2, 0.6), (4, 0.9)))
    store.write([replace(doubtful, spans=spans)], replace=False)


def ids(results):
    return [hit.id for hit in results]


def places(hit):
    return [mention.start for mention in hit.mentions]


def test_all_documents_with_mentions(ask):
    results = ask()
    assert ids(results) == ["both", "near", "also-near", "west"]
    assert [hit.score for hit in results] == pytest.approx([1, 0.8, 0.8, -1], abs=1e-3)
    assert (results.query, results.documents, results.mentions) == ("directions", 5, 8)
    assert (results.matching, len(results)) == (4, 4)
    assert [places(hit) for hit in results] == [[7, 2, 5], [3], [1, 6, 4], [0]]


def test_a_hit(ask):
    assert ask(limit=1)[0] == Hit("both", 1.0, "abcdefghij", (Mention(7, 8, "h", 1.0),))


def test_a_limit_lists_mentions_as_good_as_the_last_document(ask):
    results = ask(limit=2)
    assert ids(results) == ["both", "near"]
    assert [places(hit) for hit in results] == [[7, 2], [3]]
    assert (results.matching, len(results)) == (4, 2)


def test_a_least_score_lists_every_mention_that_reaches_it(ask):
    results = ask(min_score=0.5)
    assert ids(results) == ["both", "near", "also-near"]
    assert [places(hit) for hit in results] == [[7, 2], [3], [1, 6, 4]]
    assert (results.matching, len(results)) == (3, 3)


def test_limit_and_least_score(ask):
    results = ask(limit=1, min_score=0.5)
    assert [places(hit) for hit in results] == [[7, 2]]
    assert (results.matching, len(results)) == (3, 1)


def test_nothing_is_good_enough(ask):
    results = ask(min_score=0.9, vector=(0, -1))
    assert (ids(results), len(results), results.matching, results.documents) == ([], 0, 0, 5)


def test_the_least_score_is_included(ask):
    assert len(ask(min_score=-1.0)) == 4
    assert ids(ask(min_score=1.0)) == ["both"]


def test_a_limit_beyond_the_documents(ask):
    assert ids(ask(limit=100)) == ids(ask())


def test_an_empty_store(tmp_path):
    store = Store.create(tmp_path, 2, numbers="float16")
    results = search(
        open_scan(tmp_path, store), store, np.array(EAST), query="q", limit=3, min_score=None
    )
    assert (list(results), results.documents, results.mentions, results.matching) == ([], 0, 0, 0)


def test_positions_and_slices(ask):
    results = ask()
    assert results[0].id == "both"
    assert results[-1].id == "west"
    assert ids(results[1:3]) == ["near", "also-near"]
    assert places(results[:1][0]) == [7, 2, 5]
    assert ids(results[::-1]) == ids(results)[::-1]
    assert results[1:].matching == 4
    with pytest.raises(IndexError):
        results[4]


def test_texts_are_read_a_few_at_a_time(ask, monkeypatch):
    monkeypatch.setattr(results_module, "_READ_ROWS", 3)
    expected = [hit.id for hit in ask()]
    reads = []
    read = Store.read
    monkeypatch.setattr(Store, "read", lambda self, rows: reads.append(rows) or read(self, rows))
    results = ask()
    assert reads == []
    assert ids(results) == expected
    assert reads == [[1, 3, 4], [0]]


def test_results_stay_true_when_the_store_moves_on(ask, store):
    results = ask()
    store.delete(["both"])
    store.write([record("new", (0, EAST))], replace=False)
    assert ids(results) == ["both", "near", "also-near", "west"]
    assert ids(ask()) == ["new", "near", "also-near", "west"]


def test_a_scan_of_another_state(store, tmp_path):
    scan = open_scan(tmp_path, store)
    store.delete(["west"])
    with pytest.raises(StoreError, match="open it again"):
        search(scan, store, np.array(EAST), query="q", limit=None, min_score=None)


@pytest.mark.parametrize(
    ("limit", "min_score"), [(0, None), (-1, None), (None, 1.01), (None, -1.5), (None, np.nan)]
)
def test_values_out_of_range(ask, limit, min_score):
    with pytest.raises(QueryError, match="must be"):
        ask(limit=limit, min_score=min_score)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7, None])
def test_the_highest_with_ties_in_order(limit):
    scores = np.array([0.5, 0.9, 0.5, 0.1, 0.9, 0.5], np.float32)
    assert _top(scores, limit).tolist() == [1, 4, 0, 2, 5, 3][:limit]


@pytest.mark.parametrize(
    ("least", "listed", "score"),
    [(0.0, [0, 2, 4], 1.0), (0.2, [0, 2, 4], 1.0), (0.3, [2, 4], 0.8), (0.7, [4], 0.6)],
)
def test_only_mentions_that_were_detected_surely_enough(ask, surer, least, listed, score):
    results = ask(min_detection=least)
    (hit,) = (hit for hit in results if hit.id == "doubtful")
    assert (places(hit), hit.score) == (listed, pytest.approx(score, abs=1e-3))
    assert results.open("doubtful") == hit
    assert results.mentions == 8 + len(listed)


def test_a_document_none_of_whose_mentions_counts(ask, surer):
    results = ask(min_detection=0.95)
    assert ids(results) == ["both", "near", "also-near", "west"]
    assert results.open("doubtful").mentions == ()
    assert ids(ask(min_detection=0.95, min_score=-1.0)) == ids(results)


@pytest.mark.parametrize("least", [-0.1, 1.1, np.nan, True, "0.5"])
def test_a_least_detection_score_out_of_range(ask, least):
    with pytest.raises(QueryError, match=r"must be in \[0, 1\]"):
        ask(min_detection=least)


def test_best_mentions_of_an_answer(ask):
    assert ask(limit=2).best_mentions.tolist() == [3, 4]
    assert ask(min_score=0.9, vector=(0, -1)).best_mentions.tolist() == []


def with_nouns(store, *name_scores):
    """A document whose mentions lie ever farther from east."""
    names = record("names", (0, EAST), (2, NEAR), (4, FAR))
    spans = tuple(
        Span(place, place + 1, name_score=name)
        for place, name in zip((0, 2, 4), name_scores, strict=True)
    )
    store.write([replace(names, spans=spans)], replace=False)


@pytest.mark.parametrize(
    ("name_scores", "starts"),
    [
        ((0.9, 0.9, 0.9), [0, 2, 4]),
        ((0.1, 0.1, 0.1), [0, 2, 4]),
        # The second is a name near the best; the third is one too far off.
        ((0.1, 0.9, 0.9), [2, 0, 4]),
        ((0.1, 0.1, 0.9), [0, 2, 4]),
    ],
)
def test_a_name_near_the_best_mention_is_shown_before_a_noun(
    store, ask, monkeypatch, name_scores, starts
):
    monkeypatch.setattr("ner_retriever.search.results._NEAR_THE_BEST", 0.3)
    with_nouns(store, *name_scores)
    (hit,) = [hit for hit in ask() if hit.id == "names"]
    assert [mention.start for mention in hit.mentions] == starts
    assert [mention.name_score for mention in hit.mentions] == pytest.approx(
        [name_scores[start // 2] for start in starts]
    )
    assert hit.score == max(mention.score for mention in hit.mentions)


def test_only_names_count_if_that_is_asked(store, ask):
    with_nouns(store, 0.1, 0.9, 0.1)
    (hit,) = [hit for hit in ask(names_only=True) if hit.id == "names"]
    assert [mention.start for mention in hit.mentions] == [2]
    assert hit.score == hit.mentions[0].score
    everyone = {hit.id: hit.score for hit in ask()}
    assert everyone["names"] > hit.score
    assert {hit.id for hit in ask(names_only=True)} == set(everyone)
