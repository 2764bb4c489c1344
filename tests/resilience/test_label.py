"""The label: its formula, its shift against the past gap, and when it is known."""

import math

import numpy as np
import pytest

from city_resilience.indicators.formulas.history import growth_gap_past
from city_resilience.resilience.horizons import known_labels
from city_resilience.resilience.measures import MEASURES

GROWTH_GAP = MEASURES["growth_gap"].label

NAN = np.nan


@pytest.fixture
def outcome():
    return np.random.default_rng(1).lognormal(3, 0.5, (5, 8))


@pytest.mark.parametrize("h", [1, 2, 3])
def test_label_at_t_is_the_past_gap_of_t_plus_h(outcome, h):
    label = GROWTH_GAP(outcome, h)
    np.testing.assert_array_equal(label[:, :-h], growth_gap_past(outcome, h=h)[:, h:])
    assert np.isnan(label[:, -h:]).all()


def test_label_by_hand():
    label = GROWTH_GAP(np.array([[100.0, 120.0], [300.0, 300.0]]), 1)
    nation = math.log(420 / 400)
    assert label[0, 0] == pytest.approx(100 * (math.log(1.2) - nation))
    assert label[1, 0] == pytest.approx(-100 * nation)


def test_an_incomplete_year_invents_no_gap():
    outcome = np.outer([900.0, 50.0, 50.0], 1.03 ** np.arange(5))
    outcome[0, 2] = NAN
    for h in (1, 2):
        np.testing.assert_allclose(GROWTH_GAP(outcome, h)[1:, :-h], 0.0, atol=1e-10)
    assert np.isnan(GROWTH_GAP(outcome, 1)[0, [1, 2]]).all()
    assert GROWTH_GAP(outcome, 2)[0, 1] == pytest.approx(0.0, abs=1e-10)


def test_a_label_known_at_the_origin_does_not_use_a_later_year(outcome):
    years = np.arange(2000, 2008)
    for h in (1, 2, 3):
        known = known_labels(2004, h, years)
        later = outcome.copy()
        later[:, 5:] = 1e6
        np.testing.assert_array_equal(
            GROWTH_GAP(later, h)[:, known], GROWTH_GAP(outcome, h)[:, known]
        )
        assert years[known].max() == 2004 - h


def test_horizon_longer_than_the_panel_has_no_label(outcome):
    assert np.isnan(GROWTH_GAP(outcome, 9)).all()


def test_horizon_of_zero_is_refused(outcome):
    with pytest.raises(ValueError, match="at least 1"):
        GROWTH_GAP(outcome, 0)


def test_measures_table():
    measure = MEASURES["growth_gap"]
    assert (measure.id, measure.unit) == ("growth_gap", "pp")
    with pytest.raises(TypeError):
        MEASURES["other"] = measure
