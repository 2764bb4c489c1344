"""Families as players beside their sums, and pairs of indicators: additive over horizons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.engine import Engine
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.contributions import contributions
from city_resilience.explain.families import FAMILY_COLUMNS, family_table, sampled
from city_resilience.explain.interactions import INTERACTION_COLUMNS, interaction_table
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.learners import fit_member, learner_parameters
from city_resilience.models.rows import ForecastRows
from city_resilience.reading.panel import Panel
from forecasting_inputs import experiment, facts_of, poisoned, small_panel

WEIGHTS = {"persistence": 0.2, "ridge": 0.2, "xgboost": 0.3, "extra_trees": 0.3}
MEMBERS = {"members": list(WEIGHTS)}


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    chosen = experiment(model=MEMBERS)
    return fit_forecaster(facts_of(small_panel(), chosen), chosen, {1: WEIGHTS, 2: WEIGHTS})


@pytest.fixture(scope="module")
def rows(forecaster: Forecaster) -> ForecastRows:
    return forecaster.rows(small_panel())


@pytest.fixture(scope="module")
def table(forecaster: Forecaster, rows: ForecastRows) -> pd.DataFrame:
    return family_table(forecaster, rows, contributions(forecaster, rows))


def test_values_and_sums_add_up_to_the_forecast(forecaster, rows, table):
    assert tuple(table.columns) == FAMILY_COLUMNS
    keys = ["city", "horizon"]
    forecast = forecaster.forecast(rows).set_index(keys)["forecast"]
    for column in ("sum", "shapley"):
        total = table.groupby(keys)[column].sum()
        np.testing.assert_allclose(total, forecast.reindex(total.index), atol=1e-5, rtol=0)


def test_the_difference_is_that_of_the_two_and_no_base_differs(table):
    np.testing.assert_allclose(table["difference"], table["sum"] - table["shapley"], atol=1e-12)
    assert table["difference"].abs().max() > 1e-3
    assert table.loc[table["family"] == "base", "difference"].abs().max() < 1e-5


def test_a_sample_is_drawn_by_its_seed_and_explained_alike(forecaster, rows, table):
    few = sampled(rows, 10, seed=3)
    assert few.names.tolist() == sampled(rows, 10, seed=3).names.tolist()
    assert few.names.tolist() != sampled(rows, 10, seed=4).names.tolist()
    assert sampled(rows, 10_000) is rows
    own = family_table(forecaster, few, contributions(forecaster, few))
    keys = ["city", "horizon", "family"]
    both = own.merge(table, on=keys, suffixes=("", "_all"))
    assert len(both) == len(own)
    np.testing.assert_allclose(both["shapley"], both["shapley_all"], atol=1e-9)


def at_origin(panel: Panel, origin: int) -> tuple[Forecaster, ForecastRows]:
    chosen = experiment(outcome={"horizons": [1]}, model=MEMBERS)
    dataset = facts_of(panel, chosen)
    task = Engine(dataset, chosen).task(origin, 1)
    parameters = learner_parameters(chosen.model)
    members = {name: fit_member(task.learnt, name, parameters[name], 0) for name in WEIGHTS}
    model = HorizonModel(1, task.spec, members, WEIGHTS)
    return Forecaster(chosen, origin, (), {1: model}), ForecastRows.of(dataset, origin)


def test_what_is_told_at_an_origin_does_not_depend_on_later_years():
    found = []
    for panel in (small_panel(), poisoned(small_panel(), 2009)):
        fitted, rows = at_origin(panel, 2009)
        drivers = contributions(fitted, rows)
        found.append((family_table(fitted, rows, drivers), interaction_table(fitted, rows)))
    for before, after in zip(*found, strict=True):
        pd.testing.assert_frame_equal(before, after)


def test_pairs_are_ordered_and_their_share_is_of_all(forecaster, rows):
    pairs = interaction_table(forecaster, rows, most=7)
    assert tuple(pairs.columns) == INTERACTION_COLUMNS
    assert (pairs.groupby("horizon").size() == 7).all()
    for _, own in pairs.groupby("horizon"):
        assert own["interaction"].is_monotonic_decreasing
        assert 0 < own["share"].sum() < 1
    assert (pairs["first"] != pairs["second"]).all()
    assert (pairs["rows"] == len(rows.cities)).all()


def test_pairs_are_those_of_shap_weighted_over_the_members(forecaster, rows):
    import shap

    model = forecaster.horizons[1]
    features = rows.features(model.spec)
    total = np.zeros((len(features), features.shape[1], features.shape[1]))
    for name in ("xgboost", "extra_trees"):
        explainer = shap.TreeExplainer(model.members[name].booster)
        total += model.weights[name] * explainer.shap_interaction_values(features)
    owner = np.array([name for name, _ in model.spec.columns])
    pairs = interaction_table(forecaster, rows, most=5)
    for pair in pairs[pairs["horizon"] == 1].itertuples():
        block = total[:, owner == pair.first][:, :, owner == pair.second]
        expected = 2 * np.abs(block.sum(axis=(1, 2))).mean()
        assert pair.interaction == pytest.approx(expected, abs=1e-5)


def test_linear_members_have_no_pairs(rows):
    chosen = experiment(model=MEMBERS)
    linear = fit_forecaster(rows.dataset, chosen, {1: {"ridge": 1.0}, 2: {"ridge": 1.0}})
    assert interaction_table(linear, rows).empty
