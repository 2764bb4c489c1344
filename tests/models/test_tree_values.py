"""Explained trees: those of xgboost for random trees of any shape, and forecast to its last bit."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from city_resilience.indicators.table import load_table
from city_resilience.models import tree_values as room
from city_resilience.models import trees as trees_room
from city_resilience.models.tree import Tree
from city_resilience.models.tree_values import tree_values
from city_resilience.models.trees import Trees

VALUES = np.array([-1.5, -0.25, 0.0, 0.1, 0.5, 2.0], dtype=np.float32)
"""Conditions and features are among these, so that rows lie on conditions."""


def random_tree(rng: np.random.Generator, columns: int, splits: int) -> Tree:
    """Split a random leaf again and again, by any column, so that columns repeat on a way."""
    left, cover = [-1], [float(rng.integers(1, 1000))]
    for _ in range(splits):
        # Children stand behind their parent, and the newest leaves make long ways likely.
        leaf = int(rng.choice([k for k, child in enumerate(left) if child < 0][-4:]))
        left[leaf] = len(left)
        share = rng.choice([0.0, 0.01, rng.random(), 1.0])
        left += [-1, -1]
        cover += [cover[leaf] * share, cover[leaf] * (1 - share)]
    inner = np.array(left) >= 0
    leaves = rng.normal(size=len(left)).astype(np.float32)
    return Tree(
        np.array(left, dtype=np.int32),
        np.where(inner, rng.integers(0, columns, len(left)), 0).astype(np.int32),
        np.where(inner, rng.choice(VALUES, len(left)), leaves).astype(np.float32),
        inner & (rng.random(len(left)) < 0.5),
        np.array(cover, dtype=np.float32),
    )


def random_rows(rng: np.random.Generator, count: int, columns: int) -> np.ndarray:
    rows = rng.choice(VALUES, (count, columns)).astype(np.float64)
    rows += np.where(rng.random(rows.shape) < 0.3, rng.normal(size=rows.shape), 0.0)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    return rows


def by_xgboost(model: Trees, rows: np.ndarray) -> np.ndarray:
    return model.booster.predict(xgboost.DMatrix(rows), pred_contribs=True)


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(0, 40), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_random_trees_are_explained_as_xgboost_does(
    seed: int, columns: int, splits: int, count: int
):
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, columns, int(rng.integers(0, splits + 1))) for _ in range(count)]
    if any((tree.cover[tree.left >= 0] == 0).any() for tree in trees):
        trees = [tree_with_cover(tree) for tree in trees]  # xgboost divides by it
    model, rows = Trees.of(trees, 0.3, columns), random_rows(rng, 20, columns)
    walked = model.predict(rows)
    values, base = model.contributions(rows)
    np.testing.assert_allclose(values.sum(axis=1) + base, walked, atol=1e-12, rtol=0)
    found = by_xgboost(model, rows)
    np.testing.assert_allclose(values, found[:, :-1], atol=2e-5, rtol=0)
    assert base == pytest.approx(float(found[0, -1]), abs=2e-5)
    np.testing.assert_array_equal(model.booster.inplace_predict(rows), walked)


def tree_with_cover(tree: Tree) -> Tree:
    return Tree(tree.left, tree.feature, tree.condition, tree.missing_left, 1 + tree.cover)


def test_rows_and_trees_in_parts_are_worth_the_same(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    trees = [random_tree(rng, 9, 30) for _ in range(12)]
    rows, players = random_rows(rng, 50, 9), np.arange(9) // 2
    whole, base = tree_values(trees, 1.0, rows, players)
    monkeypatch.setattr(room, "ROWS", 7)
    monkeypatch.setattr(room, "NODES", 100)
    parts, again = tree_values(trees, 1.0, rows, players)
    np.testing.assert_allclose(parts, whole, atol=1e-12)
    assert again == pytest.approx(base, abs=1e-12)


def chain(columns: int) -> Tree:
    """One column after another on the way to the last leaf."""
    nodes = 2 * columns + 1
    left = np.full(nodes, -1, dtype=np.int32)
    left[0:-1:2] = np.arange(1, nodes, 2)
    left[1::2], left[2::2] = -1, np.where(np.arange(2, nodes, 2) < nodes - 1, left[2::2], -1)
    cover = np.repeat(0.9 ** np.arange(columns + 1), 2)[1:] * 1e6
    cover[1::2] *= 0.1 / 0.9
    feature = np.zeros(nodes, dtype=np.int32)
    feature[0:-1:2] = np.arange(columns)
    condition = np.where(left >= 0, 0.0, np.linspace(1.0, 2.0, nodes)).astype(np.float32)
    return Tree(left, feature, condition, np.zeros(nodes, bool), cover.astype(np.float32))


def by_coefficients(tree: Tree, row: np.ndarray) -> np.ndarray:
    """Shapley values of a chain by the coefficients of each leaf's polynomial; none is negative."""
    inner = np.flatnonzero(tree.left >= 0)
    below = row[: len(inner)] < 0.0
    shares = tree.cover[tree.left[inner]].astype(float) / tree.cover[inner]
    values = np.zeros(len(inner))
    for end in range(1, len(inner) + 1):
        for last_left in (True, False) if end == len(inner) else (True,):
            way = np.append(np.zeros(end - 1, bool), last_left)  # right all along but in the end
            passes = (below[:end] == way).astype(float)
            sent = np.where(way, shares[:end], 1 - shares[:end])
            leaf = tree.left[inner[end - 1]] + (not last_left)
            for own in range(end):
                polynomial = np.ones(1)
                for other in set(range(end)) - {own}:
                    polynomial = np.convolve(polynomial, [sent[other], passes[other]])
                sizes = [1 / (end * math.comb(end - 1, size)) for size in range(end)]
                worth = float(tree.condition[leaf]) * (polynomial @ sizes)
                values[own] += (passes[own] - sent[own]) * worth
    return values


