"""Ratios, growth and ranks against values worked out by hand and a slow loop."""

import numpy as np
import pytest

from city_resilience.indicators.formulas import ratios
from city_resilience.indicators.formulas.years import lag, lead

NAN = np.nan


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_ratio_has_no_value_over_zero_or_negative():
    found = ratios.ratio(np.array([[1.0, 1.0, 1.0, NAN]]), np.array([[4.0, 0.0, -2.0, 4.0]]))
    np.testing.assert_array_equal(found, [[0.25, NAN, NAN, NAN]])


def test_share_larger_than_its_whole_is_missing():
    found = ratios.share(np.array([[1.0, 2.5, -1.0]]), np.array([[2.0, 2.0, 2.0]]))
    np.testing.assert_array_equal(found, [[50.0, NAN, NAN]])


def test_log_growth_over_three_years():
    x = np.array([[1.0, 5.0, NAN, np.e, 0.0]])
    np.testing.assert_allclose(ratios.log_growth(x, 3), [[NAN, NAN, NAN, 100.0, NAN]])


def test_lag_longer_than_the_panel_is_missing():
    assert np.isnan(lag(np.ones((2, 3)), 5)).all()


def test_lag_refuses_to_look_ahead():
    with pytest.raises(ValueError, match="looks back"):
        lag(np.ones((2, 3)), -1)


def test_lead_undoes_a_lag_but_for_the_years_that_fell_out(rng):
    x = rng.normal(size=(3, 6, 2))
    np.testing.assert_array_equal(lead(lag(x, 2), 2)[:, :4], x[:, :4])
    assert np.isnan(lead(x, 2)[:, 4:]).all()
    assert np.isnan(lead(x, 9)).all()
    with pytest.raises(ValueError, match="looks ahead"):
        lead(x, -1)


def test_log_relative_is_not_moved_by_a_missing_city():
    x = np.full((100, 2), 7.0)
    x[0, 1] = NAN
    np.testing.assert_allclose(ratios.log_relative(x)[1:], 0.0, atol=1e-12)


def test_rank_equals_a_slow_count(rng):
    x = rng.integers(0, 6, (40, 5)).astype(float)
    x[rng.random(x.shape) < 0.2] = NAN
    found = ratios.within_year_rank(x)
    for city in range(40):
        for year in range(5):
            known = x[np.isfinite(x[:, year]), year]
            here = x[city, year]
            slow = ((known < here).sum() + ((known == here).sum() + 1) / 2) / len(known)
            assert found[city, year] == pytest.approx(NAN if np.isnan(here) else slow, nan_ok=True)


def test_rank_of_a_year_without_values_is_missing():
    assert np.isnan(ratios.within_year_rank(np.full((3, 1), NAN))).all()
