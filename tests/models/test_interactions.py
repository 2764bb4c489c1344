"""Interactions: those of shap and xgboost, adding up to contributions, none where linear."""

from __future__ import annotations

import numpy as np
import pytest

from city_resilience.models.fitted import Linear
from city_resilience.models.interactions import interaction_values
from city_resilience.models.learners import LEARNERS
from city_resilience.models.trees import Trees
from city_resilience.tasks.task import Sample

COLUMNS = 7
OWNERS = np.array([0, 0, 1, 2, 2, 3, 1])


@pytest.fixture(scope="module")
def sample() -> Sample:
    rng = np.random.default_rng(2)
    features = rng.standard_normal((400, COLUMNS))
    features[rng.random(features.shape) < 0.1] = np.nan
    x = np.nan_to_num(features)
    labels = 3 * x[:, 0] * (x[:, 2] > 0) + x[:, 5] + rng.standard_t(3, 400)
    columns = tuple((f"column_{k}", "value") for k in range(COLUMNS))
    ages = rng.integers(0, 9, 400).astype(float)
    return Sample(features, labels, columns, np.array([0, 1]), ages, np.zeros(400, dtype=int))


@pytest.fixture(scope="module", params=["xgboost", "xgboost_all_years", "extra_trees"])
def model(request: pytest.FixtureRequest, sample: Sample) -> Trees:
    name = request.param
    small = {"trees": 15} if name.startswith("extra") else {"rounds": 25}
    fitted = LEARNERS[name].fit(sample, {**LEARNERS[name].defaults, **small}, 0)
    assert isinstance(fitted, Trees)
    return fitted


def test_they_are_those_of_shap_and_xgboost(model: Trees, sample: Sample):
    import shap
    import xgboost

    rows = sample.features[:60]
    ours = interaction_values(model, rows, np.arange(COLUMNS))
    explainer = shap.TreeExplainer(model.booster, feature_perturbation="tree_path_dependent")
    np.testing.assert_allclose(ours, explainer.shap_interaction_values(rows), atol=1e-5)
    theirs = model.booster.predict(xgboost.DMatrix(rows), pred_interactions=True)
    np.testing.assert_allclose(ours, theirs[:, :-1, :-1], atol=1e-5)


def test_those_of_owners_are_sums_over_their_columns(model: Trees, sample: Sample):
    rows = sample.features[:60]
    by_column = interaction_values(model, rows, np.arange(COLUMNS))
    owned = (OWNERS[:, None] == np.arange(4)).astype(float)
    sums = np.einsum("ic,nij,jd->ncd", owned, by_column, owned)
    np.testing.assert_allclose(interaction_values(model, rows, OWNERS), sums, atol=1e-9)


def test_a_row_of_the_matrix_adds_up_to_the_contribution(model: Trees, sample: Sample):
    found = interaction_values(model, sample.features, OWNERS)
    np.testing.assert_array_equal(found, found.transpose(0, 2, 1))
    contributions, _ = model.contributions(sample.features)
    sums = np.column_stack([contributions[:, own == OWNERS].sum(axis=1) for own in range(4)])
    np.testing.assert_allclose(found.sum(axis=2), sums, atol=1e-5)


def test_the_planted_pair_leads(sample: Sample):
    model = LEARNERS["xgboost_all_years"].fit(
        sample, {**LEARNERS["xgboost_all_years"].defaults, "colsample_bytree": 1.0}, 0
    )
    size = np.abs(interaction_values(model, sample.features, np.arange(COLUMNS))).mean(axis=0)
    np.fill_diagonal(size, 0.0)
    assert set(np.unravel_index(size.argmax(), size.shape)) == {0, 2}


def test_a_linear_member_has_no_interactions(sample: Sample):
    linear = Linear(np.arange(7.0), np.zeros(7), np.ones(7), 0.3)
    found = interaction_values(linear, sample.features[:5], OWNERS)
    for row in found:
        np.testing.assert_array_equal(row, np.diag(np.diag(row)))