@pytest.mark.parametrize("columns", [9, 31, 66])
def test_long_ways_are_explained_exactly(columns: int):
    """Where the float32 of xgboost is off by 0.01."""
    tree = chain(columns)
    model = Trees.of([tree], 0.0, columns)
    rows = random_rows(np.random.default_rng(columns), 3, columns)
    rows[np.isnan(rows)] = 1.0  # goes right, as the missing value does
    rows[0] = 1.0
    values, base = model.contributions(rows)
    np.testing.assert_allclose(values.sum(axis=1) + base, model.predict(rows), atol=1e-9)
    slow = [by_coefficients(tree, row) for row in rows]
    np.testing.assert_allclose(values, slow, atol=1e-7)


def test_trees_and_the_table_travel_to_another_process():
    rng = np.random.default_rng(3)
    trees, rows = [random_tree(rng, 5, 20) for _ in range(7)], random_rows(rng, 64, 5)
    model = Trees.of(trees, 0.1, 5)
    sent, table = pickle.loads(pickle.dumps((model, load_table())))
    np.testing.assert_array_equal(sent.predict(rows), model.predict(rows))
    assert [spec.id for spec in table] == [spec.id for spec in load_table()]


def test_many_rows_are_forecast_by_xgboost_and_the_same(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(3)
    trees, rows = [random_tree(rng, 5, 20) for _ in range(7)], random_rows(rng, 64, 5)
    walked = Trees.of(trees, 0.1, 5)
    few = walked.predict(rows)
    assert "booster" not in vars(walked)
    monkeypatch.setattr(trees_room, "MOST_WALKED", 10)
    served = Trees.of(trees, 0.1, 5)
    np.testing.assert_array_equal(served.predict(rows), few)
    assert "booster" in vars(served)
    monkeypatch.setattr(trees_room, "MOST_WALKED", 2**20)
    monkeypatch.setattr(trees_room, "WALKED_TOGETHER", 20)
    np.testing.assert_array_equal(Trees.of(trees, 0.1, 5).predict(rows), few)
