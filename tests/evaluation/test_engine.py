"""The engine: each origin and horizon is prepared once, and no member is fitted twice."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from city_resilience.evaluation import engine as engines
from city_resilience.evaluation import folds
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.engine import HISTORY, SERVED, Engine, Variant, forecast_members
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.evaluation.study.context import Settings
from city_resilience.evaluation.study.study import run_study
from city_resilience.models.learners import learner_parameters
from city_resilience.workers import at_most
from forecasting_inputs import experiment, facts_of, small_panel
from study_inputs import FAST, chosen


@pytest.fixture
def prepared(monkeypatch) -> Counter[tuple[int, int]]:
    """How often each origin and horizon was prepared."""
    count: Counter[tuple[int, int]] = Counter()
    prepare = folds.prepare_task

    def counted(view, horizon, asked):
        count[view.origin, horizon] += 1
        return prepare(view, horizon, asked)

    monkeypatch.setattr(folds, "prepare_task", counted)
    return count


def test_backtest_and_live_fit_prepare_each_origin_and_horizon_once(prepared):
    asked = experiment(model={"members": ["persistence", "ridge"]})
    dataset = facts_of(small_panel(), asked)
    backtest = run_backtest(dataset, asked)
    fit_forecaster(dataset, asked, backtest.served_weights)
    assert set(prepared.values()) == {1}
    assert set(prepared) == {
        *((origin, horizon) for origin in range(2007, 2013) for horizon in (1, 2))
    } - {(2012, 2)} | {(2013, 1), (2013, 2)}


def test_a_study_comes_back_to_what_the_backtest_prepared(prepared):
    asked = chosen()
    settings = Settings(draws=50, refits=5, shock_origins=(2007, 2009))
    run_study(facts_of(small_panel(), asked), asked, "fp", settings=settings)
    assert set(prepared.values()) == {1}
    assert {origin for origin, _ in prepared} == set(range(2005, 2014))


def test_members_on_the_past_are_fitted_once_for_all_variants(monkeypatch):
    fits: Counter[str] = Counter()
    fit = engines.fit_member

    def counted(sample, learner, values, seed):
        fits[learner] += 1
        return fit(sample, learner, values, seed)

    monkeypatch.setattr(engines, "fit_member", counted)
    asked = chosen()
    rolling = Engine(facts_of(small_panel(), asked), asked)
    everything = Variant("everything", columns=lambda task: np.arange(len(task.spec.columns)))
    rolling.roll([SERVED, HISTORY, everything], [1], [2009, 2010])
    assert fits == {"persistence": 2, "ridge": 6}
    rolling.roll([HISTORY, SERVED], [1], [2009, 2010])
    assert fits.total() == 8


def test_cities_held_out_are_forecast_by_members_that_learnt_from_the_others():
    asked = experiment(model=FAST)
    rolling = Engine(facts_of(small_panel(), asked), asked)
    task = rolling.task(2010, 1)
    groups = np.arange(len(task.asked)) % 3 - 1
    found = forecast_members(task, Variant("thirds", held_out=groups), asked.model)
    assert np.isnan(found[groups == -1]).all()
    for group in (0, 1):
        alone = forecast_members(
            task, Variant("one", held_out=np.where(groups == group, 0, -1)), asked.model
        )
        np.testing.assert_array_equal(found[groups == group], alone[groups == group])
    everyone = forecast_members(task, SERVED, asked.model)
    assert (found[groups >= 0] != everyone[groups >= 0]).any()


def test_a_variant_with_members_of_its_own_takes_no_forecast_of_others():
    members = ["persistence", "extra_trees_history"]
    asked = chosen(model={"members": members, "parameters": {"extra_trees_history": {"trees": 5}}})
    rolling = Engine(facts_of(small_panel(), asked), asked)
    other = {**learner_parameters(asked.model)["extra_trees_history"], "trees": 9}
    alone = Variant("more trees", parameters={"extra_trees_history": other})
    rolled = rolling.roll([SERVED, alone], [1], [2009])
    assert rolled[alone.id][1].names == ("extra_trees_history",)
    fitted = forecast_members(rolling.task(2009, 1), alone, asked.model)
    np.testing.assert_array_equal(rolled[alone.id][1].members[2009], fitted)
    assert (fitted[:, 0] != rolled[SERVED.id][1].members[2009][:, 1]).any()


def test_workers_change_no_number():
    asked = chosen()
    frames = []
    for workers in (1, 4):
        with at_most(workers):
            frames.append(run_backtest(facts_of(small_panel(), asked), asked).frame)
    assert frames[0].equals(frames[1])
