"""The spatial Durbin model: against spreg, against dense matrices, and its bias."""

import numpy as np
import pytest

from city_resilience.mechanisms.durbin import fit_durbin, impacts, lagrange_tests
from city_resilience.mechanisms.nearest import nearest_weights
from city_resilience.mechanisms.planted import planted_design

PLACES, YEARS = 40, 5


def made_up() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an outcome, two variables with their lags, and weights, without a random number."""
    i, t = np.arange(PLACES)[:, None], np.arange(YEARS)[None, :]
    at = np.column_stack([100 + 20 * (i[:, 0] * 0.618034 % 1), 25 + 15 * i[:, 0] / PLACES])
    weights = nearest_weights(at, 4)
    x = np.sin(1.7 * i + 0.9 * t) + 0.3 * np.cos(0.5 * i * t + 1)
    k = np.cos(2.3 * i - 1.1 * t * t)
    error = np.sin(3.1 * i * i + 5.3 * t + 0.7 * i * t)
    right = 0.8 * x + 0.5 * weights @ x - 0.3 * k + error
    y = np.linalg.solve(np.eye(PLACES) - 0.4 * weights, right)
    own = np.stack([x, k], axis=2)
    return y, np.concatenate([own, np.einsum("ij,jtk->itk", weights, own)], axis=2), weights


def test_without_effects_of_year_it_is_the_fit_of_spreg() -> None:
    """spreg 1.9.0, ``ML_LagFE``; its variance divides by all years, not by those left."""
    y, x, weights = made_up()
    fit = fit_durbin(y, x, weights, np.arange(PLACES), year_effects=False)
    expected = [0.998708, -0.256046, 0.850666, 0.219194, 0.230411]
    assert fit.coefficients == pytest.approx(expected, abs=2e-6)
    errors = np.sqrt(np.diag(fit.covariance) * (YEARS - 1) / YEARS)
    assert errors == pytest.approx([0.067624, 0.130594, 0.241458, 0.187252, 0.091305], abs=2e-6)


def test_the_lagrange_tests_are_those_of_spreg() -> None:
    """spreg 1.9.0 on orthogonal deviations; it divides the variance by rows less 3, not by rows."""
    y, x, weights = made_up()
    y, x = y - y.mean(axis=0), x[:, :, :2] - x[:, :, :2].mean(axis=0)
    found = lagrange_tests(y, x, weights, year_effects=False)
    rows = PLACES * (YEARS - 1)
    error = found["lm_error"][0] * ((rows - 3) / rows) ** 2
    assert error == pytest.approx(4.338879, abs=1e-5)
    assert found["robust_lm_lag"][0] == pytest.approx(11.5285, rel=0.04)
    assert found["robust_lm_error"][0] == pytest.approx(6.0412, rel=0.04)
    both = found["lm_error"][0] + found["robust_lm_lag"][0]
    assert found["lm_lag"][0] + found["robust_lm_error"][0] == pytest.approx(both)


def test_effects_are_those_of_the_whole_inverse() -> None:
    y, x, weights = made_up()
    fit = fit_durbin(y, x, weights, np.arange(PLACES))
    b, t, rho = fit.coefficients[[0, 2, 4]]
    inverse = np.linalg.inv(np.eye(PLACES) - rho * weights)
    effects = inverse @ (b * np.eye(PLACES) + t * weights)
    direct, total = np.trace(effects) / PLACES, effects.sum() / PLACES
    found = impacts(fit, (0, 2), robust=True, draws=500, rng=np.random.default_rng(0))
    values = [found[name][0] for name in ("direct", "indirect", "total")]
    assert values == pytest.approx([direct, total - direct, total])
    for value, se, low, high, p in found.values():
        assert low < value < high
        assert 0 < se < high - low
        assert 0 < p <= 1


def test_scores_add_to_nothing_at_the_estimate() -> None:
    """One cluster holds all scores, and they vanish: the likelihood and its scores agree."""
    y, x, weights = made_up()
    fit = fit_durbin(y, x, weights, np.zeros(PLACES, dtype=np.int64))
    assert np.sqrt(np.diag(fit.clustered)) == pytest.approx(0, abs=1e-4)


def test_effects_of_year_leave_no_bias() -> None:
    """Demeaning by year and the likelihood of the raw panel has one: see the module."""
    found, demeaned = [], []
    for seed in range(60):
        design = planted_design(seed, years=8).design
        assert design.coordinates is not None
        weights = nearest_weights(design.coordinates, 5)
        y, x = design.outcomes["y"].values, design.treatments["x"].values
        both, places = np.stack([x, weights @ x], axis=2), np.arange(len(y))
        found.append(fit_durbin(y, both, weights, places).coefficients[-1])
        y, both = y - y.mean(axis=0), both - both.mean(axis=0)
        raw = fit_durbin(y, both, weights, places, year_effects=False)
        demeaned.append(raw.coefficients[-1])
    assert abs(np.mean(found)) < 0.02
    assert np.mean(demeaned) < -0.03
