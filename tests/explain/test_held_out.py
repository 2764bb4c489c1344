"""Contributions of the backtest: rows that no model trained on, in both views."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.folds import told
from city_resilience.evaluation.view_skill import structural_skill
from city_resilience.explain.contributions import BASE
from city_resilience.explain.held_families import held_out_families
from city_resilience.explain.held_out import held_out_drivers
from city_resilience.models.rows import FORECASTING, STRUCTURAL
from city_resilience.tasks.structural import structural_ids
from forecasting_inputs import experiment, facts_of, poisoned, small_panel

ORIGIN = 2011


def explained(panel, chosen):
    dataset = facts_of(panel, chosen)
    backtest = run_backtest(dataset, chosen, views=True, explain=True)
    return backtest, held_out_drivers(backtest, dataset, chosen)


@pytest.fixture(scope="module")
def made():
    return explained(small_panel(), experiment())


def test_what_is_told_of_a_backtest_travels_and_says_the_same(made):
    backtest, drivers = made
    chosen = experiment()
    dataset = facts_of(small_panel(), chosen)
    sent = pickle.dumps((backtest.told(explained=True), told(dataset)))
    pd.testing.assert_frame_equal(held_out_drivers(*pickle.loads(sent), chosen), drivers)
    alone = structural_skill(backtest.told(explained=False), told(dataset), 3)
    pd.testing.assert_frame_equal(alone, structural_skill(backtest, dataset, 3))


def summed(drivers: pd.DataFrame, view: str) -> pd.Series:
    own = drivers[drivers["view"] == view]
    keys = ["horizon", "origin", "city"]
    return own.groupby(keys, observed=True)["contribution"].sum()


def assert_adds_up(backtest, drivers: pd.DataFrame, view: str, model: str) -> None:
    frame = backtest.frame[backtest.frame["model"] == model]
    forecast = frame.set_index(["horizon", "origin", "city"])["forecast"]
    found = summed(drivers, view)
    assert len(found) == len(forecast) > 0
    found.index = pd.MultiIndex.from_tuples(found.index)
    assert np.abs(found - forecast.reindex(found.index)).max() < 1e-5


@pytest.mark.parametrize(("view", "model"), [(FORECASTING, "blend"), (STRUCTURAL, "structural")])
def test_the_contributions_of_every_row_add_up_to_its_forecast(made, view, model):
    assert_adds_up(*made, view, model)


def test_the_structural_view_is_made_of_indicators_that_are_not_the_past(made):
    _, drivers = made
    chosen = experiment()
    own = drivers[drivers["view"] == STRUCTURAL]
    ids = structural_ids(facts_of(small_panel(), chosen), chosen)
    assert set(own["indicator"]) - {BASE} <= ids
    assert "history" in set(drivers.loc[drivers["view"] == FORECASTING, "family"])


def test_families_of_a_sample_add_up_to_held_out_forecasts_either_way(made):
    backtest, drivers = made
    chosen = experiment()
    table = held_out_families(backtest, facts_of(small_panel(), chosen), chosen, most=5)
    assert set(table["view"]) == {FORECASTING, STRUCTURAL}
    assert set(table["rows"]) == {5}
    assert table["cities"].min() > 5
    assert len(set(table["origin"])) == 1
    frame = backtest.frame[backtest.frame["model"].isin(["blend", "structural"])]
    frame = frame.assign(view=frame["model"].map({"blend": FORECASTING, "structural": STRUCTURAL}))
    keys = ["view", "horizon", "origin", "city"]
    forecast = frame.set_index(keys)["forecast"]
    for column in ("sum", "shapley"):
        found = table.groupby(keys)[column].sum()
        assert len(found) == 5 * 2 * drivers["horizon"].nunique()
        assert np.abs(found - forecast.reindex(found.index)).max() < 1e-5
    assert table["difference"].abs().max() > 1e-6


def test_later_years_change_nothing_of_what_an_origin_rested_on(made):
    _, drivers = made
    chosen = experiment()
    _, again = explained(poisoned(small_panel(), ORIGIN), chosen)
    keys = ["view", "horizon", "origin", "city", "indicator"]

    def until(table: pd.DataFrame) -> pd.Series:
        own = table[table["origin"] <= ORIGIN].astype(dict.fromkeys(keys, object))
        return own.set_index(keys)["contribution"].sort_index()

    first, second = until(drivers), until(again)
    both = first.index.intersection(second.index)
    assert len(both) > 0.9 * len(first)
    pd.testing.assert_series_equal(first.loc[both], second.loc[both])


@pytest.mark.parametrize("serve", ["damped", "xgboost"])
def test_a_naive_rule_or_a_member_that_is_served_is_explained_alone(serve):
    backtest, drivers = explained(small_panel(), experiment(model={"serve": serve}))
    assert_adds_up(backtest, drivers, FORECASTING, serve)


def test_nothing_is_explained_that_was_not_asked_for():
    chosen = experiment()
    dataset = facts_of(small_panel(), chosen)
    backtest = run_backtest(dataset, chosen, views=True)
    assert not backtest.explained
    assert held_out_drivers(backtest, dataset, chosen).empty
    assert held_out_families(backtest, dataset, chosen).empty
