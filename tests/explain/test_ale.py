"""Accumulated local effects: right where the law is known, and ranks move with the values."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.engine import Engine
from city_resilience.explain.ale import accumulated_effects, effects_of, moved_rank
from city_resilience.indicators.formulas.ratios import within_year_rank
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.learners import fit_member, learner_parameters
from city_resilience.models.rows import ForecastRows
from forecasting_inputs import experiment, facts_of, poisoned, small_panel

COLUMNS = (("a", "value"), ("a", "rank"), ("b", "value"))


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((60, 5))
    b = 0.9 * a + 0.3 * rng.standard_normal((60, 5))
    return np.stack([a, within_year_rank(a), b], axis=-1)


def edges_of(features):
    return np.quantile(features[:, :, 0], np.linspace(0, 1, 11))


def test_a_linear_model_gives_its_own_slope_whatever_else_goes_along(features):
    edges = edges_of(features)
    found = accumulated_effects(
        lambda x: 2.0 * x[:, 0] + 5.0 * x[:, 2], features, COLUMNS, {"a": edges}
    )["a"].values
    middle = (edges[:-1] + edges[1:]) / 2
    np.testing.assert_allclose(found - found.mean(), 2.0 * (middle - middle.mean()), atol=1e-9)


def test_effects_are_centred_on_the_rows(features):
    values, edges = features[:, :, 0].ravel(), edges_of(features)
    found = accumulated_effects(lambda x: x[:, 0] ** 2, features, COLUMNS, {"a": edges})
    found = found["a"].values
    place = np.clip(np.searchsorted(edges, values) - 1, 0, 9)
    assert found[place].mean() == pytest.approx(0.0, abs=1e-9)


def test_a_model_of_ranks_alone_answers_to_the_indicator(features):
    found = accumulated_effects(lambda x: x[:, 1], features, COLUMNS, {"a": edges_of(features)})
    found = found["a"].values
    assert (np.diff(found) > 0).all()
    assert found[-1] - found[0] == pytest.approx(0.9, abs=0.05)


def test_the_rank_after_a_move_is_that_of_ranking_anew():
    rng = np.random.default_rng(1)
    year = rng.integers(0, 8, 20).astype(float)
    year[3] = np.nan
    for place in (0, 5, 11):
        for to in (year[place], 3.5, 2.0, -1.0, 99.0):
            moved = year.copy()
            moved[place] = to
            expected = within_year_rank(moved[:, None])[place, 0]
            found = moved_rank(year, year[[place]], np.array([to]))
            assert found[0] == pytest.approx(expected)


def test_a_longer_horizon_adds_the_effects_of_those_below_it(monkeypatch, features):
    class Model:
        spec = type("Spec", (), {"columns": COLUMNS})()

        def predict(self, x):
            return 2.0 * x[:, 0]

    class Forecaster:
        def __init__(self):
            self.horizons = {1: Model(), 2: Model()}

        def before(self, horizon):
            return horizon - 1

    view = SimpleNamespace(kept=None)

    class Rows:
        origin = 2010
        dataset = SimpleNamespace(groups={}, at=lambda origin: view)

    monkeypatch.setattr("city_resilience.explain.ale.features_by_year", lambda view, spec: features)
    edges = {"a": edges_of(features)}
    one, two = (effects_of(Forecaster(), Rows(), h, edges)["a"].values for h in (1, 2))
    np.testing.assert_allclose(two, 2 * one)
    assert not pd.isna(one).any()


@pytest.fixture(scope="module")
def forecaster():
    chosen = experiment(outcome={"horizons": [1]}, model={"members": ["xgboost"]})
    task = Engine(facts_of(small_panel(), chosen), chosen).task(2010, 1)
    values = {**learner_parameters(chosen.model)["xgboost"], "rounds": 10}
    member = fit_member(task.learnt, "xgboost", values, 0)
    model = HorizonModel(1, task.spec, {"xgboost": member}, {"xgboost": 1.0})
    return Forecaster(chosen, 2010, (), {1: model})


def test_years_after_the_origin_change_nothing(forecaster):
    edges = {"ict_employment_share": np.array([0.5, 1.0, 1.5, 2.5, 5.0])}
    found = [
        effects_of(forecaster, ForecastRows.of(facts_of(panel), 2010), 1, edges)
        for panel in (small_panel(), poisoned(small_panel(), 2010))
    ]
    np.testing.assert_array_equal(*(own["ict_employment_share"].values for own in found))
    assert np.ptp(found[0]["ict_employment_share"].values) > 0.1


def test_an_indicator_that_the_model_does_not_read_has_no_effect(forecaster):
    rows = ForecastRows.of(facts_of(small_panel()), 2010)
    spec = forecaster.horizons[1].spec
    kept = np.array([k for k, (name, _) in enumerate(spec.columns) if name != "patents_per_10k"])
    without = replace(forecaster.horizons[1], spec=spec.only(kept), members={}, weights={})
    other = replace(forecaster, horizons={1: without})
    edges = {"patents_per_10k": np.array([1.0, 2.0, 3.0])}
    assert effects_of(other, rows, 1, edges)["patents_per_10k"].values.tolist() == [0.0, 0.0]


def test_at_most_so_many_rows_are_moved_the_same_ones_each_time(features):
    asked = []

    def predict(rows):
        asked.append(rows)
        return 3.0 * rows[:, 0]

    edges = {"a": edges_of(features), "b": np.quantile(features[:, :, 2], [0.0, 0.5, 1.0])}
    found = [accumulated_effects(predict, features, COLUMNS, edges, most=40)["a"] for _ in range(2)]
    assert [len(rows) for rows in asked] == [160, 160]
    np.testing.assert_array_equal(*asked)
    assert found[0].rows.sum() == 40
    slope = np.diff(found[0].values) / np.diff((edges["a"][:-1] + edges["a"][1:]) / 2)
    np.testing.assert_allclose(slope[found[0].rows[:-1] * found[0].rows[1:] > 0], 3.0)
