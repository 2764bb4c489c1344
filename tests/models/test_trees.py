"""Trees: exact against scikit-learn and shap, and nothing but trees reaches xgboost."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.models.learners import LEARNERS
from city_resilience.models.trees import MOST_BYTES, Trees
from city_resilience.progress import silent
from city_resilience.tasks.task import Sample
from city_resilience.workers import at_most, in_threads

COLUMNS = 6


@pytest.fixture(scope="module")
def sample() -> Sample:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((400, COLUMNS))
    features[rng.random(features.shape) < 0.1] = np.nan
    labels = 2 * np.nan_to_num(features[:, 0]) + rng.standard_t(3, 400)
    columns = tuple((f"column_{k}", "value") for k in range(COLUMNS))
    ages = rng.integers(0, 9, 400).astype(float)
    return Sample(features, labels, columns, np.array([0, 1, 3]), ages, np.zeros(400, dtype=int))


def fitted(name: str, sample: Sample) -> Trees:
    small = {"trees": 20} if name.startswith("extra") else {"rounds": 15}
    model = LEARNERS[name].fit(sample, {**LEARNERS[name].defaults, **small}, 0)
    assert isinstance(model, Trees)
    return model


@pytest.fixture(scope="module")
def document(sample: Sample) -> dict[str, Any]:
    return json.loads(gzip.decompress(fitted("xgboost", sample).to_bytes()))


def packed(document: Any) -> bytes:
    return gzip.compress(json.dumps(document).encode())


@pytest.mark.parametrize("name", ["xgboost", "extra_trees", "extra_trees_history"])
def test_a_file_gives_the_same_forecasts_contributions_and_bytes(name: str, sample: Sample):
    model = fitted(name, sample)
    again = Trees.from_bytes(model.to_bytes(), COLUMNS)
    np.testing.assert_array_equal(again.predict(sample.features), model.predict(sample.features))
    ours, base = again.contributions(sample.features)
    theirs, other = model.contributions(sample.features)
    np.testing.assert_array_equal(ours, theirs)
    assert base == other
    assert again.to_bytes() == model.to_bytes()
    whole = base + ours.sum(axis=1)
    np.testing.assert_allclose(whole, model.predict(sample.features), atol=1e-9)


def reference(sample: Sample, columns: np.ndarray) -> tuple[Any, np.ndarray, float]:
    """Grow the same forest with scikit-learn alone; returns it, its rows and the label's scale."""
    from sklearn.ensemble import ExtraTreesRegressor

    own = sample.features[:, columns]
    rows = np.where(np.isnan(own), np.nanmedian(own, axis=0), own).astype(np.float32)
    scale = float(np.median(np.abs(sample.labels)))
    values = LEARNERS["extra_trees"].defaults
    forest = ExtraTreesRegressor(
        20, min_samples_leaf=values["min_leaf"], max_features=values["max_features"], random_state=0
    )
    recency = LEARNERS["extra_trees"].defaults["recency"]
    forest.fit(rows, np.arcsinh(sample.labels / scale), np.exp(-sample.ages / recency))
    return forest, rows, scale


def test_a_forest_forecasts_as_scikit_learn_does(sample: Sample):
    forest, rows, scale = reference(sample, np.arange(COLUMNS))
    per_tree = [scale * np.sinh(tree.predict(rows)) for tree in forest.estimators_]
    found = fitted("extra_trees", sample).predict(sample.features)
    # xgboost keeps leaves and their sum as float32
    np.testing.assert_allclose(found, np.mean(per_tree, axis=0), atol=1e-5)


def test_a_forest_forecasts_the_same_bits_once_xgboost_has_it(sample: Sample):
    model = fitted("extra_trees", sample)
    walked = model.predict(sample.features)
    assert model.booster.num_boosted_rounds() == len(model.parts[0])
    np.testing.assert_array_equal(model.predict(sample.features), walked)


def test_forecasts_take_as_many_threads_as_there_are_workers_and_one_within_threads(
    document: dict[str, Any], sample: Sample
):
    def threads() -> str:
        loaded = Trees.from_bytes(packed(document), sample.features.shape[1])
        config = json.loads(loaded.booster.save_config())
        return config["learner"]["generic_param"]["nthread"]

    with at_most(2):
        assert [threads(), *in_threads([threads, threads], "", silent)] == ["2", "1", "1"]


def test_a_row_on_a_threshold_goes_the_way_scikit_learn_sends_it(sample: Sample):
    forest, rows, scale = reference(sample, np.arange(COLUMNS))
    model = fitted("extra_trees", sample)
    limits = np.array([tree.tree_.threshold[0] for tree in forest.estimators_])
    columns = [tree.tree_.feature[0] for tree in forest.estimators_]
    for limit, column in zip(limits, columns, strict=True):
        near = np.float32(limit)
        for value in (np.nextafter(near, np.float32(-9)), near, np.nextafter(near, np.float32(9))):
            row = rows[:1].copy()
            row[0, column] = value
            per_tree = [scale * np.sinh(tree.predict(row)) for tree in forest.estimators_]
            found = model.predict(row.astype(np.float64))
            np.testing.assert_allclose(found, np.mean(per_tree, axis=0), atol=1e-5)


