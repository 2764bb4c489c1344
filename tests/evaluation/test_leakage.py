"""The tests that carry the project: nothing after the origin reaches a forecast."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pandas as pd
import pytest

from audit_inputs import mask_errors
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.scores import best_naive, paired_interval, yearly
from city_resilience.experiment.load import load_experiment
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tasks.features import choose_features, feature_matrix
from forecasting_inputs import (
    SCALED,
    experiment,
    facts_of,
    panel_of,
    poisoned,
    scaled_experiment,
    scaled_panel,
    small_panel,
)
from places import CITIES, ROOT, SHARED


def assert_same_features(panel: Panel, origin: int, chosen) -> None:
    whole = build_dataset(panel, chosen).at(origin)
    cut = build_dataset(panel.truncate(origin), chosen).at(origin)
    rows = np.isin(build_dataset(panel, chosen).cities, panel.truncate(origin).cities)
    for horizon in chosen.outcome.horizons:
        spec = choose_features(whole, chosen.features, horizon)
        again = choose_features(cut, chosen.features, horizon)
        assert spec.columns == again.columns
        assert spec.shifts == again.shifts
        np.testing.assert_array_equal(feature_matrix(whole, spec)[rows], feature_matrix(cut, again))
        np.testing.assert_array_equal(whole.labels(horizon)[rows], cut.labels(horizon))


@pytest.mark.parametrize("origin", [2006, 2009, 2012])
def test_truncating_the_panel_at_the_origin_changes_no_feature(origin):
    assert_same_features(small_panel(), origin, experiment())


@pytest.mark.parametrize("scale", SCALED)
@pytest.mark.parametrize("origin", [2006, 2012])
def test_truncating_changes_no_feature_of_an_outcome_of_any_scale(origin, scale):
    assert_same_features(scaled_panel(scale), origin, scaled_experiment(scale))


@pytest.mark.parametrize("lag", [1, 2])
def test_a_weight_that_is_published_later_is_read_late(lag):
    chosen = scaled_experiment("per_head", features={"publication_lag": {"population": lag}})
    assert_same_features(scaled_panel("per_head"), 2009, chosen)
    late = build_dataset(scaled_panel("per_head"), chosen).nation.weight
    prompt = build_dataset(scaled_panel("per_head"), scaled_experiment("per_head")).nation.weight
    np.testing.assert_array_equal(late[:, lag:], prompt[:, :-lag])


@pytest.mark.real_data(CITIES)
def test_truncating_the_real_panel_changes_no_feature():
    chosen = load_experiment(ROOT / "experiments/china_prefecture/experiment.toml")
    panel = read_panel(SHARED / CITIES, chosen.data, outcome=chosen.outcome.variable)
    for origin in (2011, 2017, 2021):
        assert_same_features(panel, origin, chosen)


def assert_same_features_when_masked(panel: Panel, origin: int, chosen) -> None:
    """Masking sees the whole panel, or only what had come by the origin: the same features."""
    whole = build_dataset(mask_errors(panel), chosen).at(origin)
    cut = build_dataset(mask_errors(panel.truncate(origin)), chosen).at(origin)
    rows = np.isin(build_dataset(panel, chosen).cities, panel.truncate(origin).cities)
    spec = choose_features(whole, chosen.features, 1)
    assert spec.columns == choose_features(cut, chosen.features, 1).columns
    np.testing.assert_array_equal(feature_matrix(whole, spec)[rows], feature_matrix(cut, spec))


@pytest.mark.parametrize("origin", [2006, 2009, 2012])
def test_masked_cells_know_nothing_of_later_years(origin):
    panel = small_panel()
    frame = panel.frame.copy()
    rng = np.random.default_rng(4)
    for name in ("employment_ict", "patents_granted", "population"):
        rows = rng.choice(len(frame), 12, replace=False)
        frame.loc[rows, name] *= rng.choice([1e3, 1e4, 1e-3, 0.0], 12)
    spoilt = panel_of(frame)
    assert mask_errors(spoilt).masked
    assert_same_features_when_masked(spoilt, origin, experiment())


@pytest.mark.real_data(CITIES)
def test_masked_cells_of_the_real_panel_know_nothing_of_later_years():
    panel = read_panel(SHARED / CITIES, outcome="gdp_real")
    chosen = experiment(
        features={"carry_forward": 5}, evaluation={"first_origin": 2010}, data={"simulated": False}
    )
    assert mask_errors(panel).masked
    for origin in (2011, 2014):
        assert_same_features_when_masked(panel, origin, chosen)


@cache
def as_it_is(scale: str = "") -> pd.Series:
    """Return the forecasts of the panel as it is, made once."""
    return forecasts_at(scaled_panel(scale), 2010, scale)


def forecasts_at(panel: Panel, origin: int, scale: str = "") -> pd.Series:
    scored = {"first_origin": 2008, "last_origin": 2010}
    make = partial(scaled_experiment, scale) if scale else experiment
    chosen = make(evaluation=scored)
    frame = run_backtest(facts_of(panel, chosen), chosen, views=True).frame
    frame = frame[frame["origin"] <= origin]
    return frame.set_index(["model", "city", "origin", "horizon"])["forecast"].sort_index()


def test_random_values_after_the_origin_change_no_forecast():
    before = as_it_is()
    after = forecasts_at(poisoned(small_panel(), 2010), 2010)
    pd.testing.assert_series_equal(before, after, check_exact=True)
    assert before.index.get_level_values("model").nunique() == 13


@pytest.mark.parametrize("scale", SCALED)
def test_random_values_after_the_origin_change_no_forecast_of_any_scale(scale):
    panel = scaled_panel(scale)
    whole = as_it_is(scale)
    before = whole[whole.index.get_level_values("origin") <= 2009]
    after = forecasts_at(poisoned(panel, 2009, mean=-1.0), 2010, scale)
    earlier = after.index.get_level_values("origin") <= 2009
    pd.testing.assert_series_equal(before, after[earlier], check_exact=True)
    model = after.index.get_level_values("model") == "blend"
    assert (whole[~earlier & model] != after[~earlier & model]).mean() > 0.9


def test_the_poison_reaches_forecasts_of_later_origins():
    panel = poisoned(small_panel(), 2009)
    before, after = as_it_is(), forecasts_at(panel, 2010)
    later = before.index.get_level_values("origin") == 2010
    assert (before[~later] == after[~later]).all()
    model = before.index.get_level_values("model") == "blend"
    assert (before[later & model] != after[later & model]).mean() > 0.9


def test_a_city_that_enters_later_changes_no_earlier_forecast():
    panel = small_panel()
    late = panel.cities[7]
    rows = panel.frame["city"] == late
    without = panel_of(panel.frame[~rows])
    with_late = panel_of(panel.frame[~rows | (panel.frame["year"] > 2010)])
    pd.testing.assert_series_equal(
        forecasts_at(without, 2010), forecasts_at(with_late, 2010), check_exact=True
    )


def test_shuffled_rows_change_nothing():
    panel = small_panel()
    shuffled = panel_of(panel.frame.sample(frac=1, random_state=3))
    pd.testing.assert_series_equal(as_it_is(), forecasts_at(shuffled, 2010), check_exact=True)
    assert panel.fingerprint() == shuffled.fingerprint()


@pytest.mark.parametrize("scale", ["", "per_head", "log", "rate"])
def test_on_pure_noise_skill_is_not_above_zero(scale):
    chosen = experiment(
        outcome={"horizons": [1], **SCALED.get(scale, {})},
        evaluation={"first_origin": 2009, "warmup_origins": 3},
    )
    skill: dict[str, list[float]] = {"blend": [], "structural": []}
    for seed in range(5 if scale else 20):
        panel = scaled_panel(scale, cities=40, years=13, seed=seed, noise=True)
        years = yearly(run_backtest(facts_of(panel, chosen), chosen, views=True).frame)
        errors, naive = years.groupby("model")["mae"].mean(), best_naive(years)[1]
        for model, found in skill.items():
            found.append(1.0 - errors[model] / errors[naive])
    for found in skill.values():
        _, low, _ = paired_interval(np.array(found))
        assert low <= 0.0
        assert np.std(found) > 0


def test_labels_of_a_view_are_known_at_its_origin():
    view = facts_of(small_panel()).at(2010)
    for horizon in (1, 2, 3):
        labels = view.labels(horizon)
        known = view.years[np.isfinite(labels).any(axis=0)]
        assert known.max() + horizon == 2010


@pytest.mark.parametrize("name", list(BASELINES))
def test_baselines_read_the_view_alone(name):
    panel = small_panel()
    forecast = BASELINES[name].forecast
    np.testing.assert_array_equal(
        forecast(facts_of(panel).at(2009), 2, 3),
        forecast(facts_of(poisoned(panel, 2009)).at(2009), 2, 3),
    )
