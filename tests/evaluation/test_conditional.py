"""Conditional importance: what a family alone knows goes, what it shares stays."""

from __future__ import annotations

import numpy as np
import pytest

from city_resilience.evaluation.conditional import Conditional, change_without, year_test
from city_resilience.models.fitted import Linear
from city_resilience.models.forecaster import HorizonModel
from city_resilience.tasks.features import FeatureSpec
from city_resilience.tasks.task import Sample


def sample(features: np.ndarray) -> Sample:
    columns = tuple((f"x{k}", "value") for k in range(features.shape[1]))
    rows = len(features)
    return Sample(
        *(features, np.zeros(rows), columns, np.empty(0, dtype=np.intp)),
        *(np.ones(rows), np.arange(rows)),
    )


def related(rows: int, seed: int = 0) -> np.ndarray:
    """Two columns that share a part, and one apart."""
    shared, first, second, apart = np.random.default_rng(seed).normal(size=(4, rows))
    return np.column_stack([shared + 0.5 * first, shared + 0.5 * second, apart])


def orders_of(rows: int, repeats: int = 10) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.array([rng.permutation(rows) for _ in range(repeats)])


def test_copies_are_those_of_a_regression_and_a_permuted_rest():
    learnt, asked = related(400), related(30, seed=1)
    orders = orders_of(30, 3)
    found = Conditional.of(sample(learnt)).copies(asked, np.array([0]), orders)
    mean, spread = learnt.mean(axis=0), learnt.std(axis=0)
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1.0, fit_intercept=False)
    model.fit(((learnt - mean) / spread)[:, 1:], ((learnt - mean) / spread)[:, 0])
    told = model.predict(((asked - mean) / spread)[:, 1:]) * spread[0] + mean[0]
    for order, own in zip(orders, found, strict=True):
        for row in range(30):
            expected = told[row] + asked[order[row], 0] - told[order[row]]
            assert own[row, 0] == pytest.approx(expected)
        np.testing.assert_array_equal(own[:, 1:], asked[:, 1:])


def test_copies_keep_what_columns_share_and_lose_the_rest():
    asked = related(2000, seed=2)
    copies = Conditional.of(sample(related(2000))).copies(asked, np.array([0]), orders_of(2000, 1))
    copy = copies[0]
    before = np.corrcoef(asked[:, 0], asked[:, 1])[0, 1]
    assert np.corrcoef(copy[:, 0], copy[:, 1])[0, 1] == pytest.approx(before, abs=0.03)
    alone = asked[:, 0] - asked[:, 1]
    assert np.corrcoef(copy[:, 0] - asked[:, 1], alone)[0, 1] < 0.5


def test_a_missing_value_goes_with_the_rest_of_its_city():
    asked = related(20)
    asked[:5, 0] = np.nan
    orders = orders_of(20, 2)
    found = Conditional.of(sample(related(100))).copies(asked, np.array([0]), orders)
    np.testing.assert_array_equal(np.isnan(found[:, :, 0]), np.isnan(asked[:, 0])[orders])


def losses(label_of, coefficients: list[float], years: int = 200) -> np.ndarray:
    """What is lost without the first column in years of 60 cities, with a linear model."""
    weights = np.array(coefficients)
    columns = tuple((f"x{k}", "value") for k in range(3))
    spec = FeatureSpec(columns, {}, {})
    model = HorizonModel(
        1, spec, {"ridge": Linear(weights, np.zeros(3), np.zeros(3), 0.0)}, {"ridge": 1.0}
    )
    conditional = Conditional.of(sample(related(2000)))
    rng, found = np.random.default_rng(5), []
    for year in range(years):
        asked = related(60, seed=10 + year)
        labels = label_of(asked) + rng.normal(size=60)
        orders = np.array([rng.permutation(60) for _ in range(5)])
        changed = change_without(model, conditional, asked, np.array([0]), orders)
        error = labels - asked @ weights
        found.append((np.abs(error - changed) - np.abs(error)).mean())
    return np.array(found)


def test_a_family_that_knows_nothing_loses_nothing_however_much_the_model_leans_on_it():
    found = losses(lambda x: x[:, 1], [0.5, 0.5, 0.0])
    by_test = np.array([year_test(part, 1).p for part in np.split(found, 20)])
    assert (by_test < 0.05).mean() <= 0.15
    assert abs(found.mean()) < 3 * found.std() / np.sqrt(len(found))


def test_a_family_that_knows_something_loses():
    found = losses(lambda x: x[:, 0], [0.8, 0.1, 0.0], 10)
    test = year_test(found, 1)
    assert test.p < 0.001
    assert 0 < test.low < test.loss < test.high


def test_years_that_overlap_are_averaged_before_the_test():
    rng = np.random.default_rng(0)
    rejected = {1: 0, 3: 0}
    for _ in range(400):
        noise = rng.normal(size=17)
        overlapping = np.convolve(noise, np.ones(3) / 3, mode="valid")
        for horizon in rejected:
            rejected[horizon] += year_test(overlapping, horizon).p < 0.05
    assert rejected[3] < 0.075 * 400 < 0.12 * 400 < rejected[1]


def test_too_few_blocks_are_not_tested():
    test = year_test(np.array([1.0, 2.0, 1.5]), 1)
    assert test.loss == 1.5
    assert np.isnan([test.low, test.high, test.p]).all()
    assert np.isnan(year_test(np.ones(11), 3).p)
    assert year_test(np.zeros(5), 1).p == 1.0
    assert np.isnan(year_test(np.empty(0), 1).loss)
