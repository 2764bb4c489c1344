"""The random split and the shock origins: what they score, and that they do not flatter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.study.random_split import (
    RANDOM_SPLIT_COLUMNS,
    pooled,
    r_squared,
    random_folds,
    random_split,
    split_forecasts,
)
from city_resilience.evaluation.study.shock_origins import SHOCK_COLUMNS, shock_origins, shock_test
from forecasting_inputs import small_panel
from study_inputs import chosen, context_of


@pytest.fixture(scope="module")
def context():
    return context_of(small_panel())


def test_r_squared_by_hand():
    truth = np.array([1.0, 2.0, 3.0])
    assert r_squared(truth, truth) == 1.0
    assert r_squared(truth, np.full(3, 2.0)) == 0.0
    assert r_squared(truth, np.array([3.0, 2.0, 1.0])) == -3.0


def test_rows_are_dealt_out_evenly_and_the_same_each_time():
    folds = random_folds(103, 5, seed=0)
    assert np.bincount(folds).tolist() == [21, 21, 21, 20, 20]
    np.testing.assert_array_equal(folds, random_folds(103, 5, seed=0))
    assert (folds != random_folds(103, 5, seed=1)).any()


def test_rows_and_features_are_those_of_the_backtest(context):
    pool, keys = pooled(context, 1)
    own = context.rows("blend", 1)[["city", "origin", "truth"]]
    merged = keys.merge(own, on=["city", "origin"], suffixes=("", "_backtest"))
    assert len(merged) == len(keys) == len(own)
    np.testing.assert_array_equal(merged["truth"], merged["truth_backtest"])
    dataset = context.engine.dataset
    family = {spec.id: spec.family for spec in dataset.specs}
    names = [name for name, _ in pool.spec.columns]
    past = [k for k, name in enumerate(names) if family[name] == "history"]
    assert pool.learnt.history.tolist() == past
    assert past
    first = context.engine.task(context.scored[0], 1)
    known = np.isfinite(dataset.truth(context.scored[0], 1))
    place = {column: k for k, column in enumerate(pool.spec.columns)}
    columns = [place[column] for column in first.spec.columns]
    np.testing.assert_array_equal(
        pool.learnt.features[: known.sum()][:, columns], first.asked[known]
    )
    np.testing.assert_array_equal(pool.learnt.features, pool.asked)


def test_no_row_is_forecast_from_its_own_label(context):
    pool, keys = pooled(context, 1)
    folds = random_folds(len(keys), 5, seed=0)
    inside = folds == 2
    labels = np.where(inside, 1e3, pool.learnt.labels)
    spoilt = replace(pool, learnt=replace(pool.learnt, labels=labels))
    before = split_forecasts(context, pool, folds)
    after = split_forecasts(context, spoilt, folds)
    np.testing.assert_array_equal(before[inside], after[inside])
    assert (before[~inside] != after[~inside]).any()


def test_table_has_both_scores_of_every_member_and_what_is_served(context):
    table = random_split(context).table
    assert tuple(table.columns) == RANDOM_SPLIT_COLUMNS
    assert table["model"].tolist() == ["persistence", "ridge", "blend"]
    own = context.rows("blend", 1)
    row = table.set_index("model").loc["blend"]
    truth, forecast = own["truth"].to_numpy(float), own["forecast"].to_numpy(float)
    assert row["r2_forward"] == pytest.approx(r_squared(truth, forecast))
    error = (own["forecast"] - own["truth"]).abs().groupby(own["origin"]).mean().mean()
    assert row["mae_forward"] == pytest.approx(error)
    assert row["n"] == len(own)
    for figure in ("r2", "mae", "rank"):
        apart = table[f"{figure}_random"] - table[f"{figure}_forward"]
        pd.testing.assert_series_equal(table[f"{figure}_illusion"], apart, check_names=False)


def test_years_that_share_a_shock_are_flattered_by_a_random_split():
    """A shock common to all cities of a region: other cities of the year give it away."""
    rng = np.random.default_rng(0)
    panel = small_panel(cities=60, years=16)
    frame = panel.frame.copy()
    keys = pd.MultiIndex.from_product([sorted(set(frame[k])) for k in ("region", "year")])
    jolt = pd.Series(rng.normal(0, 0.08, len(keys)), keys)
    level = (
        frame.assign(jolt=[jolt[key] for key in zip(frame["region"], frame["year"], strict=True)])
        .groupby("city")["jolt"]
        .cumsum()
    )
    frame["gdp_real"] *= np.exp(level)
    model = {
        "members": ["extra_trees"],
        "serve": "extra_trees",
        "parameters": {"extra_trees": {"trees": 30, "min_leaf": 5}},
    }
    row = random_split(context_of(replace(panel, frame=frame), chosen(model=model))).table.iloc[0]
    assert row["r2_random"] > row["r2_forward"] + 0.1
    assert row["mae_random"] < row["mae_forward"]


def test_shock_origins_are_the_years_before_those_the_panel_covers(context):
    assert context.engine.dataset.years.tolist() == list(range(2000, 2014))
    assert shock_origins(context) == [2007]
    asked = replace(context, settings=replace(context.settings, shock_origins=(2011, 2009, 2011)))
    assert shock_origins(asked) == [2009, 2011]
    named = context_of(small_panel(), chosen(outcome={"windows": ["2008:2009", "2010:2011"]}))
    assert shock_origins(named) == [2008, 2010]


def test_an_origin_before_the_first_is_replayed_as_the_backtest_would(context):
    early = context_of(
        small_panel(),
        chosen(evaluation={"first_origin": 2007, "warmup_origins": 2, "min_group": 5}),
    )
    replayed, scored = shock_test(context).table, shock_test(early).table
    assert set(replayed["origin"]) == {2007}
    pd.testing.assert_frame_equal(replayed, scored)


def test_shock_table_compares_the_served_model_with_each(context):
    asked = replace(context, settings=replace(context.settings, shock_origins=(2009,)))
    table = shock_test(asked).table
    assert tuple(table.columns) == SHOCK_COLUMNS
    by_model = table.set_index("model")
    assert {"blend", "history_only", "zero", "last", "mean5", "damped", "ar_ridge"} == set(
        by_model.index
    )
    expected = 1 - by_model.loc["blend", "mae"] / by_model["mae"]
    for model in by_model.index.drop("blend"):
        assert by_model.loc[model, "served_skill"] == pytest.approx(expected[model])
        assert (
            by_model.loc[model, "city_low"] <= expected[model] <= by_model.loc[model, "city_high"]
        )
    assert np.isnan(by_model.loc["blend", "served_skill"])


def test_an_origin_that_cannot_be_replayed_is_said(context):
    asked = replace(context, settings=replace(context.settings, shock_origins=(2001, 2009)))
    part = shock_test(asked)
    assert set(part.table["origin"]) == {2009}
    assert "2001" in part.about["not_scored"]