@pytest.mark.parametrize("name", ["xgboost", "extra_trees"])
def test_contributions_are_those_of_shap(name: str, sample: Sample):
    import shap

    model = fitted(name, sample)
    explainer = shap.TreeExplainer(model.booster)
    ours, base = model.contributions(sample.features)
    np.testing.assert_allclose(ours, explainer.shap_values(sample.features), atol=1e-5)
    assert base == pytest.approx(float(np.ravel(explainer.expected_value)[0]), abs=1e-5)


def test_contributions_of_a_forest_are_those_of_shap_on_scikit_learns(sample: Sample):
    import shap

    forest, rows, scale = reference(sample, np.arange(COLUMNS))
    for tree in forest.estimators_:  # its leaves, turned back as those of the stored model
        tree.tree_.value[:] = scale * np.sinh(tree.tree_.value)
    explainer = shap.TreeExplainer(forest)
    ours, base = fitted("extra_trees", sample).contributions(sample.features)
    np.testing.assert_allclose(ours, explainer.shap_values(rows), atol=1e-5)
    assert base == pytest.approx(float(np.ravel(explainer.expected_value)[0]), abs=1e-5)


def test_another_number_of_columns_is_refused(sample: Sample):
    with pytest.raises(InputError, match="no trees over 3 columns"):
        Trees.from_bytes(fitted("xgboost", sample).to_bytes(), 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"[" * 100_000, mtime=0),
        gzip.compress(b'{"learner": 7}', mtime=0),
        gzip.compress(b"\xff\xfe", mtime=0),
        gzip.compress(b"{}", mtime=0)[:-9],
    ],
)
def test_what_is_no_document_is_refused(data: bytes):
    with pytest.raises(InputError, match=r"trees\.json\.gz"):
        Trees.from_bytes(data, COLUMNS)


def test_a_file_that_unpacks_to_too_much_is_refused():
    with pytest.raises(InputError, match="unpacks to more than"):
        Trees.from_bytes(gzip.compress(b" " * (MOST_BYTES + 1), 1), COLUMNS)


@pytest.mark.parametrize(
    ("name", "node", "value"),
    [
        ("left_children", 0, 0),
        ("left_children", 0, 10_000),
        ("left_children", 0, -2),
        ("left_children", 0, 2**40),
        ("right_children", 1, 1),
        ("right_children", 0, 1),
        ("split_indices", 0, COLUMNS),
        ("split_indices", 0, -1),
        ("split_conditions", 0, None),
        ("split_conditions", 0, 1e300),
        ("sum_hessian", 0, float("nan")),
        ("split_type", 0, 1),
        ("default_left", 0, [1, 2]),
    ],
)
def test_nodes_that_leave_the_tree_are_refused(
    document: dict[str, Any], name: str, node: int, value: Any
):
    changed = json.loads(json.dumps(document))
    changed["learner"]["gradient_booster"]["model"]["trees"][0][name][node] = value
    with pytest.raises(InputError, match="no trees over 6 columns"):
        Trees.from_bytes(packed(changed), COLUMNS)


def test_arrays_of_different_lengths_and_no_trees_are_refused(document: dict[str, Any]):
    changed = json.loads(json.dumps(document))
    model = changed["learner"]["gradient_booster"]["model"]
    model["trees"][0]["split_indices"].pop()
    with pytest.raises(InputError, match="different lengths"):
        Trees.from_bytes(packed(changed), COLUMNS)
    model["trees"] = []
    with pytest.raises(InputError, match="no tree"):
        Trees.from_bytes(packed(changed), COLUMNS)


def test_random_damage_is_refused_or_harmless(sample: Sample):
    """Whatever still passes after one byte has changed can be loaded and forecasts numbers."""
    text = gzip.decompress(fitted("xgboost", sample).to_bytes())
    rng = np.random.default_rng(1)
    passed = 0
    for at, value in zip(rng.integers(0, len(text), 300), rng.integers(0, 256, 300), strict=True):
        damaged = bytearray(text)
        damaged[at] = value
        try:
            model = Trees.from_bytes(gzip.compress(bytes(damaged), 1), COLUMNS)
        except InputError:
            continue
        walked = model.predict(np.zeros((2, COLUMNS)))
        np.testing.assert_array_equal(model.booster.inplace_predict(np.zeros((2, COLUMNS))), walked)
        passed += 1
    assert passed > 0
