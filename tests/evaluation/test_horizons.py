"""Horizons agree with each other: each adds to the next shorter one, and none sees further."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.contributions import contributions
from city_resilience.models.carried import _oldest
from city_resilience.models.learners import fit_member, learner_parameters
from city_resilience.tasks.outcome import horizon_before
from city_resilience.tasks.task import prepare_task
from forecasting_inputs import backtest_of, experiment, facts_of, panel_of, small_panel

MEMBERS = {"members": ["persistence", "ridge"], "parameters": {"ridge": {}}}


def chosen(horizons, **model):
    return experiment(outcome={"horizons": list(horizons)}, model={**MEMBERS, **model})


def forecasts(asked, horizon, model="blend") -> pd.DataFrame:
    frame = backtest_of(asked).frame
    own = frame[(frame["model"] == model) & (frame["horizon"] == horizon)]
    return own.pivot_table(index="city", columns="origin", values="forecast")


@pytest.mark.parametrize(
    ("horizon", "horizons", "before"),
    [(1, (1, 2, 3), 0), (3, (1, 2, 3), 2), (5, (1, 3, 5), 3), (2, (2,), 0)],
)
def test_a_horizon_adds_to_the_next_shorter_one_of_the_experiment(horizon, horizons, before):
    asked = chosen(horizons)
    assert horizon_before(horizon, asked.outcome) == before
    view = facts_of(small_panel(), asked).at(2010)
    task = prepare_task(view, horizon, asked)
    assert task is not None
    labels = view.labels(horizon) - (view.labels(before) if before else 0.0)
    labels[:, : asked.features.min_history] = np.nan
    np.testing.assert_array_equal(task.learnt.labels, labels[np.isfinite(labels)])


@pytest.mark.parametrize("model", ["blend", "history_only", "ridge", "damped"])
def test_a_longer_horizon_changes_no_shorter_one(model):
    short, long = chosen((1, 2)), chosen((1, 2, 3))
    for horizon in (1, 2):
        left, right = forecasts(short, horizon, model), forecasts(long, horizon, model)
        shared = right.columns.intersection(left.columns)
        assert len(shared) >= 2
        pd.testing.assert_frame_equal(left[shared], right[shared], check_exact=True)


def test_the_forecast_of_two_years_is_that_of_one_and_of_the_second():
    asked = chosen((1, 2), serve="ridge")
    dataset = facts_of(small_panel(), asked)
    one, two = (forecasts(asked, horizon, "ridge") for horizon in (1, 2))
    for origin in two.columns:
        task = prepare_task(dataset.at(int(origin)), 2, asked)
        values = learner_parameters(asked.model)["ridge"]
        second = fit_member(task.learnt, "ridge", values, asked.model.seed).predict(task.asked)
        second = pd.Series(second, index=dataset.cities)[two.index]
        np.testing.assert_allclose(two[origin], one[origin] + second, atol=1e-12)


def test_the_blend_of_a_horizon_weighs_members_by_what_they_said_of_its_own_years():
    asked = chosen((1, 2))
    result = backtest_of(asked)
    one, two = forecasts(asked, 1), forecasts(asked, 2)
    members = {
        name: forecasts(asked, 2, name) - forecasts(asked, 1, name) for name in MEMBERS["members"]
    }
    weights = result.weights[
        (result.weights["model"] == "blend") & (result.weights["horizon"] == 2)
    ].pivot_table(index="origin", columns="member", values="weight")
    for origin in two.columns:
        second = sum(weights.loc[origin, name] * own[origin] for name, own in members.items())
        np.testing.assert_allclose(two[origin], one[origin] + second, atol=1e-12)


def test_ratios_do_not_add_up_and_are_forecast_each_by_itself():
    outcome = {"horizons": [1, 2], "measure": "relative_resistance"}
    asked = experiment(outcome=outcome, model=MEMBERS)
    panel = small_panel()
    dataset = facts_of(panel, asked)
    view = dataset.at(2010)
    task = prepare_task(view, 2, asked)
    labels = view.labels(2)
    labels[:, : asked.features.min_history] = np.nan
    np.testing.assert_array_equal(task.learnt.labels, labels[np.isfinite(labels)])
    weights = dict.fromkeys(MEMBERS["members"], 0.5)
    forecaster = fit_forecaster(dataset, asked, {1: weights, 2: weights})
    rows = forecaster.rows(panel)
    table = forecaster.forecast(forecaster.rows(panel)).pivot_table(
        index="city", columns="horizon", values="forecast"
    )
    model = forecaster.horizons[2]
    np.testing.assert_allclose(table[2], model.predict(rows.features(model.spec)), atol=1e-12)
    drivers = contributions(forecaster, rows)
    explained = drivers.pivot_table(
        index="city", columns="horizon", values="contribution", aggfunc="sum"
    )
    np.testing.assert_allclose(explained, table, atol=1e-9)


def test_the_backtest_of_a_ratio_is_that_of_its_horizon_alone():
    outcome = {"measure": "relative_resistance"}
    both, alone = (
        experiment(outcome={**outcome, "horizons": own}, model=MEMBERS) for own in ([1, 2], [2])
    )
    for model in ("blend", "history_only", "ridge"):
        left, right = forecasts(both, 2, model), forecasts(alone, 2, model)
        pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_without_the_year_between_a_row_trains_no_longer_horizon():
    frame = small_panel().frame.copy()
    city = frame["city"].iloc[0]
    frame.loc[(frame["city"] == city) & (frame["year"] == 2006), "gdp_real"] = np.nan
    asked = chosen((1, 2))
    dataset = facts_of(panel_of(frame), asked)
    view = dataset.at(2010)
    task = prepare_task(view, 2, asked)
    assert np.isfinite(view.labels(2)[dataset.cities.index(city), 5])
    rows = task.learnt
    years = 2010 - rows.ages[rows.cities == dataset.cities.index(city)]
    assert 2005 not in years
    assert 2007 in years


def test_served_forecast_and_its_drivers_are_sums_over_the_horizons():
    asked = chosen((1, 2, 3))
    panel = small_panel()
    dataset = facts_of(panel, asked)
    weights = {h: {"persistence": 0.5, "ridge": 0.5} for h in (1, 2, 3)}
    forecaster = fit_forecaster(dataset, asked, weights)
    rows = forecaster.rows(panel)
    table = forecaster.forecast(forecaster.rows(panel)).pivot_table(
        index="city", columns="horizon", values="forecast"
    )
    drivers = contributions(forecaster, rows)
    explained = drivers.pivot_table(
        index="city", columns="horizon", values="contribution", aggfunc="sum"
    )
    total = np.zeros(len(table))
    for horizon, model in forecaster.horizons.items():
        total = total + model.predict(rows.features(model.spec))
        np.testing.assert_allclose(table[horizon], total, atol=1e-12)
    np.testing.assert_allclose(explained, table, atol=1e-9)
    assert not drivers.duplicated(["city", "horizon", "indicator"]).any()


def test_a_family_carried_for_any_year_of_the_horizon_is_flagged_with_its_oldest_age():
    assert _oldest({"digital": 3}, {"digital": 1, "talent": 2}) == {"digital": 3, "talent": 2}
