"""What a random check of the unread proves, against all that can be drawn."""

import re
from math import comb
from pathlib import Path

import numpy as np
import pytest

from ner_retriever.errors import ConfigError, QueryError
from ner_retriever.evaluation.stopping import simulate_stop
from ner_retriever.search.stopping import UNKNOWN, Check, cover, most_relevant, random_order
from test_use import scan_of

KEYS = np.arange(1, 201, dtype=np.uint64) * np.uint64(7919)
RUNS = np.ones(200, np.int64)


def test_a_bound_is_the_largest_number_that_the_draws_do_not_refute() -> None:
    # By the definition: prior over posterior of each number, in exact arithmetic's terms.
    population, drawn, relevant, error = 60, 25, 1, 0.05

    def chance(total: int) -> float:
        if not relevant <= total <= population - drawn + relevant:
            return 0.0
        return comb(population - drawn, total - relevant) / comb(population, total)

    def rising(start: int, times: int) -> float:
        return float(np.prod([start + step for step in range(times)], dtype=np.float64))

    def prior(total: int) -> float:
        # Beta-binomial with 1 and the population.
        return (
            comb(population, total)
            * rising(1, total)
            * rising(population, population - total)
            / rising(1 + population, population)
        )

    evidence = sum(prior(total) * chance(total) for total in range(population + 1))
    held = [t for t in range(population + 1) if chance(t) > 0 and evidence / chance(t) < 1 / error]
    assert most_relevant(population, drawn, relevant, error=error) == max(held)


@pytest.mark.parametrize("total", [0, 1, 5, 40])
def test_a_bound_holds_at_every_draw_at_once(total: int) -> None:
    generator = np.random.default_rng(total)
    population, reviews, error = 60, 150, 0.2
    broken = 0
    for _ in range(reviews):
        found = np.cumsum(generator.permutation(np.arange(population) < total))
        bounds = [
            most_relevant(population, drawn, int(found[drawn - 1]), error=error)
            for drawn in range(1, population + 1)
        ]
        broken += min(bounds) < total
        assert bounds[-1] == total
    # Three standard deviations of what chance may do above the promise.
    assert broken <= reviews * error + 3 * np.sqrt(reviews * error * (1 - error))


def test_what_a_check_proves_and_draws_next() -> None:
    judged = [(3, True), (4, False), (UNKNOWN, True)]
    unchecked, drawn = cover(judged, KEYS, RUNS, [])
    assert drawn is None
    assert (unchecked.read, unchecked.found, unchecked.missed_at_most) == (2, 1, 198)
    assert unchecked.recall_at_least == 1 / 199
    check = Check(seed=5, judged=3, run=1)
    order = [
        row for row in np.argsort(random_order(KEYS, check.seed)).tolist() if row not in (3, 4)
    ]
    # Read for another reason: it counts when the order reaches it.
    judged.append((order[1], False))
    coverage, drawn = cover(judged, KEYS, RUNS, [check])
    assert (drawn, coverage.population, coverage.drawn) == (order[0], 198, 0)
    judged.append((order[0], True))
    coverage, drawn = cover(judged, KEYS, RUNS, [check])
    assert (drawn, coverage.drawn, coverage.drawn_relevant) == (order[2], 2, 1)
    assert coverage.missed == pytest.approx(198 / 2 - 1)
    everything = judged + [(row, False) for row in order[2:]]
    coverage, drawn = cover(everything, KEYS, RUNS, [check])
    assert drawn is None
    assert (coverage.missed_at_most, coverage.recall_at_least) == (0, 1.0)
    assert coverage.reached(1.0)


def test_what_came_later_is_not_covered() -> None:
    runs = RUNS.copy()
    runs[-30:] = 2
    check = Check(seed=1, judged=0, run=1)
    everything_old = [(row, row == 0) for row in range(170)]
    coverage, drawn = cover(everything_old, KEYS, runs, [check])
    assert (drawn, coverage.population, coverage.missed_at_most) == (None, 170, 30)
    # Another check draws from those, with what is left of the chance of error.
    more = Check(seed=2, judged=170, run=2)
    coverage, drawn = cover(everything_old, KEYS, runs, [check, more])
    assert coverage.population == 30
    assert drawn is not None and drawn >= 170


def test_orders_of_two_seeds_are_unrelated() -> None:
    first, second = (np.argsort(random_order(KEYS, seed)).argsort() for seed in (1, 2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.2
    assert abs(np.corrcoef(first, np.arange(200))[0, 1]) < 0.2


def test_the_price_of_the_promise_is_what_the_docs_say() -> None:
    page = (Path(__file__).parent.parent / "docs" / "feedback.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d,]+) \| (\d+) \| (0\.\d+) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    unread = 20_000
    for found, missed, share in rows:
        before = int(found.replace(",", ""))
        most = before / 0.95 - before
        drawn = next(
            drawn
            for drawn in range(10, unread, 10)
            if most_relevant(unread, drawn, 0, error=0.04) <= most
        )
        assert int(most) + 1 == int(missed)
        assert drawn / unread == pytest.approx(float(share), abs=0.006)


def test_what_makes_no_sense() -> None:
    with pytest.raises(QueryError, match="between 0 and 1, not 1"):
        cover([], KEYS, RUNS, [], confidence=1.0)
    with pytest.raises(ConfigError, match="seed must be a whole number"):
        Check(seed=-1, judged=0, run=0)


def test_a_simulated_review_keeps_its_promise() -> None:
    # Forty relevant ones near the query, and one in ten of the rest of them far away.
    angles = [0.005 * n for n in range(40)] + [0.5 + 0.001 * n for n in range(400)]
    relevant = np.array([*range(40), 150, 250, 350])
    scan = scan_of(angles)
    stops = [
        simulate_stop(scan, np.array([1.0, 0.0], np.float32), relevant, recall=0.9, seed=seed)
        for seed in range(10)
    ]
    assert np.mean([stop.read for stop in stops]) < 0.97 * len(angles)
    assert sum(stop.recall >= 0.9 for stop in stops) >= 9
