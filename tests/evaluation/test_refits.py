"""Refits: provinces and blocks of years are drawn whole; all else is as it is served."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from city_resilience.evaluation.engine import HISTORY, SERVED, Engine, forecast_members
from city_resilience.evaluation.refits import Clusters, clusters_of, draw, draws, refit, whole
from forecasting_inputs import experiment, facts_of, poisoned, small_panel
from study_inputs import FAST


@pytest.fixture(scope="module")
def asked():
    return experiment(model={**FAST, "members": ["persistence", "ridge", "xgboost"]})


@pytest.fixture(scope="module")
def engine(asked):
    return Engine(facts_of(small_panel(), asked), asked, keep=(1, 2))


def by_row(sample, rows):
    times = np.bincount(rows, minlength=len(sample.labels))
    return list(zip(sample.cities.tolist(), sample.ages.tolist(), times.tolist(), strict=True))


def test_a_row_comes_as_often_as_its_province_times_its_year(engine):
    clusters, sample = clusters_of(engine.dataset), engine.task(2011, 1).learnt
    assert clusters.name == "province"
    found = by_row(sample, draw(sample, clusters, 1, 3).rows)
    grid: dict[int, dict[float, set[int]]] = {}
    for city, age, times in found:
        grid.setdefault(int(clusters.of[city]), {}).setdefault(age, set()).add(times)
    assert all(len(seen) == 1 for years in grid.values() for seen in years.values())
    table = np.array([[next(iter(years[age])) for age in sorted(years)] for years in grid.values()])
    assert np.linalg.matrix_rank(table) == 1
    assert (table == 0).any()
    assert table.max() > 1


def test_years_are_drawn_in_blocks(engine):
    sample = engine.task(2012, 1).learnt
    one = Clusters("city", np.zeros(len(engine.dataset.cities), dtype=np.int64))
    lengths = Counter()
    for drawn in draws(sample, one, 1, 40):
        ages = sample.ages[drawn.rows]
        present = np.isin(np.unique(sample.ages), ages)
        lengths[int(np.abs(np.diff(present.astype(int))).sum())] += 1
    alone = Counter()
    for drawn in draws(sample, one, 1, 40):
        rng = np.random.default_rng(drawn.seed)
        count = len(np.unique(sample.ages))
        present = np.isin(np.arange(count), rng.integers(count, size=count))
        alone[int(np.abs(np.diff(present.astype(int))).sum())] += 1
    mean = {
        name: np.average(list(own), weights=list(own.values()))
        for name, own in (("blocks", lengths), ("alone", alone))
    }
    assert mean["blocks"] < mean["alone"]


def test_all_rows_are_drawn_equally_often_over_many_draws(engine):
    clusters, sample = clusters_of(engine.dataset), engine.task(2011, 1).learnt
    times = sum(
        np.bincount(own.rows, minlength=len(sample.labels))
        for own in draws(sample, clusters, 1, 400)
    )
    np.testing.assert_allclose(times / 400, 1.0, atol=0.35)


def test_a_draw_does_not_depend_on_how_many_there_are(engine):
    clusters, sample = clusters_of(engine.dataset), engine.task(2011, 1).learnt
    few, many = draws(sample, clusters, 1, 2), draws(sample, clusters, 1, 5)
    for one, same in zip(few, many, strict=False):
        np.testing.assert_array_equal(one.rows, same.rows)
        assert one.seed == same.seed
    assert len({own.seed for own in many}) == 5
    assert not np.array_equal(many[0].rows, draw(sample, clusters, 1, 0, seed=1).rows)


def test_provinces_are_the_same_at_two_horizons(engine):
    clusters = clusters_of(engine.dataset)
    drawn = [draw(engine.task(2011, h).learnt, clusters, h, 0).rows for h in (1, 2)]
    present = [
        set(clusters.of[engine.task(2011, h).learnt.cities[rows]])
        for h, rows in zip((1, 2), drawn, strict=True)
    ]
    assert present[0] == present[1]


def test_cities_are_drawn_where_there_is_no_province(engine):
    groups = {k: own for k, own in engine.dataset.groups.items() if k != "province"}
    assert clusters_of(replace(engine.dataset, groups=groups)).name == "city"
    some = engine.dataset.groups["province"].copy()
    some[:2] = ""
    mixed = clusters_of(replace(engine.dataset, groups={"province": some}))
    assert mixed.name == "province"
    assert mixed.of[0] != mixed.of[1]
    assert (np.bincount(mixed.of)[mixed.of[:2]] == 1).all()


@pytest.mark.parametrize("variant", [SERVED, HISTORY], ids=lambda own: own.id)
def test_every_row_once_gives_the_model_that_is_served(engine, asked, variant):
    task = engine.task(2011, 1)
    weights = {"persistence": 0.25, "ridge": 0.75, "xgboost": 0.0}
    fitted = refit(task, variant, whole(task.learnt, asked.model.seed), asked.model, weights, 0.5)
    assert set(fitted.members) == {"persistence", "ridge"}
    columns = slice(None) if variant.columns is None else variant.columns(task)
    expected = forecast_members(task, variant, asked.model)[:, :2] @ [0.125, 0.375]
    np.testing.assert_allclose(fitted.predict(task.asked[:, columns]), expected)
    assert len(fitted.spec.columns) == task.asked[:, columns].shape[1]


def test_later_years_change_no_refit(asked):
    found = []
    for panel in (small_panel(), poisoned(small_panel(), 2010)):
        task = Engine(facts_of(panel, asked), asked).task(2010, 1)
        drawn = draw(task.learnt, clusters_of(facts_of(panel, asked)), 1, 0)
        model = refit(task, SERVED, drawn, asked.model, {"ridge": 0.5, "xgboost": 0.5})
        found.append(model.predict(task.asked))
    np.testing.assert_array_equal(*found)
