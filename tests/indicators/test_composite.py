"""Composite indices: frozen parameters, weights by slow loops, missing components."""

import json
import math

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.indicators.formulas.composite import FittedComposite

NAN = np.nan


def fit_index(values, directions, method="entropy"):
    names = [f"c{at}" for at in range(len(values))]
    return FittedComposite.fit(values, components=names, directions=directions, method=method)


@pytest.fixture
def values():
    rng = np.random.default_rng(8)
    common = rng.normal(size=(20, 6))
    return np.stack([np.exp(common + rng.normal(0, s, common.shape)) for s in (0.3, 0.5, 1.0)])


def test_entropy_weights_equal_a_slow_loop(values):
    found = fit_index(values, (1, -1, 1))
    spread = []
    for component, sign in zip(values, (1, -1, 1), strict=True):
        flat = [float(v) for v in component.ravel()]
        low, high = min(flat), max(flat)
        scaled = [(v - low if sign > 0 else high - v) / (high - low) for v in flat]
        parts = [v / sum(scaled) for v in scaled]
        entropy = -sum(p * math.log(p) for p in parts if p > 0) / math.log(len(parts))
        spread.append(1 - entropy)
    np.testing.assert_allclose(found.weights, [s / sum(spread) for s in spread], rtol=1e-10)


def test_entropy_index_of_four_city_years_by_hand():
    values = np.array([[[0.0, 1.0, 1.0, 1.0]], [[5.0, 4.0, 4.0, 0.0]]])
    found = fit_index(values, (1, -1))
    # p = (0, 1/3, 1/3, 1/3) and (0, 1/7, 1/7, 5/7)
    first = 1 - math.log(3) / math.log(4)
    second = 1 + (2 / 7 * math.log(1 / 7) + 5 / 7 * math.log(5 / 7)) / math.log(4)
    weight = first / (first + second)
    np.testing.assert_allclose(found.weights, [weight, 1 - weight])
    expected = [0, weight + 0.2 * (1 - weight), weight + 0.2 * (1 - weight), 1]
    np.testing.assert_allclose(found.apply(values)[0], expected, atol=1e-15)


def test_first_principal_component_equals_that_of_the_correlations(values):
    found = fit_index(values, (1, 1, 1), "pca")
    correlation = np.corrcoef(values.reshape(3, -1))
    vector = np.linalg.svd(correlation)[0][:, 0]
    np.testing.assert_allclose(found.weights, np.abs(vector) / np.abs(vector).sum(), rtol=1e-9)
    assert min(found.weights) > 0


@pytest.mark.parametrize("method", ["entropy", "pca"])
def test_more_is_better_whatever_the_sign_of_a_component(values, method):
    straight = fit_index(values, (1, 1, 1), method)
    turned = values * np.array([1.0, -1.0, 1.0])[:, None, None]
    other = fit_index(turned, (1, -1, 1), method)
    score = straight.apply(values)
    np.testing.assert_allclose(other.apply(turned), score, atol=1e-12)
    assert np.corrcoef(score.ravel(), values[0].ravel())[0, 1] > 0


@pytest.mark.parametrize("method", ["entropy", "pca"])
def test_a_year_that_is_added_changes_no_score_of_the_past(values, method):
    frozen = fit_index(values[:, :, :4], (1, 1, 1), method)
    np.testing.assert_array_equal(frozen.apply(values)[:, :4], frozen.apply(values[:, :, :4]))
    assert frozen != fit_index(values, (1, 1, 1), method)


@pytest.mark.parametrize("method", ["entropy", "pca"])
def test_a_constant_component_has_no_weight(values, method):
    values[1] = 4.0
    found = fit_index(values, (1, 1, 1), method)
    assert found.weights[1] == 0.0
    values[1] = NAN
    assert np.isfinite(found.apply(values)).all()


def test_known_components_stand_in_for_a_missing_one(values):
    found = fit_index(values, (1, 1, 1))
    values[0, 3, 2] = NAN
    scores = [(values[k] - found.offset[k]) / found.scale[k] for k in range(3)]
    expected = (found.weights[1] * scores[1] + found.weights[2] * scores[2])[3, 2]
    expected /= found.weights[1] + found.weights[2]
    assert found.apply(values)[3, 2] == pytest.approx(expected)
    values[1, 3, 2] = NAN
    assert np.isnan(found.apply(values)[3, 2])
    assert np.isfinite(found.apply(values)[3, 3])


def test_parameters_survive_storage(values):
    found = fit_index(values, (1, 1, -1), "pca")
    assert FittedComposite.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_cities_in_another_order_give_the_same_index(values):
    order = np.random.default_rng(1).permutation(20)
    for method in ("entropy", "pca"):
        straight = fit_index(values, (1, 1, 1), method).apply(values)
        mixed = fit_index(values[:, order], (1, 1, 1), method).apply(values[:, order])
        np.testing.assert_allclose(mixed, straight[order], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("directions", "method", "message"),
    [
        ((1, 1), "entropy", r"directions \(1, 1\) of 3 components"),
        ((1, 0, 1), "entropy", r"directions \(1, 0, 1\) of 3 components"),
        ((1, 1, 1), "mean", "no method 'mean'; use one of entropy, pca, topsis"),
    ],
)
def test_bad_settings_are_refused(values, directions, method, message):
    with pytest.raises(InputError, match=message):
        fit_index(values, directions, method)


def test_nothing_that_varies_is_refused():
    with pytest.raises(InputError, match="no component varies"):
        fit_index(np.ones((2, 3, 4)), (1, 1))


def test_a_component_without_a_value_is_named():
    values = np.random.default_rng(0).random((2, 3, 4))
    values[1] = np.nan
    with pytest.raises(InputError, match=r"0 city-years .* needed \(b: no value in them\)"):
        FittedComposite.fit(values, components=("a", "b"), complete=True)


def test_other_components_than_the_fitted_ones_are_refused(values):
    found = fit_index(values, (1, 1, 1))
    with pytest.raises(InputError, match="2 components, fitted on 3"):
        found.apply(values[:2])
