"""Time to recover with censoring kept, and the trend that never sees the shock."""

import numpy as np
import pytest

from city_resilience.resilience.reasons import reason_ids
from city_resilience.resilience.trajectories import time_to_recover, trend_ahead, trend_deviation

NAN = np.nan


def recovered(*rows, start=1, **options):
    found = time_to_recover(np.array(rows), start, **options)
    return (
        found.values.tolist(),
        reason_ids(found.reasons).tolist(),
        found.beside["censored"].tolist(),
        found.beside["observed"].tolist(),
    )


def test_first_year_back_at_the_highest_level_before_the_shock():
    values, reasons, censored, observed = recovered(
        [90.0, 100.0, 95.0, 98.0, 100.0, 99.0],  # back after 3 years, and below again
        [110.0, 100.0, 105.0, 109.0, 110.0, 1.0],  # its peak is the year before the start
        [90.0, 100.0, 101.0, 50.0, 50.0, 50.0],  # never below in the first year
    )
    assert values == [3.0, 3.0, 1.0]
    assert reasons == ["", "", ""]
    assert censored == [False] * 3
    assert observed == [3, 3, 1]


def test_a_city_not_back_is_censored_and_has_no_number():
    values, reasons, censored, observed = recovered(
        [90.0, 100.0, 95.0, 98.0, 99.0, 99.9],
        [90.0, 100.0, 95.0, 98.0, NAN, NAN],  # vanishes: followed for two years
        [90.0, 100.0, 95.0, NAN, 101.0, 102.0],  # back in a year unknown: not the third
        [90.0, 100.0, NAN, NAN, NAN, NAN],
        [90.0, 100.0, NAN, 95.0, 101.0, 102.0],
        [90.0, NAN, 95.0, 95.0, 101.0, 102.0],
    )
    assert np.isnan(values).all()
    assert reasons == ["censored"] * 3 + ["vanished", "no_end", "no_start"]
    assert censored == [True] * 3 + [False] * 3
    assert observed[:4] == [4, 2, 1, 0]


def test_a_shock_in_the_newest_year_is_not_yet_followed():
    for rows in ([[90.0, 100.0]], [[90.0, 100.0, NAN]]):
        found = time_to_recover(np.array(rows), 1)
        assert reason_ids(found.reasons).tolist() == ["not_yet"]
        assert not found.beside["censored"].any()


def test_trend_deviation_against_numpy_polyfit():
    rng = np.random.default_rng(0)
    outcome = np.exp(np.cumsum(rng.normal(0.05, 0.03, (4, 16)), axis=1)) * 50
    outcome[1, 3] = outcome[2, :4] = NAN
    for horizon in (1, 3):
        found = trend_deviation(outcome, horizon)
        for city in range(4):
            for t in range(16 - horizon):
                years = np.flatnonzero(np.isfinite(outcome[city, : t + 1]))
                if np.isnan(outcome[city, t + horizon]):
                    continue
                if len(years) < 5:
                    assert reason_ids(found.reasons)[city, t] == "no_trend"
                    continue
                slope, level = np.polyfit(years, np.log(outcome[city, years]), 1)
                deviation = np.log(outcome[city, t + horizon]) - (level + slope * (t + horizon))
                # The two solvers differ in the last digits of ln Y, here in percent of it.
                assert found.values[city, t] == pytest.approx(100 * deviation, abs=1e-8)


def test_the_trend_knows_nothing_of_later_years():
    rng = np.random.default_rng(1)
    outcome = rng.lognormal(3, 0.3, (6, 15))
    for t in (5, 9, 13):
        poisoned = outcome.copy()
        poisoned[:, t + 1 :] = rng.lognormal(9, 3, poisoned[:, t + 1 :].shape)
        for horizon in (0, 1, 2):
            before, after = trend_ahead(outcome, horizon), trend_ahead(poisoned, horizon)
            np.testing.assert_array_equal(before[0][:, : t + 1], after[0][:, : t + 1])
            np.testing.assert_array_equal(
                trend_ahead(outcome[:, : t + 1], horizon)[0], before[0][:, : t + 1]
            )


def test_constant_growth_deviates_by_nothing_and_a_shock_by_its_size():
    outcome = np.outer([3.0, 70.0], 1.08 ** np.arange(10))
    outcome[1, 9] *= 0.9
    found = trend_deviation(outcome, 2)
    np.testing.assert_allclose(found.values[:, 7], [0.0, 100 * np.log(0.9)], atol=1e-9)
