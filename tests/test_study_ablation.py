"""Families taken out and added: the recipe stays, noise adds nothing, what counts costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.scores import paired_interval
from city_resilience.evaluation.study.ablation import (
    ABLATION_COLUMNS,
    ADDED,
    BEYOND,
    WITHOUT,
    ablation,
    families,
    variant_forecasts,
)
from city_resilience.evaluation.study.folds import (
    forecast_rows,
    member_forecasts,
    past_only_forecasts,
    served_forecasts,
)
from forecasting_inputs import SMALL, poisoned, small_panel
from study_inputs import chosen, context_of, forecasts_until, with_noise


@pytest.fixture(scope="module")
def context():
    return context_of(small_panel())


@pytest.fixture(scope="module")
def table(context) -> pd.DataFrame:
    return ablation(context).table


def rebuilt(context, columns) -> pd.DataFrame:
    """Forecast with some columns of the shared folds, put together as served."""
    served, rows = {}, []
    for horizon in context.experiment.outcome.horizons:
        folds = context.folds(horizon)
        members = {
            p.fold.origin: member_forecasts(p.fold, context.experiment, columns(p)) for p in folds
        }
        served = served_forecasts(context.experiment, folds, members, served)
        scored = {p.fold.origin: served[p.fold.origin] for p in folds if p.scored}
        rows.append(forecast_rows(context.dataset, "rebuilt", horizon, scored))
    return pd.concat(rows)


@pytest.mark.parametrize("serve", ["blend", "xgboost"])
def test_all_columns_give_the_backtest_and_history_gives_history_only(serve):
    model = {
        "members": ["ridge", "xgboost", "extra_trees_history"],
        "serve": serve,
        "parameters": {"xgboost": {"rounds": 20}},
    }
    own = context_of(small_panel(), chosen(model=model, outcome={"horizons": [1, 2]}))
    keys = ["horizon", "origin", "city"]
    own_columns = [*keys, "target_year", "truth", "forecast"]
    frame = own.backtest.frame
    for columns, name in ((lambda p: None, serve), (lambda p: p.fold.history, "history_only")):
        left = rebuilt(own, columns).sort_values(keys, ignore_index=True)
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
    prepared = own.folds(1)[-1]
    family = {spec.id: spec.family for spec in own.dataset.specs}
    known = past_only_forecasts(prepared.fold, own.experiment)
    columns = prepared.fold.spec.columns
    rest = np.flatnonzero([family[name] != "digital" for name, _ in columns])
    fitted = member_forecasts(prepared.fold, own.experiment, rest)
    reused = member_forecasts(prepared.fold, own.experiment, rest, known)
    np.testing.assert_allclose(fitted, reused, rtol=0, atol=1e-12)
    assert set(known) == {"persistence", "extra_trees_history"}


def test_without_history_no_member_reads_it(context):
    found = variant_forecasts(context, 1, {})["history", WITHOUT][0]
    noisy = context_of(small_panel(), dataset=with_noise(context.dataset, "history", seed=2))
    after = variant_forecasts(noisy, 1, {})["history", WITHOUT][0]
    for origin in found:
        np.testing.assert_array_equal(found[origin], after[origin])


def test_every_family_is_left_out_and_added(context, table):
    assert tuple(table.columns) == ABLATION_COLUMNS
    present = families(context.dataset, context.folds(1))
    assert {"digital", "innovation", "structure", "history"} <= set(present)
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


def test_index_of_a_family_goes_with_it(context):
    prepared = context.folds(1)[-1]
    assert "digital_index" in {name for name, _ in prepared.fold.spec.columns}
    family = {spec.id: spec.family for spec in context.dataset.specs}
    assert family["digital_index"] == "digital"
    _, columns = variant_forecasts(context, 1, {})["digital", WITHOUT]
    own = sum(family[name] == "digital" for name, _ in prepared.fold.spec.columns)
    assert columns[prepared.fold.origin] == own


def test_values_of_a_family_left_out_do_not_matter(context):
    noisy = context_of(
        small_panel(), dataset=with_noise(context.dataset, "digital", seed=3), every=2
    )
    before, after = (variant_forecasts(c, 1, {}) for c in (context, noisy))
    without = [before["digital", WITHOUT][0], after["digital", WITHOUT][0]]
    added = [before["digital", ADDED][0], after["digital", ADDED][0]]
    for origin in without[0]:
        np.testing.assert_array_equal(without[0][origin], without[1][origin])
    assert any((added[0][o] != added[1][o]).any() for o in added[0])


def test_random_values_after_the_origin_change_no_variant():
    before, after = (
        variant_forecasts(context_of(panel), 1, {})
        for panel in (small_panel(), poisoned(small_panel(), 2010))
    )
    assert before.keys() == after.keys()
    for key in before:
        pd.testing.assert_frame_equal(
            forecasts_until(before[key][0], 2010),
            forecasts_until(after[key][0], 2010),
            check_exact=True,
        )
    later = forecasts_until(before["digital", ADDED][0], 2012)
    assert (later[2012] != after["digital", ADDED][0][2012]).any()


def test_truncating_the_panel_changes_no_variant():
    whole = variant_forecasts(context_of(small_panel()), 1, {})
    cut = variant_forecasts(context_of(small_panel().truncate(2011)), 1, {})
    for key in whole:
        pd.testing.assert_frame_equal(
            forecasts_until(whole[key][0], 2010),
            forecasts_until(cut[key][0], 2010),
            check_exact=True,
        )


def test_a_variant_at_a_longer_horizon_stands_on_the_same_variant_at_the_shorter():
    asked = chosen(model={"members": ["ridge"], "serve": "ridge"}, outcome={"horizons": [1, 2]})
    context = context_of(small_panel(), asked, every_horizon=True)
    shorter = variant_forecasts(context, 1, {})
    longer = variant_forecasts(context, 2, shorter)
    for key in (("digital", WITHOUT), ("digital", ADDED)):
        for prepared in context.folds(2):
            fold = prepared.fold
            own = fold.spec.family_columns(
                {s.id for s in context.dataset.specs if s.family == "digital"}
            )
            if key[1] == WITHOUT:
                columns = np.setdiff1d(np.arange(len(fold.spec.columns)), own)
            else:
                columns = np.union1d(fold.history, own)
            added = member_forecasts(fold, asked, columns)[:, 0]
            expected = shorter[key][0][fold.origin] + added
            np.testing.assert_allclose(longer[key][0][fold.origin], expected, atol=1e-12)


def test_noise_added_to_history_shows_no_gain():
    asked = chosen(features={"families": ["history", "digital"]})
    gains, outcomes = [], []
    for seed in range(14):
        panel = small_panel(cities=40, years=13, seed=seed)
        plain = context_of(panel, asked)
        noisy = context_of(panel, asked, dataset=with_noise(plain.dataset, "digital", seed))
        rows = ablation(noisy).table
        row = rows[(rows["variant"] == ADDED) & (rows["origin"] == "all")].iloc[0]
        gains.append(-row["difference"])
        outcomes.append(row["outcome"])
    _, low, _ = paired_interval(np.array(gains))
    assert low <= 0
    assert outcomes.count("helps") <= 1
    assert np.std(gains) > 0


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
