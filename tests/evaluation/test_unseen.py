"""Unseen cities: their own labels train no member, groups stay whole, the table says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.folds import Folds
from city_resilience.evaluation.study.unseen import (
    UNSEEN_COLUMNS,
    group_folds,
    held_out_group,
    unseen_cities,
    unseen_forecasts,
)
from forecasting_inputs import facts_of, poisoned, small_panel
from study_inputs import FAST, chosen, context_of, forecasts_until


@pytest.fixture(scope="module")
def context():
    return context_of(small_panel(), every=1)


def test_groups_stay_whole_and_folds_are_of_like_size():
    levels = np.array([f"p{k % 31:02}" for k in range(296)])
    folds = group_folds(levels)
    assert folds.max() == 9
    assert pd.Series(folds).groupby(levels).nunique().max() == 1
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 10
    order = np.random.default_rng(0).permutation(296)
    np.testing.assert_array_equal(group_folds(levels[order]), folds[order])


def test_few_groups_make_as_many_folds():
    assert sorted(set(group_folds(np.array(["a", "b", "c", "a"])).tolist())) == [0, 1, 2]


def test_labels_of_masked_cells_cities_change_no_forecast_of_theirs():
    context = context_of(small_panel(), chosen(model={**FAST, "serve": "ridge"}), every=1)
    fold_of = group_folds(context.engine.dataset.groups["province"])
    before = unseen_forecasts(context, fold_of)[1].of("ridge")
    spoilt = with_absurd_labels(context, fold_of == 0)
    after = unseen_forecasts(spoilt, fold_of)[1].of("ridge")
    inside = fold_of == 0
    for origin in before:
        np.testing.assert_array_equal(before[origin][inside], after[origin][inside])
    assert any((before[o][~inside] != after[o][~inside]).any() for o in before)


def with_absurd_labels(context, inside):
    """The same context, with absurd labels of some cities in training."""
    again = context_of(small_panel(), context.engine.experiment, every=1)

    class Spoilt(Folds):
        def task(self, origin: int, horizon: int):
            task = super().task(origin, horizon)
            labels = np.where(inside[task.learnt.cities], 1e3, task.learnt.labels)
            return replace(task, learnt=replace(task.learnt, labels=labels))

    again.engine.folds = Spoilt(again.engine.dataset, again.engine.experiment)
    return again


def test_every_city_is_forecast_and_differs_from_being_seen(context):
    dataset = context.engine.dataset
    fold_of = group_folds(dataset.groups["province"])
    found = unseen_forecasts(context, fold_of)[1].blend
    scored = sorted(context.rows("blend", 1)["origin"].unique())
    assert [origin for origin in sorted(found) if origin >= scored[0]] == scored
    for origin in scored:
        values = found[origin]
        assert np.isfinite(values).all()
        seen = context.rows("blend", 1)
        seen = seen[seen["origin"] == origin].set_index("city")["forecast"]
        apart = values - seen.reindex(dataset.cities).to_numpy()
        assert 0 < np.nanmean(np.abs(apart)) < 2


def test_random_values_after_the_origin_change_no_unseen_forecast():
    found = []
    for panel in (small_panel(), poisoned(small_panel(), 2010)):
        own = context_of(panel, every=1)
        fold_of = group_folds(own.engine.dataset.groups["province"])
        found.append(unseen_forecasts(own, fold_of)[1].blend)
    pd.testing.assert_frame_equal(*(forecasts_until(f, 2010) for f in found), check_exact=True)
    assert (found[0][2012] != found[1][2012]).any()


def test_origins_are_taken_from_the_newest_back():
    evaluation = {"first_origin": 2008, "warmup_origins": 1, "min_group": 5}
    part = unseen_cities(context_of(small_panel(), chosen(evaluation=evaluation), every=2))
    assert part.about["origins"] == [2008, 2010, 2012]
    assert part.about["every"] == 2
    assert part.about["group"] == "province"


def test_table_scores_the_same_rows(context):
    part = unseen_cities(context)
    assert tuple(part.table.columns) == UNSEEN_COLUMNS
    table = part.table
    assert len(set(table["n"])) == 1
    assert table["cities_are"].tolist() == ["unseen", "seen", ""]
    unseen, seen, naive = table.to_dict("records")
    assert unseen["difference_seen"] == pytest.approx(unseen["mae"] - seen["mae"])
    assert unseen["skill_naive"] == pytest.approx(1 - unseen["mae"] / naive["mae"])
    assert unseen["city_low"] <= unseen["difference_seen"] <= unseen["city_high"]
    frame = context.rows("blend", 1)
    error = (frame["forecast"] - frame["truth"]).abs().groupby(frame["origin"]).mean().mean()
    assert seen["mae"] == pytest.approx(error)


def test_other_groups_stand_in_and_none_is_said():
    dataset = facts_of(small_panel())
    regions = replace(dataset, groups={"region": dataset.groups["region"]})
    assert held_out_group(regions) == "region"
    assert held_out_group(replace(dataset, groups={})) is None
    part = unseen_cities(
        context_of(small_panel(), dataset=replace(facts_of(small_panel(), chosen()), groups={}))
    )
    assert part.about == {"missing": "no_group"}
    assert part.table.empty
