"""Panels of several nations: everything relative to the nation is relative to the place's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.baselines import BASELINES
from city_resilience.experiment.outcome import Outcome
from city_resilience.indicators.formulas.history import growth_gap_past
from city_resilience.indicators.formulas.nation import SUM
from city_resilience.reading.panel import Panel
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.window import Window
from city_resilience.tasks.features import choose_features, feature_matrix
from forecasting_inputs import facts_of, panel_of, scaled_experiment
from nations_inputs import TRENDS, nations_experiment, nations_panel, walked, without_nation

ORIGIN = 2010


def alone(panel: Panel, nation: str) -> Panel:
    return panel_of(panel.frame[panel.frame["nation"] == nation].drop(columns="nation"))


def gaps_by_hand(frame: pd.DataFrame, horizon: int) -> pd.Series:
    """Gap of each city and year to the sum of its nation's cities with both years, pp."""
    levels = frame.set_index(["city", "year"])["gdp_real"]
    rows = frame.assign(later=levels.groupby("city").shift(-horizon).to_numpy()).dropna(
        subset=["gdp_real", "later"]
    )
    sums = rows.groupby(["nation", "year"])[["gdp_real", "later"]].transform("sum")
    gap = np.log(rows["later"] / rows["gdp_real"]) - np.log(sums["later"] / sums["gdp_real"])
    return (100.0 * gap).set_axis(pd.MultiIndex.from_frame(rows[["city", "year"]]))


@pytest.mark.parametrize("horizon", [1, 2])
def test_gaps_against_the_own_nation_are_recovered_exactly(horizon):
    frame = nations_panel().frame.copy()
    frame.loc[frame.index % 17 == 0, "gdp_real"] = np.nan  # holes leave the nation's sum in both
    dataset = facts_of(panel_of(frame), nations_experiment())
    labels = dataset.at(2013).labels(horizon).ravel()
    keys = pd.MultiIndex.from_product([dataset.cities, dataset.years])
    expected = gaps_by_hand(frame, horizon).reindex(keys).to_numpy()
    np.testing.assert_allclose(labels, expected, rtol=0, atol=1e-9)
    assert np.isfinite(labels).sum() > 500


def test_each_nation_has_the_features_and_labels_of_its_own_panel_to_the_bit():
    chosen = nations_experiment()
    whole = facts_of(nations_panel(), chosen)
    view = whole.at(ORIGIN)
    spec = choose_features(view, chosen.features, 1)
    matrix = feature_matrix(view, spec)
    assert {"rank", "value"} <= {form for _, form in spec.columns}
    for nation in TRENDS:
        own = facts_of(alone(nations_panel(), nation), chosen).at(ORIGIN)
        rows = whole.groups["nation"] == nation
        np.testing.assert_array_equal(matrix[rows], feature_matrix(own, spec))
        np.testing.assert_array_equal(view.labels(2)[rows], own.labels(2))
        for rule in ("zero", "last", "mean5"):
            forecast = BASELINES[rule].forecast
            np.testing.assert_array_equal(forecast(view, 1, 3)[rows], forecast(own, 1, 3))


@pytest.mark.parametrize("scale", ["per_head", "rate", "index"])
def test_nations_of_any_scale_are_apart(scale):
    """The weights of a mean are those of the own nation."""
    frame = nations_panel().frame.copy()
    frame["gdp_per_head"] = 1e4 * frame["gdp_real"] / frame["population"]
    frame["unemployment_rate"] = 0.3 - 0.01 * np.log(frame["gdp_real"])
    chosen = scaled_experiment(scale, data={"simulated": True, "nation": "nation"})
    panel = panel_of(frame)
    whole = facts_of(panel, chosen)
    assert whole.nation.id.startswith("own_mean")
    for nation in TRENDS:
        own = facts_of(alone(panel, nation), chosen)
        rows = whole.groups["nation"] == nation
        np.testing.assert_array_equal(whole.at(ORIGIN).labels(1)[rows], own.at(ORIGIN).labels(1))


def test_without_nations_the_trends_of_countries_show_as_gaps_and_with_them_they_do_not():
    panel = nations_panel()
    own, one = (
        facts_of(p, nations_experiment()).at(2013).labels(1) for p in (panel, without_nation(panel))
    )
    nation = facts_of(panel, nations_experiment()).groups["nation"]
    means = {name: (own[nation == name], one[nation == name]) for name in TRENDS}
    spread = np.ptp([np.nanmean(labels) for _, labels in means.values()])
    assert spread > 7.0  # the trends are 9 pp apart
    assert np.ptp([np.nanmean(labels) for labels, _ in means.values()]) < 1.0


def test_a_panel_of_one_nation_is_as_a_panel_without_the_key():
    panel = alone(nations_panel(), "Borland")
    named = panel_of(panel.frame.assign(nation="Borland"))
    assert facts_of(named, nations_experiment()).nation.own is None
    same = [facts_of(p, nations_experiment()).at(ORIGIN) for p in (panel, named)]
    np.testing.assert_array_equal(same[0].indicators, same[1].indicators)


def test_shocks_are_measured_nation_by_nation():
    frame = nations_panel().frame
    parts = [f"employment_{name}" for name in ("ict", "manufacturing")]
    windows, measures = [Window(2004, 2006, 2008)], ["resistance", "structure_effect", "quadrant"]
    outcome = Outcome(variable="gdp_real")
    found = measure_panel(panel_of(frame), outcome, measures, windows, industries=parts)
    assert found["city"].is_monotonic_increasing
    for nation in TRENDS:
        own = measure_panel(
            alone(nations_panel(), nation), outcome, measures, windows, industries=parts
        )
        rows = found[found["city"].isin(own["city"])].reset_index(drop=True)
        assert set(rows.pop("nation")) == {nation}
        pd.testing.assert_frame_equal(rows, own, check_exact=True)


def test_several_nations_have_no_growth_in_common():
    nations = SUM.within(np.array(["A", "B"]))
    level = np.array([[1.0, 2.0], [1.0, 3.0]])
    with pytest.raises(ValueError, match="each by itself"):
        growth_gap_past(level, nations)
    apart = nations.apart(lambda own, x: growth_gap_past(x, own), level)
    np.testing.assert_array_equal(apart[:, 1], 0.0)


def test_the_trend_of_a_country_is_no_gap_that_could_be_foreseen():
    """Growth is the country's and chance: no rule is ahead of no gap, as none should be."""
    frame = walked()
    own, one = (
        facts_of(panel_of(own), nations_experiment())
        for own in (frame, frame.drop(columns="nation"))
    )
    errors = {
        (dataset.nation.id, rule): np.nanmean(
            [
                np.abs(BASELINES[rule].forecast(dataset.at(year), 1, 3) - dataset.truth(year, 1))
                for year in range(2006, 2015)
            ]
        )
        for dataset in (own, one)
        for rule in ("zero", "mean5", "damped")
    }
    assert errors["own_sum", "zero"] < errors["own_sum", "mean5"]
    assert errors["own_sum", "zero"] < 1.01 * errors["own_sum", "damped"]
    assert errors["sum", "mean5"] < 0.8 * errors["sum", "zero"]
