"""Families as players: equal to every coalition counted, to shap for single columns, and fair."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations
from math import factorial

import numpy as np
import pytest

from city_resilience.models.family_values import player_values
from city_resilience.models.fitted import Linear
from city_resilience.models.forecaster import HorizonModel
from city_resilience.models.leaf_games import Leaves, leaf_values
from city_resilience.models.learners import LEARNERS
from city_resilience.models.tree import Tree
from city_resilience.models.tree_values import tree_values
from city_resilience.models.trees import Trees
from city_resilience.tasks.features import FeatureSpec
from city_resilience.tasks.task import Sample

COLUMNS = 8
FAMILIES = np.array([0, 1, 0, 2, 3, 1, 2, 3])
NAMES = ("digital", "innovation", "structure", "place")


@pytest.fixture(scope="module")
def sample() -> Sample:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((500, COLUMNS))
    features[rng.random(features.shape) < 0.1] = np.nan
    x = np.nan_to_num(features)
    labels = 2 * x[:, 0] * (x[:, 1] > 0) + x[:, 3] * x[:, 4] + rng.standard_t(3, 500)
    columns = tuple((f"column_{k}", "value") for k in range(COLUMNS))
    ages = rng.integers(0, 9, 500).astype(float)
    return Sample(features, labels, columns, np.array([0, 1, 3]), ages, np.zeros(500, dtype=int))


def fitted(name: str, sample: Sample) -> Trees:
    small = {"trees": 15} if name.startswith("extra") else {"rounds": 20, "max_depth": 5}
    model = LEARNERS[name].fit(sample, {**LEARNERS[name].defaults, **small}, 0)
    assert isinstance(model, Trees)
    return model


@pytest.fixture(scope="module", params=["xgboost", "xgboost_all_years", "extra_trees"])
def model(request: pytest.FixtureRequest, sample: Sample) -> Trees:
    return fitted(request.param, sample)


def expected(tree: Tree, row: np.ndarray, known: Collection[int], node: int = 0) -> float:
    """The path-dependent expectation of a tree when only some columns are known."""
    left = int(tree.left[node])
    if left < 0:
        return float(tree.condition[node])
    column, value = int(tree.feature[node]), np.float32(row[tree.feature[node]])
    if column in known:
        below = tree.missing_left[node] if np.isnan(value) else value < tree.condition[node]
        return expected(tree, row, known, left if below else left + 1)
    children = [(left, float(tree.cover[left])), (left + 1, float(tree.cover[left + 1]))]
    whole = float(tree.cover[node])
    return sum(cover / whole * expected(tree, row, known, child) for child, cover in children)


def over_all_coalitions(trees: Trees, row: np.ndarray, players: np.ndarray) -> np.ndarray:
    """Shapley values by their definition, every coalition of the players counted."""
    count = int(players.max()) + 1
    worth = {}
    for size in range(count + 1):
        for joined in combinations(range(count), size):
            known = set(np.flatnonzero(np.isin(players, joined)).tolist())
            worth[joined] = sum(expected(tree, row, known) for tree in trees.parts[0])
    values = np.zeros(count)
    for joined, before in worth.items():
        weight = factorial(len(joined)) * factorial(max(count - len(joined) - 1, 0))
        for player in set(range(count)) - set(joined):
            after = worth[tuple(sorted((*joined, player)))]
            values[player] += weight / factorial(count) * (after - before)
    return values


def test_families_are_worth_what_all_their_coalitions_say(model: Trees, sample: Sample):
    rows = sample.features[:8]
    values, base = player_values(model, rows, FAMILIES)
    for row, own in zip(rows, values, strict=True):
        np.testing.assert_allclose(own, over_all_coalitions(model, row, FAMILIES), atol=1e-5)
    nobody = sum(expected(tree, rows[0], ()) for tree in model.parts[0])
    assert base == pytest.approx(nobody + model.parts[1], abs=1e-9)


def test_single_columns_are_worth_what_the_coalitions_shap_and_xgboost_say(
    model: Trees, sample: Sample
):
    import shap

    alone, rows = np.arange(COLUMNS), sample.features
    values, base = player_values(model, rows, alone)
    explainer = shap.TreeExplainer(model.booster, feature_perturbation="tree_path_dependent")
    np.testing.assert_allclose(values, explainer.shap_values(rows), atol=1e-5)
    theirs, their_base = model.contributions(rows)
    np.testing.assert_allclose(values, theirs, atol=1e-5)
    assert base == pytest.approx(their_base, abs=1e-5)
    by_definition = over_all_coalitions(model, rows[0], alone)
    np.testing.assert_allclose(by_definition, values[0], atol=1e-5)
    np.testing.assert_allclose(by_definition, explainer.shap_values(rows[:1])[0], atol=1e-5)


def test_values_and_base_add_up_to_the_forecast(model: Trees, sample: Sample):
    values, base = player_values(model, sample.features, FAMILIES)
    forecast = model.predict(sample.features)
    np.testing.assert_allclose(values.sum(axis=1) + base, forecast, atol=1e-5, rtol=0)
    parts, added = tree_values(*model.parts, sample.features, FAMILIES)
    np.testing.assert_allclose(parts.sum(axis=1) + added, forecast, atol=1e-5, rtol=0)


def test_a_sum_over_columns_is_another_number_where_three_or_more_interact(sample: Sample):
    model = fitted("xgboost_all_years", sample)
    values, _ = player_values(model, sample.features, FAMILIES)
    columns, _ = model.contributions(sample.features)
    sums = np.column_stack([columns[:, own == FAMILIES].sum(axis=1) for own in range(4)])
    assert np.abs(sums - values).max() > 0.01
    np.testing.assert_allclose(sums.sum(axis=1), values.sum(axis=1), atol=1e-5)


def test_few_rows_are_worth_the_same_as_among_many(model: Trees, sample: Sample):
    """A table of patterns serves many rows, each pattern of its own few."""
    many, _ = player_values(model, sample.features, np.arange(COLUMNS))
    few, _ = player_values(model, sample.features[:3], np.arange(COLUMNS))
    np.testing.assert_allclose(few, many[:3], atol=1e-9)
    none, _ = player_values(model, sample.features[:0], FAMILIES)
    assert none.shape == (0, 4)


def tree(feature: list[int], left: list[int], condition: list[float], cover: list[float]) -> Tree:
    return Tree(
        np.array(left, dtype=np.int32),
        np.array(feature, dtype=np.int32),
        np.array(condition, dtype=np.float32),
        np.ones(len(left), dtype=bool),
        np.array(cover, dtype=np.float32),
    )


BOTH = tree([0, 1, 0, 0, 0], [1, 3, -1, -1, -1], [0.5, 0.5, 0.0, 8.0, 0.0], [8, 4, 4, 2, 2])
"""8 where both columns are below 1/2, else 0."""


def test_a_player_who_changes_nothing_gets_nothing_and_equals_get_equal():
    same = tree([1, 0, 0, 0, 0], [1, 3, -1, -1, -1], [0.5, 0.5, 0.0, 8.0, 0.0], [8, 4, 4, 2, 2])
    rows = np.array([[0.0, 0.0, 7.0], [1.0, 1.0, 0.0]])
    values, base = tree_values([BOTH, same], 1.0, rows, np.array([0, 1, 2]))
    np.testing.assert_array_equal(values[:, 2], 0.0)
    np.testing.assert_allclose(values[:, 0], values[:, 1], rtol=1e-12)
    assert base == pytest.approx(1.0 + 2 * 8 * 0.25)
    np.testing.assert_allclose(values[0, :2], (17.0 - base) / 2)


def test_columns_of_one_family_share_one_value():
    values, base = tree_values([BOTH], 0.0, np.array([[0.0, 0.0]]), np.array([0, 0]))
    assert base == 2.0
    np.testing.assert_allclose(values, [[6.0]])


def test_a_missing_value_goes_where_the_tree_sends_it():
    missing, below = np.array([[np.nan, 0.0]]), np.array([[0.0, 0.0]])
    players = np.array([0, 1])
    ours, _ = tree_values([BOTH], 0.0, missing, players)
    np.testing.assert_array_equal(ours, tree_values([BOTH], 0.0, below, players)[0])


def test_a_value_on_a_condition_is_compared_as_float32():
    on = np.nextafter(np.float64(0.5), 0.0)  # 0.5 once it is a float32, and so not below
    ours, _ = tree_values([BOTH], 0.0, np.array([[on, 0.0]]), np.array([0, 1]))
    beyond, _ = tree_values([BOTH], 0.0, np.array([[1.0, 0.0]]), np.array([0, 1]))
    np.testing.assert_array_equal(ours, beyond)


@pytest.mark.parametrize("count", range(1, 11))
def test_the_quadrature_is_exact_for_every_number_of_players(count: int):
    rng = np.random.default_rng(count)
    passes, shares = rng.random((4, count)) < 0.5, rng.random(count)
    padded = np.pad(~passes, ((0, 0), (0, -count % 5)))
    stopped = (padded.reshape(4, -1, 5) @ (1 << np.arange(5))).T[None].astype(np.uint8)
    leaf = Leaves(np.arange(count)[None], shares[None], stopped, np.ones(1))
    found = leaf_values(leaf)[0].T
    assert found.shape == (4, count)
    np.testing.assert_allclose(found.sum(axis=1), passes.all(axis=1) - shares.prod(), atol=1e-12)
    pattern = passes[0]
    slow = np.zeros(count)
    for player in range(count):
        others = [own for own in range(count) if own != player]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for joined in combinations(others, size):
                out = [own for own in others if own not in joined]
                worth = pattern[list(joined)].all() * shares[out].prod()
                slow[player] += weight * worth * (pattern[player] - shares[player])
    np.testing.assert_allclose(found[0], slow, atol=1e-12)


def test_a_linear_member_has_the_sums_of_its_columns_and_weights_carry_over(sample: Sample):
    rng = np.random.default_rng(0)
    linear = Linear(rng.standard_normal(COLUMNS), np.zeros(COLUMNS), np.ones(COLUMNS), 0.3)
    trees = fitted("xgboost", sample)
    spec = FeatureSpec(sample.columns, {}, {})
    members, weights = {"ridge": linear, "xgboost": trees}, {"ridge": 0.25, "xgboost": 0.75}
    horizon = HorizonModel(1, spec, members, weights, slope=0.8)
    names, values, base = horizon.by_family(sample.features, [NAMES[k] for k in FAMILIES])
    assert names == NAMES
    columns, linear_base = linear.contributions(sample.features)
    sums = np.column_stack([columns[:, own == FAMILIES].sum(axis=1) for own in range(4)])
    own, own_base = player_values(trees, sample.features, FAMILIES)
    np.testing.assert_allclose(values, 0.8 * (0.25 * sums + 0.75 * own), atol=1e-9)
    assert base == pytest.approx(0.8 * (0.25 * linear_base + 0.75 * own_base))
    forecast = horizon.predict(sample.features)
    np.testing.assert_allclose(values.sum(axis=1) + base, forecast, atol=1e-5)
