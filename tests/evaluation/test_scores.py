"""Scores against slow loops and other packages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr, ttest_1samp

from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.checks import scored_origins
from city_resilience.evaluation.forecasts import BACKTEST_COLUMNS
from city_resilience.evaluation.scores import best_naive, compare_models, score, yearly
from city_resilience.evaluation.search import search_parameters
from forecasting_inputs import backtest_of, experiment, facts_of, small_panel


@pytest.fixture(scope="module")
def result():
    chosen = experiment()
    return backtest_of(chosen)


def test_yearly_scores_agree_with_a_loop(result):
    table = yearly(result.frame).set_index(["model", "horizon", "origin"])
    for key, part in result.frame.groupby(["model", "horizon", "origin"]):
        error = part["forecast"] - part["truth"]
        row = table.loc[key]
        assert row["mae"] == pytest.approx(error.abs().mean())
        assert row["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
        if part["forecast"].std() > 0:
            expected = spearmanr(part["forecast"], part["truth"]).statistic
            assert row["rank_correlation"] == pytest.approx(expected)


def test_every_model_is_scored_on_the_same_rows(result):
    assert list(result.frame.columns) == list(BACKTEST_COLUMNS)
    assert result.frame[["truth", "forecast"]].notna().all().all()
    rows = result.frame.groupby("model")[["city", "origin", "horizon"]].apply(
        lambda part: hash(tuple(map(tuple, part.sort_values(list(part.columns)).to_numpy())))
    )
    assert len(set(rows)) == 1
    assert (result.frame["target_year"] == result.frame["origin"] + result.frame["horizon"]).all()


def test_skill_and_difference_are_relative_to_best_naive_and_history(result):
    scores = score(result.frame)
    rows = scores[(scores["slice"] == "all") & (scores["horizon"] == 1)].set_index("model")
    best = best_naive(yearly(result.frame))[1]
    assert rows.loc[best, "mae"] == rows.loc[["zero", "last", "mean5", "damped"], "mae"].min()
    assert rows.loc["blend", "skill_naive"] == pytest.approx(
        1 - rows.loc["blend", "mae"] / rows.loc[best, "mae"]
    )
    years = yearly(result.frame).query("horizon == 1").pivot_table("mae", "origin", "model")
    pair = years["blend"] - years["history_only"]
    interval = ttest_1samp(pair, 0).confidence_interval(0.95)
    assert rows.loc["blend", "difference_low"] == pytest.approx(interval.low)
    assert rows.loc["blend", "difference_high"] == pytest.approx(interval.high)


def test_groups_below_the_minimum_are_withheld_and_counted(result):
    cities = sorted(result.frame["city"].unique())
    names = ["few"] * 4 + ["many"] * (len(cities) - 5) + [""]
    levels = dict(zip(cities, names, strict=True))
    scores = score(result.frame, {"size": levels}, min_group=5)
    rows = (
        scores[scores["slice"] == "group:size"]
        .set_index(["level", "model", "horizon"])
        .sort_index()
    )
    assert set(rows.index.get_level_values("level")) == {"few", "many"}
    counted = ["slice", "years", "n"]
    few = rows.loc["few"]
    assert few.drop(columns=counted).isna().all().all()
    assert rows.loc["many", "mae"].notna().all()
    own = result.frame[result.frame["city"].map(levels) == "few"]
    for key, part in own.groupby(["model", "horizon"]):
        assert few.loc[key, "n"] == len(part)
        assert few.loc[key, "years"] == part["origin"].nunique()
    assert few.index.is_unique
    assert len(few) == len(rows.loc["many"])


def test_comparison_counts_years_and_tests_signs(result):
    table = compare_models(result.frame, "blend").set_index(["horizon", "versus"])
    years = yearly(result.frame).query("horizon == 1").pivot_table("mae", "origin", "model")
    assert table.loc[(1, "zero"), "wins"] == (years["blend"] < years["zero"]).sum()
    assert 0 < table.loc[(1, "zero"), "sign_test_p"] <= 1


def test_blend_weights_of_an_origin_come_from_earlier_targets(result):
    first = result.weights[(result.weights["model"] == "blend") & (result.weights["horizon"] == 1)]
    start = first[first["origin"] == first["origin"].min()]
    np.testing.assert_allclose(start["weight"], 1 / len(experiment().model.members))
    assert (result.weights["weight"] >= 0).all()


@pytest.mark.parametrize("first", [2001, 2012, 2030])
def test_too_few_years_for_an_origin_is_said(first):
    chosen = experiment(evaluation={"first_origin": first})
    message = rf"first_origin = {first}: the panel starts in 2000 .* is 2013, so .* 2004 and 2011"
    with pytest.raises(InputError, match=message):
        scored_origins(facts_of(small_panel(), chosen), chosen)


def test_a_panel_too_short_for_any_origin_is_said():
    chosen = experiment(features={"min_history": 13})
    with pytest.raises(InputError, match="leaves no origin that can be scored at horizon 1"):
        scored_origins(facts_of(small_panel(), chosen), chosen)


def test_a_horizon_without_a_training_label_is_said():
    chosen = experiment(
        outcome={"horizons": [1, 3]},
        features={"min_history": 1},
        evaluation={"first_origin": 2002, "last_origin": 2002},
    )
    with pytest.raises(InputError, match=r"scored origins 2002-2002 is a label of horizon 3 known"):
        backtest_of(chosen)


def test_an_incomplete_newest_year_is_not_scored():
    panel = small_panel()
    frame = panel.frame
    half = frame["city"].isin(panel.cities[::2]) & (frame["year"] == 2013)
    chosen = experiment()
    result = run_backtest(facts_of(replace(panel, frame=frame[~half]), chosen), chosen)
    assert result.frame["target_year"].max() == 2012


@pytest.mark.parametrize("serve", ["xgboost", "extra_trees_history"])
def test_with_history_alone_the_indicators_are_worth_nothing(serve):
    chosen = experiment(features={"families": ["history"]}, model={"serve": serve})
    scores = score(backtest_of(chosen).frame)
    rows = scores[(scores["slice"] == "all") & (scores["model"] == serve)]
    np.testing.assert_allclose(rows["difference_history"], 0.0, atol=1e-12)


def test_without_history_the_reference_is_a_constant():
    chosen = experiment(features={"families": ["innovation", "control"]})
    frame = backtest_of(chosen).frame
    reference = frame[frame["model"] == "history_only"].groupby(["origin", "horizon"])
    assert (reference["forecast"].max() == reference["forecast"].min()).all()


def test_required_indicator_without_a_value_is_refused():
    chosen = experiment(features={"required": ["patents_growht"]})
    with pytest.raises(
        InputError, match=r"'patents_growht' enters no forecast.*nearest: 'patents_growth'"
    ):
        backtest_of(chosen)


def test_search_looks_at_inner_origins_only():
    chosen = experiment(
        search={"trials": 2, "inner_origins": 1, "learners": ["extra_trees_history"]}
    )
    found = search_parameters(facts_of(small_panel(), chosen), chosen)
    values = found.model.parameters["extra_trees_history"]
    assert {"min_leaf", "max_features"} <= set(values)
    panel = small_panel().truncate(chosen.evaluation.first_origin)
    again = search_parameters(facts_of(panel, chosen), chosen)
    assert again.model.parameters == found.model.parameters


def test_search_takes_the_members_that_have_parameters_when_none_is_named():
    chosen = experiment(
        search={"trials": 1, "inner_origins": 1},
        model={"members": ["persistence", "extra_trees_history"], "parameters": {}},
    )
    found = search_parameters(facts_of(small_panel(), chosen), chosen)
    assert set(found.model.parameters) == {"extra_trees_history"}


def test_a_backtest_of_unequal_panels_keeps_cities_apart():
    panel = small_panel()
    frame = panel.frame
    gone = (frame["city"] == panel.cities[0]) & (frame["year"] > 2010)
    chosen = experiment()
    result = run_backtest(facts_of(replace(panel, frame=frame[~gone]), chosen), chosen)
    years = result.frame.loc[result.frame["city"] == panel.cities[0], "target_year"]
    assert years.max() == 2010
    assert isinstance(result.frame, pd.DataFrame)
