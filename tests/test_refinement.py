"""The query vector that judgements ask for, and the classifier behind it."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ner_retriever.index.scan import DOCUMENT, MENTION, Scan
from ner_retriever.search.logistic import fit_logistic
from ner_retriever.search.refinement import refine
from ner_retriever.search.vectors import rocchio


def made(seed: int, documents: int, mentions: int, dimensions: int = 16) -> Scan:
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(documents * mentions, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Scan(
        state="s",
        vectors=vectors.astype(np.float16),
        mentions=np.zeros(len(vectors), MENTION),
        document_first=np.arange(documents + 1) * mentions,
        documents=np.zeros(documents, DOCUMENT),
    )


@pytest.mark.parametrize("inverse_penalty", [0.1, 10.0, 1000.0])
def test_the_classifier_is_scikit_learns(inverse_penalty: float) -> None:
    generator = np.random.default_rng(1)
    vectors = generator.normal(size=(120, 20)).astype(np.float32)
    positive = vectors[:, 0] + generator.normal(size=120) > 1
    ours = fit_logistic(vectors, positive, inverse_penalty=inverse_penalty)
    theirs = LogisticRegression(C=inverse_penalty, tol=1e-10, max_iter=10_000)
    theirs.fit(vectors.astype(np.float64), positive)
    np.testing.assert_allclose(ours, theirs.coef_[0], rtol=1e-3, atol=1e-3)


def test_data_that_a_plane_parts_are_fitted_too() -> None:
    vectors = np.concatenate([np.full((3, 2), 9.0), np.full((500, 2), -9.0)]).astype(np.float32)
    weights = fit_logistic(vectors, np.arange(503) < 3, inverse_penalty=1e6)
    assert np.isfinite(weights).all()
    assert (weights > 0).all()


def test_nothing_judged_leaves_the_query() -> None:
    scan, none = made(0, 30, 2), np.empty(0, np.int64)
    query = np.eye(16, dtype=np.float32)[0]
    same = refine(scan, query, accepted=none, rejected=none, rejected_documents=none)
    assert same is query


def test_rocchio_at_first_and_the_classifier_as_judgements_grow() -> None:
    scan = made(0, 400, 2)
    query = np.eye(16, dtype=np.float32)[0]

    def likeness(judgements: int) -> float:
        accepted = np.arange(0, judgements, 2)
        documents = np.arange(200, 200 + judgements // 2)
        rejected = scan.document_first[documents]
        refined = refine(
            scan, query, accepted=accepted, rejected=rejected, rejected_documents=documents
        )
        assert np.linalg.norm(refined) == pytest.approx(1.0, abs=1e-5)
        moved = rocchio(query, scan.joined(accepted), scan.joined(rejected))
        return float(refined @ moved)

    assert likeness(2) > 0.99
    assert likeness(40) < 0.99


def test_each_mention_of_a_rejected_document_counts_against_its_like() -> None:
    scan = made(3, 300, 4)
    query, unshown = np.eye(16, dtype=np.float32)[:2]
    documents = np.arange(60)
    shown = scan.document_first[documents]
    scan.vectors[shown + 1] = unshown
    accepted = np.arange(500, 540)
    refined = refine(scan, query, accepted=accepted, rejected=shown, rejected_documents=documents)
    moved = rocchio(query, scan.joined(accepted), scan.joined(shown))
    assert refined @ unshown < moved @ unshown - 0.2


def test_an_index_without_mentions() -> None:
    scan = made(0, 3, 0)
    query = np.eye(16, dtype=np.float32)[0]
    none = np.empty(0, np.int64)
    same = refine(scan, query, accepted=none, rejected=none, rejected_documents=np.array([1]))
    assert same is query
