import json

import numpy as np
import pytest

from ner_retriever.errors import ConfigError, ModelError
from ner_retriever.search.cutoff import (
    GENERAL,
    CutoffParameters,
    Estimate,
    Trust,
    deviations,
    read_parameters,
)

NONE = -np.inf


def scores(*values):
    return np.array(values, np.float32)


def sharp(intercept, slope=1e-9):
    """Parameters whose queries hardly differ; with the default slope all documents are alike."""
    return CutoffParameters(head="toy", intercept=intercept, slope=slope, spread=1e-9)


def exactly(value):
    return Estimate(*[pytest.approx(value, abs=1e-4)] * 3)


def test_deviations_from_the_median():
    base = scores(0.4, NONE, 0.2, 0.3, 0.1, 0.0)
    found = deviations(scores(0.2, 0.2 + 0.14826, 0.2 - 2 * 0.14826), base)
    np.testing.assert_allclose(found, [0, 1, -2], atol=1e-5)


def test_scores_that_are_all_alike():
    assert np.isfinite(deviations(scores(0.5, 0.6), scores(0.5, 0.5, 0.5))).all()


def test_even_odds():
    trust = Trust(scores(0.5, NONE, 0.25, 0.125, 0.1), parameters=sharp(0.0))
    cutoff = trust.at(0.25)
    assert (cutoff.score, cutoff.documents) == (0.25, 2)
    assert cutoff.precision == exactly(0.5)
    assert cutoff.missed == exactly(1.0)
    # Taking all promises the best F1: 2 · 2 of 4 + 2.
    assert trust.automatic.documents == 4
    assert trust.fitted


def test_a_step():
    # Median 0.3, deviation 0.14826: relevant from half a deviation above it.
    parameters = sharp(-500.0, slope=1000.0)
    trust = Trust(scores(0.1, 0.5, 0.3, 0.2, 0.4), parameters=parameters)
    assert (trust.automatic.score, trust.automatic.documents) == (0.4, 2)
    assert trust.automatic.precision == exactly(1.0)
    assert trust.automatic.missed == exactly(0.0)
    assert trust.at(0.5).missed == exactly(1.0)
    assert trust.at(0.1).precision == exactly(0.4)
    np.testing.assert_allclose(trust.probability(scores(0.36, 0.385)), [0, 1], atol=1e-3)


def test_odds_by_hand():
    # One deviation above the median the log-odds are -1 + 2 = 1.
    trust = Trust(scores(0.2, 0.3, 0.4), parameters=sharp(-1.0, slope=2.0))
    expected = [1 / (1 + np.exp(1)), 1 / (1 + np.exp(-1))]
    found = trust.probability(scores(0.3, 0.3 + 0.14826))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_queries_that_differ_make_intervals_wide():
    some = scores(*np.linspace(0.1, 0.9, 50))
    widths = []
    for spread in (0.1, 1.0, 2.0):
        parameters = CutoffParameters(head="x", intercept=0.0, slope=1.0, spread=spread)
        cutoff = Trust(some, parameters=parameters).at(0.5)
        for estimate in (cutoff.precision, cutoff.missed):
            assert estimate.low < estimate.value < estimate.high
        widths.append(cutoff.precision.high - cutoff.precision.low)
    assert widths == sorted(widths)


def test_judged_documents_count_as_what_they_are():
    trust = Trust(scores(0.5, 0.4, 0.3, NONE), parameters=sharp(0.0), known={0: True, 1: False})
    assert trust.at(0.5).precision == exactly(1.0)
    assert trust.at(0.4).precision == exactly(0.5)
    assert trust.at(0.4).missed == exactly(0.5)


def test_judgements_tell_of_the_documents_that_are_not_judged():
    some = scores(*np.linspace(0.1, 0.9, 101))
    before = Trust(some, parameters=GENERAL)
    rows = range(40, 60)
    values = {}
    for relevant in (True, False):
        known = dict.fromkeys(rows, relevant)
        after = Trust(some, parameters=GENERAL, known=known, unmoved=some)
        values[relevant] = after.probability(scores(0.8))[0]
        width = after.at(0.85).precision.high - after.at(0.85).precision.low
        assert width < before.at(0.85).precision.high - before.at(0.85).precision.low
    assert values[False] < before.probability(scores(0.8))[0] < values[True]


def test_conditions_are_measured_against_the_core():
    core, lowered = scores(0.2, 0.3, 0.4, 0.9), scores(0.2, 0.3, 0.4, 0.3)
    trust = Trust(lowered, base=core, parameters=sharp(-1.0, slope=2.0))
    alone = Trust(core, parameters=sharp(-1.0, slope=2.0))
    np.testing.assert_array_equal(trust.probability(core), alone.probability(core))
    assert trust.at(0.4).documents == 1


def test_probability_rises_with_the_score():
    generator = np.random.default_rng(0)
    trust = Trust(generator.normal(0.4, 0.1, 500).astype(np.float32), parameters=GENERAL)
    assert (np.diff(trust.probability(np.linspace(-1, 1, 300, dtype=np.float32))) >= 0).all()
    assert not trust.fitted


@pytest.mark.parametrize("some", [scores(), scores(NONE, NONE)])
def test_no_document_to_trust(some):
    trust = Trust(some, parameters=GENERAL)
    assert trust.automatic.documents == 0
    assert trust.at(0.3).precision == trust.at(0.3).missed == Estimate(0, 0, 0)
    assert sum(trust.histogram(5).counts) == 0


def test_one_document():
    assert Trust(scores(0.5), parameters=GENERAL).automatic.documents == 1


def test_a_score_off_the_scale():
    trust = Trust(scores(0.5, 0.4), parameters=GENERAL)
    assert (trust.at(7.0).score, trust.at(7.0).documents) == (1.0, 0)
    assert (trust.at(-7.0).score, trust.at(-7.0).documents) == (-1.0, 2)


def test_a_histogram():
    histogram = Trust(scores(0.0, NONE, 0.25, 0.5, 1.0), parameters=GENERAL).histogram(2)
    assert histogram.edges == (0.0, 0.5, 1.0)
    assert histogram.counts == (2, 2)


def test_parameters_of_a_head(tmp_path):
    assert read_parameters(tmp_path, "abc") is GENERAL
    mine = CutoffParameters(head="abc", intercept=-4.0, slope=1.0, spread=1.0)
    (tmp_path / "cutoff.json").write_text(json.dumps(mine.to_record()))
    assert read_parameters(tmp_path, "abc") == mine
    assert read_parameters(tmp_path, "another") is GENERAL


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"intercept": 0, "slope": 1}',
     '{"intercept": 0, "slope": -1, "spread": 1}', '{"intercept": 0, "slope": NaN, "spread": 1}',
     '{"intercept": Infinity, "slope": 1, "spread": 1}',
     '{"intercept": 0, "slope": "1", "spread": 1}'],
)  # fmt: skip
def test_damaged_parameters(tmp_path, content):
    (tmp_path / "cutoff.json").write_text(content)
    with pytest.raises(ModelError, match="ner-retriever calibrate"):
        read_parameters(tmp_path, "abc")


def test_parameters_out_of_range():
    with pytest.raises(ConfigError, match="greater than 0"):
        CutoffParameters(intercept=0, slope=1, spread=0)
