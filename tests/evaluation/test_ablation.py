"""Families taken out and added: the recipe stays, noise adds nothing, what counts costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.engine import SERVED, Engine, Variant, forecast_members
from city_resilience.evaluation.forecasts import forecast_frame
from city_resilience.evaluation.scores import paired_interval
from city_resilience.evaluation.study.ablation import (
    ABLATION_COLUMNS,
    ADDED,
    BEYOND,
    WITHOUT,
    ablation,
    changes,
    variant_forecasts,
)
from city_resilience.models.learners import fit_member, learner_parameters
from forecasting_inputs import SMALL, facts_of, poisoned, small_panel
from study_inputs import chosen, context_of, forecasts_until, with_noise


@pytest.fixture(scope="module")
def context():
    return context_of(small_panel())


@pytest.fixture(scope="module")
def table(context) -> pd.DataFrame:
    return ablation(context).table


Forecasts = dict[tuple[str, str], Mapping[int, np.ndarray]]


def forecasts(context, horizon: int = 1) -> Forecasts:
    """What is served, by family and what is done with it, at one horizon."""
    return {
        (change.family, change.name): rolled[horizon].of(context.served)
        for change, rolled in variant_forecasts(context).items()
    }


@pytest.fixture(scope="module")
def before(context) -> Forecasts:
    """The forecasts of the plain panel, which the tests of changed panels compare with."""
    return forecasts(context)


@pytest.mark.parametrize("serve", ["blend", "xgboost"])
def test_all_columns_give_the_backtest_and_history_gives_history_only(serve):
    model = {
        "members": ["ridge", "xgboost", "extra_trees_history"],
        "serve": serve,
        "parameters": {"xgboost": {"rounds": 10}, "extra_trees_history": {"trees": 10}},
    }
    asked = chosen(model=model, outcome={"horizons": [1, 2]})
    own = context_of(small_panel(), asked)
    keys = ["horizon", "origin", "city"]
    own_columns = [*keys, "target_year", "truth", "forecast"]
    frame = own.backtest.frame
    every = Variant("every", columns=lambda task: np.arange(len(task.spec.columns)))
    past = Variant("past", columns=lambda task: task.learnt.history)
    engine = Engine(own.engine.dataset, asked)
    rolled = engine.roll([every, past], asked.outcome.horizons, own.origins)
    for variant, name in ((every, serve), (past, "history_only")):
        rebuilt = [
            forecast_frame(
                engine.dataset,
                horizon,
                {"rebuilt": {o: f for o, f in found.of(serve).items() if o in own.scored}},
            )
            for horizon, found in rolled[variant.id].items()
        ]
        left = pd.concat(rebuilt).sort_values(keys, ignore_index=True)
        right = frame[frame["model"] == name].sort_values(keys, ignore_index=True)
        pd.testing.assert_frame_equal(
            left[own_columns], right[own_columns], check_dtype=False, rtol=0, atol=1e-12
        )


def test_members_on_the_past_are_the_same_whatever_is_left_out():
    model = {
        "members": ["persistence", "extra_trees_history"],
        "parameters": {"extra_trees_history": {"trees": 10}},
    }
    own = context_of(small_panel(), chosen(model=model))
    task = own.engine.task(own.scored[-1], 1)
    change = next(c for c in changes(own) if (c.family, c.name) == ("digital", WITHOUT))
    rest, model = Variant(change.id, change.columns), own.engine.experiment.model
    fitted = forecast_members(task, rest, model)
    known = {name: np.full(len(task.asked), 7.0) for name in learner_parameters(model)}
    np.testing.assert_array_equal(forecast_members(task, rest, model, known), 7.0)
    served = own.engine.roll([SERVED], [1], own.origins)[SERVED.id][1]
    np.testing.assert_allclose(fitted, served.members[task.origin], rtol=0, atol=1e-12)


def test_without_history_no_member_reads_it(context, before):
    found = before["history", WITHOUT]
    noisy = context_of(small_panel(), dataset=with_noise(context.engine.dataset, "history", seed=2))
    after = forecasts(noisy)["history", WITHOUT]
    for origin in found:
        np.testing.assert_array_equal(found[origin], after[origin])


def test_every_family_is_left_out_and_added(context, table):
    assert tuple(table.columns) == ABLATION_COLUMNS
    present = {change.family for change in changes(context)}
    assert {"digital", "innovation", "structure", "history"} <= present
    overall = table[table["origin"] == "all"]
    found = set(zip(overall["family"], overall["variant"], strict=True))
    expected = {(f, WITHOUT) for f in present} | {(f, ADDED) for f in present if f != "history"}
    assert found == expected | {("all", BEYOND)}


def test_figures_of_all_origins_are_means_of_the_years(table):
    for (_, _), part in table.groupby(["family", "variant"]):
        overall = part[part["origin"] == "all"].iloc[0]
        years = part[(part["origin"] != "all") & (part["columns"] > 0)]
        assert overall["years"] == len(years)
        assert overall["difference"] == pytest.approx(years["difference"].mean())
        assert overall["mae"] == pytest.approx(years["mae"].mean())
        bounds = paired_interval(years["difference"].to_numpy(dtype=float))
        assert (overall["low"], overall["high"]) == pytest.approx(bounds[1:])
        assert overall["city_low"] <= overall["difference"] <= overall["city_high"]


def test_beyond_history_is_what_the_backtest_says(context, table):
    row = table[(table["variant"] == BEYOND) & (table["origin"] == "all")].iloc[0]
    rows = context.backtest.frame
    frame = rows.assign(e=(rows["forecast"] - rows["truth"]).abs())
    mae = frame.groupby(["model", "origin"])["e"].mean().groupby("model").mean()
    assert row["difference"] == pytest.approx(mae["blend"] - mae["history_only"])


def test_index_of_a_family_goes_with_it(context, table):
    task = context.engine.task(context.scored[-1], 1)
    names = [name for name, _ in task.spec.columns]
    assert "digital_index" in names
    family = {spec.id: spec.family for spec in context.engine.dataset.specs}
    assert family["digital_index"] == "digital"
    change = next(c for c in changes(context) if (c.family, c.name) == ("digital", WITHOUT))
    left = {names[k] for k in change.columns(task)}
    assert left == {name for name in names if family[name] != "digital"}
    row = table[(table["family"] == "digital") & (table["variant"] == WITHOUT)]
    row = row[row["origin"] == str(task.origin)].iloc[0]
    assert row["columns"] == sum(family[name] == "digital" for name in names)


def test_values_of_a_family_left_out_do_not_matter(context, before):
    noisy = context_of(
        small_panel(), dataset=with_noise(context.engine.dataset, "digital", seed=3), every=2
    )
    after = forecasts(noisy)
    without = [before["digital", WITHOUT], after["digital", WITHOUT]]
    added = [before["digital", ADDED], after["digital", ADDED]]
    for origin in without[0]:
        np.testing.assert_array_equal(without[0][origin], without[1][origin])
    assert any((added[0][o] != added[1][o]).any() for o in added[0])


def test_random_values_after_the_origin_change_no_variant(before):
    after = forecasts(context_of(poisoned(small_panel(), 2010)))
    assert before.keys() == after.keys()
    for key in before:
        pd.testing.assert_frame_equal(
            forecasts_until(before[key], 2010),
            forecasts_until(after[key], 2010),
            check_exact=True,
        )
    later = forecasts_until(before["digital", ADDED], 2012)
    assert (later[2012] != after["digital", ADDED][2012]).any()


def test_truncating_the_panel_changes_no_variant(before):
    cut = forecasts(context_of(small_panel().truncate(2011)))
    for key in before:
        pd.testing.assert_frame_equal(
            forecasts_until(before[key], 2010),
            forecasts_until(cut[key], 2010),
            check_exact=True,
        )


def test_a_variant_at_a_longer_horizon_stands_on_the_same_variant_at_the_shorter():
    asked = chosen(model={"members": ["ridge"], "serve": "ridge"}, outcome={"horizons": [1, 2]})
    context = context_of(small_panel(), asked, every_horizon=True)
    shorter, longer = forecasts(context, 1), forecasts(context, 2)
    digital = {s.id for s in context.engine.dataset.specs if s.family == "digital"}
    for key in (("digital", WITHOUT), ("digital", ADDED)):
        for origin in longer[key]:
            task = context.engine.task(origin, 2)
            own = task.spec.family_columns(digital)
            if key[1] == WITHOUT:
                columns = np.setdiff1d(np.arange(len(task.spec.columns)), own)
            else:
                columns = np.union1d(task.learnt.history, own)
            fitted = fit_member(
                task.learnt.only(columns),
                "ridge",
                learner_parameters(asked.model)["ridge"],
                asked.model.seed,
            )
            expected = shorter[key][origin] + fitted.predict(task.asked[:, columns])
            np.testing.assert_allclose(longer[key][origin], expected, atol=1e-12)


@pytest.mark.slow
def test_noise_added_to_history_shows_no_gain():
    asked = chosen(features={"families": ["history", "digital"]})
    gains, outcomes = [], []
    for seed in range(14):
        panel = small_panel(cities=40, years=13, seed=seed)
        noise = with_noise(facts_of(panel, asked), "digital", seed)
        noisy = context_of(panel, asked, dataset=noise)
        rows = ablation(noisy).table
        row = rows[(rows["variant"] == ADDED) & (rows["origin"] == "all")].iloc[0]
        gains.append(-row["difference"])
        outcomes.append(row["outcome"])
    _, low, _ = paired_interval(np.array(gains))
    assert low <= 0
    assert outcomes.count("helps") <= 1
    assert np.std(gains) > 0


@pytest.mark.slow
def test_on_a_panel_where_digital_matters_dropping_it_costs():
    panel = small_panel(cities=200, years=18, seed=1)
    model = {
        "members": ["persistence", "ridge", "extra_trees"],
        "parameters": {"extra_trees": SMALL["extra_trees"]},
    }
    rows = ablation(context_of(panel, chosen(model=model))).table
    rows = rows[(rows["origin"] == "all") & (rows["family"] == "digital")].set_index("variant")
    assert rows.loc[WITHOUT, "difference"] > 0
    assert rows.loc[WITHOUT, "outcome"] == "helps"
    assert rows.loc[ADDED, "difference"] < 0
    assert rows.loc[ADDED, "outcome"] == "helps"


def test_only_history_leaves_nothing_to_add():
    asked = chosen(features={"families": ["history"]})
    rows = ablation(context_of(small_panel(), asked)).table
    assert set(rows.loc[rows["origin"] == "all", "family"]) == {"history"}
    assert set(rows["variant"]) == {WITHOUT, BEYOND}
