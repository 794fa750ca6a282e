"""Three documents whose mentions lie at known cosines of two types, A and B."""

from dataclasses import replace

import numpy as np
import pytest

from ner_retriever.documents import Span
from ner_retriever.index.records import Record, digest_of
from ner_retriever.index.store import Store
from ner_retriever.index.view import open_scan
from ner_retriever.search.algebra import Conditions, best_other
from ner_retriever.search.cutoff import CutoffParameters
from ner_retriever.search.ranking import search

A, B = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
# Certainly relevant from 1.2 deviations below the median up. A's documents have 0.9, 0.8, 0.7 and
# 0.6, B's 0.7, 0.6, 0.6 and 0.4; that leaves out 0.4 alone, so 0.6 is the cut-off of both.
STEP = CutoffParameters(head="toy", intercept=1200.0, slope=1000.0, spread=0.001)
NOTHING = np.empty((0, 3), np.float32)
TEXT = "aaaa bbbb. cccc dddd."
PLACES = (Span(0, 4), Span(5, 9), Span(11, 15), Span(16, 20))


def vector(a, b):
    return (a, b, np.sqrt(1 - a * a - b * b))


# Cosines with A and B of mentions 1 and 2, in one sentence, and 3 and 4, in another.
DOCUMENTS = {
    "apart": [(0.8, 0.0), (0.0, 0.0), (0.0, 0.7), (0.1, 0.0)],
    "together": [(0.0, 0.0), (0.0, 0.0), (0.7, 0.0), (0.0, 0.6)],
    "both at once": [(0.6, 0.6), (0.0, 0.1), (0.0, 0.0), (0.0, 0.0)],
    "A alone": [(0.9, 0.4)],
}


@pytest.fixture
def ask(tmp_path):
    store = Store.create(tmp_path, 3, numbers="float16")
    records = [
        Record(
            id=identifier,
            text=TEXT,
            digest=digest_of(TEXT, None),
            run=1,
            spans=tuple(
                # The B of "apart" is the only one that was found with doubt.
                replace(place, detection_score=0.3 if b == 0.7 else 1.0)
                for place, (_, b) in zip(PLACES, cosines, strict=False)
            ),
            vectors=np.array([vector(*pair) for pair in cosines], np.float16),
            sentences=np.array([0, 0, 1, 1][: len(cosines)], np.int32),
            contexts=np.empty((2, 0), np.float16),
        )
        for identifier, cosines in DOCUMENTS.items()
    ]
    store.write(records, replace=False)

    def asking(*, exclude=NOTHING, near=NOTHING, alongside=NOTHING, **options):
        return search(
            open_scan(tmp_path, store),
            store,
            A,
            query="A",
            limit=None,
            min_score=options.get("min_score"),
            min_detection=options.get("min_detection"),
            conditions=Conditions(exclude=exclude, near=near, alongside=alongside),
            parameters=STEP,
        )

    return asking


def scores(results):
    return {hit.id: pytest.approx(hit.score, abs=2e-3) for hit in results}


def test_without_conditions(ask):
    assert scores(ask()) == {"A alone": 0.9, "apart": 0.8, "together": 0.7, "both at once": 0.6}


def test_not(ask):
    results = ask(exclude=B[None])
    # "both at once" is exactly at B's cut-off, a margin of 0, which brings it to A's.
    assert scores(results) == {
        "A alone": 0.8,
        "apart": 0.8,
        "together": 0.7,
        "both at once": 0.6,
    }


def test_in_the_same_document(ask):
    results = ask(alongside=B[None])
    assert scores(results) == {
        "apart": 0.7,
        "together": 0.6,
        # Its A is its own B, which doesn't count; the next best B is 0.5 below the cut-off.
        "both at once": 0.1,
        "A alone": -1.0,
    }
    assert [hit.id for hit in ask(alongside=B[None], min_score="auto")] == ["apart", "together"]


def test_in_the_same_sentence(ask):
    assert scores(ask(near=B[None])) == {
        "together": 0.6,
        # 0.1 is A's cosine of the mention beside B; that of the best A beside B is 0.8 with 0.
        "apart": 0.1,
        "both at once": 0.1,
        "A alone": -1.0,
    }


def test_conditions_together(ask):
    assert scores(ask(exclude=B[None], alongside=np.stack([B, B]))) == {
        "apart": 0.7,
        "together": 0.6,
        "both at once": 0.1,
        "A alone": -1.0,
    }


def test_mentions_detected_less_surely_fulfil_nothing(ask):
    # The B of "apart" doesn't count any more, so B's documents have 0.6, 0.6, 0.4 and 0, its
    # cut-off is 0.4, and A's are as far above 0.6 as the B beside them above 0.4, at most.
    assert scores(ask(alongside=B[None], min_detection=0.5)) == {
        "together": 0.7,
        "both at once": 0.3,
        "apart": 0.2,
        "A alone": -1.0,
    }


def test_an_index_without_mentions(tmp_path):
    store = Store.create(tmp_path, 3, numbers="float16")
    results = search(
        open_scan(tmp_path, store),
        store,
        A,
        query="A",
        limit=5,
        min_score="auto",
        conditions=Conditions(exclude=B[None], near=B[None], alongside=B[None]),
        parameters=STEP,
    )
    assert list(results) == []


def test_the_best_of_the_others():
    values = np.array([3, 1, 5, 5, 2, 7], np.float32)
    groups = np.array([4, 4, 9, 9, 4, 1])
    assert best_other(values, groups).tolist() == [2, 3, 5, 5, 3, -np.inf]
    assert values.tolist() == [3, 1, 5, 5, 2, 7]
    assert best_other(values[:0], groups[:0]).tolist() == []


def test_the_best_of_the_others_by_brute_force():
    generator = np.random.default_rng(1)
    values = generator.integers(0, 5, 200).astype(np.float32)
    groups = generator.integers(0, 40, 200)
    expected = [
        max((values[j] for j in range(200) if j != i and groups[j] == groups[i]), default=-np.inf)
        for i in range(200)
    ]
    assert best_other(values, groups).tolist() == expected
