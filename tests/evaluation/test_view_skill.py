"""What the structural view is worth: against zero, the median of a group, and the forecast."""

from __future__ import annotations

import numpy as np
import pytest

from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.view_skill import group_median, shown, structural_skill
from forecasting_inputs import experiment, facts_of, small_panel


@pytest.fixture(scope="module")
def made():
    chosen = experiment()
    dataset = facts_of(small_panel(), chosen)
    backtest = run_backtest(dataset, chosen, views=True)
    return dataset, backtest, structural_skill(backtest, dataset, 3, 5)


def test_errors_are_means_of_yearly_errors_on_the_same_rows(made):
    _, backtest, table = made
    every = table[(table["slice"] == "all") & (table["horizon"] == 1)].iloc[0]
    frame = backtest.frame[backtest.frame["horizon"] == 1]
    error = (frame["forecast"] - frame["truth"]).abs()
    means = error.groupby([frame["model"], frame["origin"]]).mean().groupby("model").mean()
    assert every["mae"] == pytest.approx(means["structural"])
    assert every["mae_zero"] == pytest.approx(means["zero"])
    assert every["mae_forecasting"] == pytest.approx(means["blend"])
    assert every["skill_zero"] == pytest.approx(1 - means["structural"] / means["zero"])
    assert every["difference"] == pytest.approx(means["structural"] - means["zero"])
    assert every["low"] < every["difference"] < every["high"]
    assert 0 < every["coverage"] <= 1


def test_groups_below_the_least_size_are_withheld(made):
    dataset, backtest, _ = made
    table = structural_skill(backtest, dataset, 3, 1000)
    groups = table[table["slice"].str.startswith("group:")]
    assert len(groups)
    assert groups["mae"].isna().all()
    assert (groups["n"] > 0).all()


def test_the_median_of_a_group_is_of_labels_known_at_the_origin(made):
    dataset, _, _ = made
    view, levels = dataset.at(2010), dataset.groups["province"]
    forecast = group_median(view, 2, levels, 3)
    labels = view.labels(2)[:, 3:]
    inside = levels == levels[0]
    assert forecast[0] == pytest.approx(np.nanmedian(labels[inside]))
    nowhere = group_median(view, 2, np.full(len(levels), ""), 3)
    assert nowhere == pytest.approx(np.full(len(levels), np.nanmedian(labels)))


def test_skill_is_shown_where_the_interval_leaves_zero_out():
    assert shown({"skill_zero": 0.1, "high": -0.01})
    assert not shown({"skill_zero": 0.1, "high": 0.01})
    assert not shown({"skill_zero": 0.1, "high": float("nan")})
    assert not shown({"skill_zero": -0.1, "high": -0.01})


def test_a_backtest_without_the_view_has_no_skill_of_it():
    chosen = experiment(features={"families": ["history"]})
    dataset = facts_of(small_panel(), chosen)
    backtest = run_backtest(dataset, chosen, views=True)
    assert structural_skill(backtest, dataset, 3).empty
