"""Diebold-Mariano and the bootstrap over cities, against slow loops and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from city_resilience.evaluation.scores import best_naive, compare_models, yearly
from city_resilience.evaluation.significance import (
    DM_COLUMNS,
    SKILL_COLUMNS,
    city_draws,
    diebold_mariano,
    diebold_mariano_test,
    error_grid,
    long_run_variance,
    mean_yearly_errors,
    percentile_interval,
    rivals,
    skill_intervals,
    underpowered,
)

SPREAD = {"zero": 1.6, "last": 1.4, "ar_ridge": 1.3, "history_only": 1.1, "ridge": 1.25, "blend": 1}


def frame_of(
    cities: int = 30, origins: range = range(2005, 2018), horizons=(1,), seed: int = 0
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for horizon in horizons:
        for origin in origins:
            truth = rng.normal(size=cities)
            for model, spread in SPREAD.items():
                forecast = truth + spread * rng.normal(size=cities)
                parts.append(
                    pd.DataFrame(
                        {
                            "model": model,
                            "city": [f"c{k:02}" for k in range(cities)],
                            "origin": origin,
                            "horizon": horizon,
                            "truth": truth,
                            "forecast": forecast,
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)


def slow_statistic(d: list[float], h: int) -> float:
    n = len(d)
    mean = sum(d) / n
    total = 0.0
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= h - 1:
                total += (d[i] - mean) * (d[j] - mean)
    variance = total / n / n
    return mean / variance**0.5 * ((n + 1 - 2 * h + h * (h - 1) / n) / n) ** 0.5


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_statistic_is_that_of_a_slow_loop(horizon):
    # An expanding walk has positive autocovariances, so the variance is positive.
    d = np.cumsum(np.random.default_rng(3).normal(size=14)) + 0.5
    test = diebold_mariano_test(d, horizon)
    assert test.statistic == pytest.approx(slow_statistic(d.tolist(), horizon), rel=1e-12)
    assert test.p == pytest.approx(2 * t.sf(abs(test.statistic), 13), rel=1e-12)


def test_one_step_case_worked_by_hand():
    # d = 1, 2, 3, 2: mean 2, g0 = 2/4, variance of the mean 1/8, factor (4 - 1)/4.
    test = diebold_mariano_test(np.array([1.0, 2.0, 3.0, 2.0]), 1)
    assert test.statistic == pytest.approx(2 / np.sqrt(1 / 8) * np.sqrt(3 / 4))
    # At one step ahead the correction makes it the paired t test over the years.
    assert test.p == pytest.approx(2 * t.sf(2 / (np.std([1, 2, 3, 2], ddof=1) / 2), 3))


def test_two_step_case_worked_by_hand():
    # d = 0, 1, 2, 3: centred -1.5, -.5, .5, 1.5; g0 = 5/4, g1 = (.75 - .25 + .75)/4 = 1.25/4.
    d = np.arange(4.0)
    assert long_run_variance(d, 2) == pytest.approx((5 / 4 + 2 * 1.25 / 4) / 4)
    factor = (4 + 1 - 4 + 2 / 4) / 4
    assert diebold_mariano_test(d, 2).statistic == pytest.approx(
        1.5 / np.sqrt(1.875 / 4) * np.sqrt(factor)
    )


def test_negative_long_run_variance_is_not_computable():
    d = np.array([1.0, -1.2] * 6)
    assert long_run_variance(d, 2) < 0
    test = diebold_mariano_test(d, 2)
    assert np.isnan(test.p)
    assert test.years == 12
    assert test.difference == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("d", "horizon"),
    [([0.3] * 12, 1), ([0.0] * 12, 1), ([0.4], 1), ([0.1, 0.2, 0.4], 3), ([], 1)],
)
def test_without_variance_or_years_nothing_is_claimed(d, horizon):
    assert np.isnan(diebold_mariano_test(np.array(d), horizon).p)


def test_a_missing_year_pairs_no_years_across_it():
    d = np.array([0.5, 1.0, np.nan, 2.0, 1.0])
    centred = d - np.nanmean(d)
    expected = (
        np.nansum(centred**2) + 2 * (centred[0] * centred[1] + centred[3] * centred[4])
    ) / 16
    assert long_run_variance(d, 2) == pytest.approx(expected)
    assert diebold_mariano_test(d, 2).years == 4


def test_underpowered_says_few_years():
    assert underpowered(9, 1)
    assert underpowered(10, 3)
    assert not underpowered(10, 1)
    assert not underpowered(13, 3)


def test_table_names_its_rivals_and_agrees_with_the_paired_differences():
    frame = frame_of(horizons=(1, 2))
    table = diebold_mariano(frame, "blend")
    assert tuple(table.columns) == DM_COLUMNS
    assert set(table["loss"]) == {"absolute", "squared"}
    own = table[(table["loss"] == "absolute") & (table["horizon"] == 1)].set_index("versus")
    assert own["kind"].to_dict() == {
        "zero": "naive",
        "last": "naive",
        "ar_ridge": "reference",
        "history_only": "reference",
        "ridge": "runner_up",
    }
    compared = compare_models(frame, "blend")
    compared = compared[compared["horizon"] == 1].set_index("versus")
    for versus in own.index:
        assert own.loc[versus, "difference"] == pytest.approx(compared.loc[versus, "difference"])
        assert own.loc[versus, "years"] == 13
    assert own.loc["zero", "outcome"] == "better"
    assert not own.loc["zero", "underpowered"]


def test_few_years_are_said_beside_the_figure():
    table = diebold_mariano(frame_of(origins=range(2010, 2016)), "blend")
    assert table["underpowered"].all()
    assert (table["years"] == 6).all()


def test_the_other_model_gets_the_mirrored_verdict():
    frame = frame_of()
    mine = diebold_mariano(frame, "blend").set_index(["loss", "versus"])
    other = diebold_mariano(frame, "zero").set_index(["loss", "versus"])
    assert rivals(frame, "zero")["blend"] == "runner_up"
    assert mine.loc[("absolute", "zero"), "difference"] == pytest.approx(
        -other.loc[("absolute", "blend"), "difference"]
    )
    assert other.loc[("absolute", "blend"), "outcome"] == "worse"


def test_resampled_errors_are_those_of_a_slow_loop():
    frame = frame_of(cities=7, origins=range(2010, 2015))
    gone = (frame["city"] == "c03") & (frame["origin"] < 2013)
    frame = frame[~gone]
    errors = error_grid(frame)["blend"]
    weights = city_draws(7, draws=20, seed=5)
    fast = mean_yearly_errors(errors, weights)
    own = frame[frame["model"] == "blend"].assign(e=lambda x: (x["forecast"] - x["truth"]).abs())
    for draw, value in zip(weights, fast, strict=True):
        drawn = [
            city
            for city, times in zip(sorted(set(own["city"])), draw, strict=True)
            for _ in range(int(times))
        ]
        means = []
        for _, year in own.groupby("origin"):
            by_city = year.set_index("city")["e"]
            means.append(np.mean([by_city[city] for city in drawn if city in by_city]))
        assert value == pytest.approx(np.mean(means), rel=1e-12)


def test_every_draw_draws_as_many_cities_as_there_are():
    weights = city_draws(40, draws=300, seed=1)
    assert (weights.sum(axis=1) == 40).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(40), abs=0.25)
    np.testing.assert_array_equal(weights, city_draws(40, draws=300, seed=1))
    assert (weights != city_draws(40, draws=300, seed=2)).any()


def test_estimates_are_the_scores_and_rows_may_be_shuffled():
    frame = frame_of(horizons=(1, 2))
    table = skill_intervals(frame, "blend", draws=200)
    assert tuple(table.columns) == SKILL_COLUMNS
    means = yearly(frame).groupby(["horizon", "model"])["mae"].mean()
    for row in table.to_dict("records"):
        own, other = means[row["horizon"], "blend"], means[row["horizon"], row["versus"]]
        expected = 1 - own / other if row["figure"] == "skill" else own - other
        assert row["estimate"] == pytest.approx(expected)
        assert row["low"] < row["estimate"] < row["high"]
    naive = best_naive(yearly(frame))
    assert set(table.loc[table["horizon"] == 1, "versus"]) == {naive[1], "history_only"}
    shuffled = skill_intervals(frame.sample(frac=1, random_state=2), "blend", draws=200)
    pd.testing.assert_frame_equal(table, shuffled)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    covered = []
    for seed in range(60):
        frame = frame_of(cities=60, origins=range(2010, 2015), seed=seed)
        table = skill_intervals(frame, "blend", draws=300)
        row = table[(table["versus"] == "history_only") & (table["figure"] == "difference")].iloc[0]
        truth = np.sqrt(2 / np.pi) * (SPREAD["blend"] - SPREAD["history_only"])
        covered.append(row["low"] <= truth <= row["high"])
    assert 0.85 <= np.mean(covered) <= 1.0


def test_outcome_has_the_sign_of_the_interval():
    table = skill_intervals(frame_of(), "blend", draws=300).set_index(["versus", "figure"])
    assert (table["outcome"] == "better").all()
    worse = skill_intervals(frame_of(), "zero", draws=300).set_index(["versus", "figure"])
    assert worse.loc[("history_only", "skill"), "outcome"] == "worse"
    assert worse.loc[("history_only", "difference"), "outcome"] == "worse"
    low, high = percentile_interval(np.arange(1001.0))
    assert (low, high) == pytest.approx((25.0, 975.0))
