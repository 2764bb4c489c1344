"""The outcome's own past: who is the nation, what a hole touches, what a province is."""

import math

import numpy as np
import pytest

from city_resilience.indicators.formulas import history
from city_resilience.indicators.formulas.history import growth_gap_past, national_growth
from city_resilience.indicators.formulas.years import lag

NAN = np.nan


@pytest.fixture
def outcome():
    growth = np.random.default_rng(7).normal(0.05, 0.03, (6, 9))
    return 100.0 * np.exp(np.cumsum(growth, axis=1)) * np.arange(1, 7)[:, None]


def slow_gap(outcome, city, year, h):
    both = [c for c in range(len(outcome)) if not np.isnan(outcome[c, [year - h, year]]).any()]
    nation = math.log(sum(outcome[both, year]) / sum(outcome[both, year - h]))
    return 100 * (math.log(outcome[city, year] / outcome[city, year - h]) - nation)


@pytest.mark.parametrize("h", [1, 2, 3])
def test_gap_equals_a_slow_loop(outcome, h):
    outcome[2, 4] = NAN
    found = growth_gap_past(outcome, h=h)
    for city in range(6):
        for year in range(h, 9):
            slow = slow_gap(outcome, city, year, h)
            assert found[city, year] == pytest.approx(slow, abs=1e-9, nan_ok=True)
    assert np.isnan(found[:, :h]).all()


def test_a_city_that_is_missing_invents_no_gap():
    same = np.outer([1000.0, 10.0, 10.0], 1.05 ** np.arange(4))
    same[0, 2] = NAN
    np.testing.assert_allclose(growth_gap_past(same)[1:, 1:], 0.0, atol=1e-10)
    np.testing.assert_allclose(national_growth(same)[1:], math.log(1.05))


def test_national_growth_without_a_pair_of_cities_is_missing():
    assert np.isnan(national_growth(np.array([[1.0, NAN], [NAN, 2.0]]))).all()


def test_a_hole_leaves_the_lags_it_touches_missing_and_bridges_nothing(outcome):
    outcome[2, 4] = NAN
    assert np.isnan(growth_gap_past(outcome)[2, [4, 5]]).all()
    assert np.isfinite(growth_gap_past(outcome)[2, [3, 6]]).all()
    for years in (2, 3):
        touched = np.isnan(history.over_years(growth_gap_past(outcome), "mean", years)[2, years:])
        expected = [t in range(4, 5 + years) for t in range(years, 9)]
        np.testing.assert_array_equal(touched, expected)
    np.testing.assert_array_equal(
        np.isnan(history.growth_gap_past(outcome, h=3)[2]), [t < 3 or t in (4, 7) for t in range(9)]
    )


def test_five_year_moments_need_three_years(outcome):
    outcome[2, [2, 4]] = NAN
    gap = growth_gap_past(outcome)[2]
    assert np.isnan(gap[[2, 3, 4, 5]]).all()
    for statistic, slow in (
        ("mean", np.mean),
        ("sd", lambda g: np.std(g, ddof=1)),
        ("min", np.min),
        ("max", np.max),
        ("median", np.median),
    ):
        found = history.over_years(growth_gap_past(outcome), statistic, 5)[2]
        assert np.isnan(found[:8]).all()
        assert found[8] == pytest.approx(slow(gap[[6, 7, 8]]))


def test_lags_are_the_gaps_of_earlier_years(outcome):
    gap = growth_gap_past(outcome)
    for years in (1, 4):
        np.testing.assert_array_equal(lag(gap, years)[:, 5], gap[:, 5 - years])


def test_province_gap_is_the_gap_of_its_sum(outcome):
    province = np.array(["A", "A", "B", "B", "B", ""])
    outcome[4, 3] = NAN
    found = history.province_gap(outcome, province)
    nation = national_growth(outcome)
    slow = 100 * (math.log(sum(outcome[:2, 5]) / sum(outcome[:2, 4])) - nation[5])
    np.testing.assert_allclose(found[:2, 5], slow)
    with_hole = 100 * (math.log(sum(outcome[2:4, 3]) / sum(outcome[2:4, 2])) - nation[3])
    np.testing.assert_allclose(found[2:4, 3], with_hole)
    assert np.isnan(found[4, 3])
    assert np.isnan(found[5]).all()
    own = history.growth_gap_past(outcome) - history.province_gap(outcome, province)
    np.testing.assert_allclose(own[:2, 5], growth_gap_past(outcome)[:2, 5] - slow)


def test_province_of_one_city_leaves_nothing_of_its_own(outcome):
    own = history.growth_gap_past(outcome) - history.province_gap(outcome, np.array(list("ABCDEF")))
    np.testing.assert_allclose(own[:, 1:], 0.0, atol=1e-10)
