"""Joint samples: cities miss together, and the band of a group's total knows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.evaluation.sums import score_sums
from city_resilience.indicators.formulas.nation import Nation
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.group_forecast import GROUP_COLUMNS, forecast_groups
from city_resilience.models.intervals import Calibration
from city_resilience.models.joint import (
    Grouping,
    Shared,
    band_draws,
    group_bands,
    joint_parts,
    joint_samples,
    shared_shocks,
)
from forecasting_inputs import backtest_of, experiment, facts_of, poisoned, small_panel

CITIES, GROUPS = 120, 12
LEVELS = np.array([f"P{k % GROUPS:02d}" for k in range(CITIES)])
GROUPING = Grouping(LEVELS, np.random.default_rng(7).uniform(0.2, 2, CITIES))
SCALE = np.random.default_rng(8).uniform(0.5, 3, CITIES)


def misses(rng: np.random.Generator, year: float = 0.1, group: float = 0.45) -> np.ndarray:
    """Misses whose correlations are known: of any two cities, and of two of a group."""
    shock = np.sqrt(year) * rng.standard_normal()
    shock += np.sqrt(group - year) * rng.standard_normal(GROUPS)[np.arange(CITIES) % GROUPS]
    return SCALE * (shock + np.sqrt(1 - group) * rng.standard_normal(CITIES))


def past(rng: np.random.Generator, years: int = 16, **law: float) -> Calibration:
    origins = range(2000, 2000 + years)
    zeros, scales = (dict.fromkeys(origins, of) for of in (np.zeros(CITIES), SCALE))
    return Calibration.of(1, {o: misses(rng, **law) for o in origins}, zeros, scales)


def totals(values: np.ndarray) -> np.ndarray:
    bands = group_bands(np.zeros((1, CITIES)), values, GROUPING, 0.9)
    return bands["forecast"].to_numpy()


@pytest.mark.parametrize("law", [{"year": 0.1, "group": 0.45}, {"year": 0.0, "group": 0.0}])
def test_bands_hold_their_share_of_totals_where_the_law_is_known(law):
    inside, city, alone = [], [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        known = past(rng, **law)
        samples = joint_samples(known, np.zeros(CITIES), SCALE, GROUPING)
        half = group_bands(samples, np.zeros(CITIES), GROUPING, 0.9)["half"].to_numpy()
        shuffled = rng.permuted(samples, axis=0)  # the same intervals, no shock in common
        narrow = group_bands(shuffled, np.zeros(CITIES), GROUPING, 0.9)["half"].to_numpy()
        for _ in range(12):
            now = misses(rng, **law)
            inside.append(np.mean(np.abs(totals(now)) <= half))
            alone.append(np.mean(np.abs(totals(now)) <= narrow))
            city.append(np.mean(np.abs(now) <= known.half_width(SCALE)))
    assert np.mean(city) == pytest.approx(0.9, abs=0.03)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)
    assert (np.mean(alone) < 0.7) == (law["group"] > 0)


def test_the_correlations_of_misses_are_found():
    found = [shared_shocks(past(np.random.default_rng(s), 40), GROUPING) for s in range(5)]
    assert np.mean([one.group for one in found]) == pytest.approx(0.45, abs=0.06)
    assert np.mean([one.year for one in found]) == pytest.approx(0.1, abs=0.06)
    none = shared_shocks(past(np.random.default_rng(1), 40, year=0.0, group=0.0), GROUPING)
    assert none.group < 0.06
    apart = replace(GROUPING, levels=np.array([str(k) for k in range(CITIES)]))
    assert shared_shocks(past(np.random.default_rng(1)), apart) == Shared(0.0, 0.0)


def test_each_city_keeps_its_interval_and_draws_are_those_of_the_seed():
    known = past(np.random.default_rng(3))
    forecast = np.linspace(-2, 2, CITIES)
    samples = joint_samples(known, forecast, SCALE, GROUPING, draws=4000)
    for share in (0.8, 0.9):
        held = np.abs(samples - forecast) <= known.half_width(SCALE, share)
        np.testing.assert_allclose(held.mean(axis=0), share, atol=0.03)
    again = joint_samples(known, forecast, SCALE, GROUPING, draws=4000)
    np.testing.assert_array_equal(samples, again)
    assert (joint_samples(known, forecast, SCALE, GROUPING, seed=1)[0] != samples[0]).all()
    wide = known.stretched(np.full(CITIES, 2.0))
    twice = joint_samples(wide, forecast, SCALE, GROUPING, draws=4000)
    np.testing.assert_allclose(twice - forecast, 2 * (samples - forecast))


def test_a_group_of_one_city_has_the_band_of_the_city():
    known = past(np.random.default_rng(4))
    apart = replace(GROUPING, levels=np.array([f"{k:03d}" for k in range(CITIES)]))
    samples = joint_samples(known, np.zeros(CITIES), SCALE, apart, draws=4000)
    bands = group_bands(samples, np.zeros(CITIES), apart, 0.9)
    np.testing.assert_allclose(bands["half"], known.half_width(SCALE), rtol=0.1)


def test_without_residuals_there_is_no_band():
    nothing = past(np.random.default_rng(0)).known_at(1990)
    samples = joint_samples(nothing, np.zeros(CITIES), SCALE, GROUPING)
    assert np.isnan(samples).all()
    assert group_bands(samples, np.zeros(CITIES), GROUPING, 0.9)["half"].isna().all()


def test_a_group_is_the_weighted_mean_of_the_cities_that_count():
    levels = np.array(["A", "A", "A", "B", "B", ""])
    grouping = Grouping(levels, np.array([1.0, 3.0, 5.0, 0.0, 2.0, 9.0]))
    forecast = np.array([1.0, 2.0, np.nan, 8.0, 4.0, 7.0])
    samples = forecast + np.array([[-1.0], [1.0], [2.0]])
    found = group_bands(samples, forecast, grouping, 0.5)
    assert found["level"].tolist() == ["A", "B"]
    assert found["cities"].tolist() == [2, 1]
    assert found["forecast"].tolist() == [(1 + 3 * 2) / 4, 4.0]
    assert found["half"].tolist() == [1.0, 1.0]


def test_cities_count_as_in_the_nation_and_gaps_add_up_to_that_of_the_total():
    dataset = facts_of(small_panel())
    view = dataset.at(2008)
    levels = dataset.groups["province"]
    grouping = Grouping.of(levels, view)
    np.testing.assert_array_equal(grouping.weights, np.nan_to_num(view.outcome[:, -1]))
    gaps = view.labels(1)[:, -2]
    before = Grouping(levels, np.nan_to_num(view.outcome[:, -2]))
    found = group_bands(np.zeros((1, len(gaps))), gaps, before, 0.9).set_index("level")
    nation = np.log(np.nansum(view.outcome[:, -1]) / np.nansum(view.outcome[:, -2]))
    for level, own in found.iterrows():
        rows = view.outcome[levels == level]
        exact = 100 * (np.log(rows[:, -1].sum() / rows[:, -2].sum()) - nation)
        assert own["forecast"] == pytest.approx(exact, abs=0.15)
    heads = replace(view, nation=Nation("mean", np.full(view.outcome.shape, 2.0)))
    np.testing.assert_array_equal(Grouping.of(levels, heads).weights, 2 * grouping.weights)
    rate = replace(view, nation=Nation("mean_of_logs"))
    assert (Grouping.of(levels, rate).weights == 1).all()


CHOSEN = experiment(
    evaluation={"first_origin": 2008, "warmup_origins": 3},
    model={"members": ["persistence", "ridge"]},
)


@pytest.fixture(scope="module")
def backtest():
    return backtest_of(CHOSEN)


def test_poison_after_the_origin_changes_no_band(backtest):
    again = run_backtest(facts_of(poisoned(small_panel(), 2010), CHOSEN), CHOSEN)
    before, after = (
        b.sums[b.sums["origin"] + b.sums["horizon"] <= 2010] for b in (backtest, again)
    )
    assert len(before) > 10
    pd.testing.assert_frame_equal(before, after)


def test_the_table_counts_the_totals_inside(backtest):
    table = score_sums(backtest.sums).set_index(["horizon", "slice", "level"])
    rows = backtest.sums[(backtest.sums["horizon"] == 1) & backtest.sums["upper"].notna()]
    inside = (rows["truth"] >= rows["lower"]) & (rows["truth"] <= rows["upper"])
    yearly = inside.groupby(rows["origin"]).mean()
    assert table.loc[(1, "all", ""), "coverage"] == pytest.approx(yearly.mean())
    assert table.loc[(1, "all", ""), "n"] == len(rows)
    assert table.loc[(1, "all", ""), "worst_coverage"] == pytest.approx(yearly.min())
    assert table.loc[(1, "all", ""), "worst_year"] == yearly.idxmin()
    assert table.loc[(1, "year", "2009"), "coverage"] == pytest.approx(yearly[2009])


def test_groups_are_forecast_from_the_bundle_whatever_cities_the_panel_has(tmp_path, backtest):
    panel = small_panel()
    forecaster = fit_forecaster(
        facts_of(panel, CHOSEN),
        CHOSEN,
        backtest.served_weights,
        calibrations=backtest.calibrations,
    )
    table = group_table(forecaster, panel)
    assert list(table) == list(GROUP_COLUMNS)
    assert set(table["group"]) == {"province", "region", "size_class"}
    cities = forecaster.forecast(forecaster.rows(panel)).set_index(["horizon", "city"])
    dataset = facts_of(panel, CHOSEN)
    weight = Grouping.of(dataset.groups["province"], dataset.at(forecaster.origin)).weights
    first = table[(table["group"] == "province") & (table["horizon"] == 1)].iloc[0]
    own = dataset.groups["province"] == first["level"]
    mean = np.average(cities.loc[1].loc[list(dataset.cities), "forecast"][own], weights=weight[own])
    assert first["forecast"] == pytest.approx(mean)
    width = table.assign(w=table["upper"] - table["lower"])
    wider = width.pivot_table(index=["group", "level"], columns="horizon", values="w")
    assert (wider[2] >= wider[1]).all()
    again = load_bundle(save_bundle(forecaster, tmp_path / "model"))
    fewer = replace(panel, frame=panel.frame[panel.frame["city"] != dataset.cities[0]])
    pd.testing.assert_frame_equal(group_table(again, panel), table)
    other = group_table(again, fewer)
    known = table["group"] == "size_class"
    assert (
        other.loc[other["group"] == "size_class", "cities"].sum()
        == table.loc[known, "cities"].sum() - 2
    )
    assert other["upper"].notna().all()
    bare = fit_forecaster(dataset, CHOSEN, backtest.served_weights)
    assert group_table(bare, panel)[["lower", "upper", "coverage"]].isna().all(axis=None)


def group_table(forecaster, panel):
    """Return the forecasts of the groups of a panel."""
    rows = forecaster.rows(panel)
    return forecast_groups(forecaster, rows, forecaster.forecast(rows))


def test_draws_made_some_after_another_are_those_made_at_once(monkeypatch):
    known, forecast = past(np.random.default_rng(3)), np.zeros(CITIES)
    whole = joint_samples(known, forecast, SCALE, GROUPING)
    monkeypatch.setattr("city_resilience.models.joint.MOST_CELLS", 300 * CITIES)
    parts = [*joint_parts(known, forecast, SCALE, GROUPING)]
    assert len(parts) > 1
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    together, apart = (group_bands(own, forecast, GROUPING, 0.9) for own in (whole, parts))
    np.testing.assert_allclose(together["half"], apart["half"], rtol=1e-12)


def test_bands_of_many_cities_take_fewer_draws():
    assert band_draws(5570) == 2000
    assert band_draws(43_501) == 771
    assert band_draws(10**7) == 500
    assert band_draws(10, 1000) == 1000
