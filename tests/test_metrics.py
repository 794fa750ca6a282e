"""Metrics and tests of significance; values worked out by hand, and equality with trec_eval."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ner_retriever.errors import InputError
from ner_retriever.evaluation.metrics import (
    METRICS,
    macro_average,
    measure,
    trec_names,
)
from ner_retriever.evaluation.significance import paired_permutation_test
from ner_retriever.training.metric import auc, bootstrap_interval, r_precision, ranking

NOT_RETRIEVED = float("-inf")


def scores(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def positions(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


# Few distinct values, so that ties and texts that are not retrieved are common.
rankings = st.lists(
    st.sampled_from([NOT_RETRIEVED, -0.5, 0.0, 0.25, 0.5]), min_size=1, max_size=30
).flatmap(
    lambda values: st.tuples(
        st.just(scores(*values)),
        st.sets(st.integers(0, len(values) - 1), min_size=1).map(
            lambda found: positions(*sorted(found))
        ),
    )
)


def test_ranking_puts_the_earlier_of_equals_first_and_drops_what_is_not_retrieved() -> None:
    values = scores(0.5, NOT_RETRIEVED, 0.9, 0.5, -0.1)
    assert ranking(values).tolist() == [2, 0, 3, 4]


def test_r_precision_by_hand() -> None:
    # Ranked 2, 0, 3, 1: of the first three, 2 and 3 are relevant.
    assert r_precision(scores(0.8, 0.1, 0.9, 0.5), positions(1, 2, 3)) == pytest.approx(2 / 3)


def test_what_is_not_retrieved_counts_as_a_miss() -> None:
    values = scores(0.9, NOT_RETRIEVED, NOT_RETRIEVED, NOT_RETRIEVED)
    assert r_precision(values, positions(0, 1)) == 0.5
    assert r_precision(scores(NOT_RETRIEVED, NOT_RETRIEVED), positions(0)) == 0.0


def test_all_measures_by_hand() -> None:
    # Ranks: 0 relevant, 1 not, 2 relevant, 3 not, 4 not; text 5 is relevant and not retrieved.
    values = scores(0.9, 0.8, 0.7, 0.6, 0.5, NOT_RETRIEVED)
    measured = measure(values, positions(0, 2, 5))
    gain, ideal = 1 + 1 / np.log2(4), 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert tuple(measured) == METRICS
    assert measured == pytest.approx(
        {
            "r_precision": 2 / 3,
            "average_precision": (1 + 2 / 3) / 3,
            "ndcg_at_10": gain / ideal,
            "recall_at_2r": 2 / 3,
            "precision_at_10": 0.2,
        }
    )


def test_recall_at_2r_reaches_twice_as_deep_as_r() -> None:
    values = scores(0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
    assert measure(values, positions(3, 4))["recall_at_2r"] == 0.5


def test_nothing_retrieved_measures_zero() -> None:
    values = scores(NOT_RETRIEVED, NOT_RETRIEVED)
    assert measure(values, positions(1)) == dict.fromkeys(METRICS, 0.0)


@given(rankings)
def test_r_precision_equals_trec_eval(case: tuple[NDArray[np.float32], NDArray[np.int64]]) -> None:
    values, relevant = case
    names = trec_names(len(values))
    run = {
        name: float(value)
        for name, value in zip(names, values, strict=True)
        if value != NOT_RETRIEVED
    }
    qrels = {names[position]: 1 for position in relevant}
    (official,) = ir_measures.iter_calc([ir_measures.Rprec], {"q": qrels}, {"q": run})
    assert r_precision(values, relevant) == pytest.approx(official.value)
    assert measure(values, relevant)["r_precision"] == pytest.approx(official.value)


@given(rankings, st.randoms(use_true_random=False))
def test_r_precision_without_ties_ignores_the_order_of_the_pool(
    case: tuple[NDArray[np.float32], NDArray[np.int64]], random: object
) -> None:
    values, relevant = case
    distinct = np.where(values == NOT_RETRIEVED, values, np.arange(len(values))).astype(np.float32)
    order = np.random.default_rng(random.randrange(2**32)).permutation(len(values))  # type: ignore[attr-defined]
    moved = np.flatnonzero(np.isin(order, relevant))
    assert r_precision(distinct[order], moved) == r_precision(distinct, relevant)


def test_without_relevant_text_nothing_is_defined() -> None:
    for function in (r_precision, measure):
        with pytest.raises(InputError, match="not defined without a relevant text"):
            function(scores(0.1), positions())


def test_macro_average_counts_types_the_same() -> None:
    values = {"a": 0.2, "b": 0.6, "x-other": 1.0}
    assert macro_average(values, ["a", "b"]) == pytest.approx(0.4)
    assert macro_average(values, values.keys()) == pytest.approx(0.6)
    with pytest.raises(InputError, match="only catch-all types"):
        macro_average(values, [])


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [
        ([0.9, 0.8], [0.1, 0.2, 0.3], 1.0),
        ([0.1], [0.2, 0.3], 0.0),
        # 0.5 is above one of two, 0.1 above none.
        ([0.5, 0.1], [0.3, 0.7], 1 / 4),
        # An equal score counts one half.
        ([0.5, 0.5], [0.5, 0.2], 3 / 4),
    ],
)
def test_auc_by_hand(positive: list[float], negative: list[float], expected: float) -> None:
    assert auc(scores(*positive), scores(*negative)) == pytest.approx(expected)


def test_auc_needs_both_kinds() -> None:
    with pytest.raises(InputError, match="not 1 and 0"):
        auc(scores(0.5), scores())


# Significance


def test_interval_of_equal_values_is_a_point() -> None:
    assert bootstrap_interval([0.25] * 8, seed=0) == (0.25, 0.25)


def test_interval_of_two_values_by_hand() -> None:
    # Means of two draws are 0, 0.5 and 1 with probabilities ¼, ½ and ¼.
    assert bootstrap_interval([0.0, 1.0], seed=0) == (0.0, 1.0)
    assert bootstrap_interval([0.0, 1.0], seed=0, confidence=0.4) == (0.5, 0.5)


def test_interval_is_near_the_normal_one_and_seeded() -> None:
    values = np.random.default_rng(5).normal(0.4, 0.1, size=400).tolist()
    low, high = bootstrap_interval(values, seed=1)
    error = 1.96 * np.std(values) / 20
    assert (low, high) == pytest.approx(
        (np.mean(values) - error, np.mean(values) + error), abs=0.001
    )
    assert (low, high) == bootstrap_interval(values, seed=1)
    assert (low, high) != bootstrap_interval(values, seed=2)


def test_permutation_test_by_hand() -> None:
    # Of the eight sign patterns of (1, 2, 3), two reach the sum 6 or −6.
    test = paired_permutation_test([1, 2, 3], [0, 0, 0], seed=0)
    assert (test.difference, test.p_value, test.exact) == (2.0, 0.25, True)
    # (1, −2, 3) sums to 2; of the patterns' sums ±6, ±4, ±2, 0 and 0, six are as far from 0.
    assert paired_permutation_test([1, 0, 3], [0, 2, 0], seed=0).p_value == 0.75


def test_equal_systems_differ_by_chance_alone() -> None:
    assert paired_permutation_test([0.1] * 20, [0.1] * 20, seed=0).p_value == 1.0


def test_sampled_test_is_close_to_the_exact_one() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.uniform(size=15).tolist(), rng.uniform(size=15).tolist()
    exact = paired_permutation_test(first, second, seed=0)
    # A sixteenth type without a difference changes nothing but the way of counting.
    sampled = paired_permutation_test([*first, 0.5], [*second, 0.5], seed=0)
    assert exact.exact
    assert not sampled.exact
    assert sampled.p_value == pytest.approx(exact.p_value, abs=0.02)


def test_sampled_p_value_is_never_zero() -> None:
    test = paired_permutation_test([1.0] * 40, [0.0] * 40, seed=0)
    assert test.p_value == pytest.approx(1 / 10_001)


def test_values_to_compare_must_be_there_and_in_pairs() -> None:
    with pytest.raises(InputError, match="not 1 and 2 values"):
        paired_permutation_test([0.1], [0.1, 0.2], seed=0)
    with pytest.raises(InputError, match="no values to compare"):
        paired_permutation_test([], [], seed=0)
    with pytest.raises(InputError, match="no values to compare"):
        bootstrap_interval([], seed=0)
