"""Tall panels: columns kept for all origins are those of each view, and rows are read as arrays."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from city_resilience.tasks.features import feature_matrix
from city_resilience.tasks.tall import KeptColumns, TallRows, drawn_cities
from city_resilience.tasks.task import prepare_task
from forecasting_inputs import experiment, facts_of, poisoned, small_panel

CHOSEN = experiment(features={"carry_forward": 3, "composite_indices": "entropy"})
ORIGINS = (2013, 2011, 2009)


def tall(panel=None):
    return replace(facts_of(panel or small_panel(), CHOSEN), kept=KeptColumns())


def same(one, other):
    assert one.spec.columns == other.spec.columns
    assert one.spec.dropped == other.spec.dropped
    np.testing.assert_array_equal(
        np.asarray(one.learnt.features), np.asarray(other.learnt.features)
    )
    np.testing.assert_array_equal(one.learnt.labels, other.learnt.labels)
    np.testing.assert_array_equal(one.asked, other.asked)


def test_a_tall_panel_has_the_tasks_of_any_other_whichever_origin_comes_first():
    whole = facts_of(small_panel(), CHOSEN)
    for order in (ORIGINS, ORIGINS[::-1]):
        kept = tall()
        for origin in order:
            own = prepare_task(kept.at(origin), 1, CHOSEN)
            assert isinstance(own.learnt.features, TallRows)
            same(own, prepare_task(whole.at(origin), 1, CHOSEN))


def test_nothing_after_an_origin_reaches_its_columns_through_those_of_a_later_one():
    clean, dirty = tall(), tall(poisoned(small_panel(), 2009))
    prepare_task(dirty.at(2013), 1, CHOSEN)
    same(*(prepare_task(own.at(2009), 1, CHOSEN) for own in (clean, dirty)))


def test_rows_of_a_tall_panel_are_chosen_as_those_of_an_array():
    view = tall().at(2012)
    task = prepare_task(view, 1, CHOSEN)
    matrix = np.asarray(task.learnt.features)
    columns, rows = np.array([4, 1]), matrix[:, 0] > 0
    some = task.learnt.only(columns).rows(rows)
    np.testing.assert_array_equal(np.asarray(some.features), matrix[rows][:, columns])
    parts = [part for _, part in task.learnt.features.parts()]
    np.testing.assert_array_equal(np.concatenate(parts), matrix.astype(np.float32))
    whole = feature_matrix(view, task.spec)
    assert matrix.shape[1] == whole.shape[-1]


def test_a_learner_gets_the_rows_of_whole_cities_drawn_with_the_seed(monkeypatch):
    monkeypatch.setattr("city_resilience.tasks.tall.SAMPLED_ROWS", 60)
    learnt = prepare_task(tall().at(2012), 1, CHOSEN).learnt
    drawn, again, other = (learnt.drawn(seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(drawn.features, again.features)
    assert set(drawn.cities) != set(other.cities)
    assert 40 <= len(drawn.labels) <= 60
    whole = np.isin(learnt.cities, drawn.cities)
    np.testing.assert_array_equal(drawn.labels, learnt.labels[whole])
    assert isinstance(drawn.features, np.ndarray)
    assert drawn.drawn(0) is drawn


@pytest.mark.parametrize("most", [3, 10, 12])
def test_drawn_cities_are_in_order_and_each_once(most):
    drawn = drawn_cities(10, most)
    assert len(drawn) == min(most, 10)
    assert (np.diff(drawn) > 0).all()
    assert set(drawn_cities(10, 2)) <= set(drawn)


def test_columns_travel_to_another_process_empty():
    kept = KeptColumns()
    kept.column("a", 2, lambda: np.ones((3, 2)))
    there = pickle.loads(pickle.dumps(kept))
    np.testing.assert_array_equal(there.column("a", 2, lambda: np.zeros((3, 2))), np.zeros((3, 2)))
