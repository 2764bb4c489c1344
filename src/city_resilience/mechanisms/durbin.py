"""The spatial Durbin model of a balanced panel, its direct and indirect effects, and LM tests.

y = rho W y + x b + (W x) t + place + year + error. The likelihood is that of Lee and Yu 2010, which
takes out places and years by orthogonal transformations. An estimator that demeans by both and
keeps the likelihood of the raw panel has a bias in rho of about minus one over the trace of
``W W + W'W``, whatever the number of years, and standard errors that are too small by the root of
(years - 1) / years.

``spreg.ML_LagFE`` 1.9 is such an estimator. It has no effects of year and no robust covariance, and
its direct effects leave out what comes back to a place through the lag of the variable; without
effects of year the estimates are equal. No library has the model with errors of clusters, with an
unbalanced panel, or with a lag in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Complex, Float, Int
from city_resilience.mechanisms.estimate import LEVEL

__all__ = ["MOST_RHO", "Durbin", "fit_durbin", "impacts", "lagrange_tests"]

MOST_RHO = 0.99
"""Bound of the spatial coefficient, of both signs."""


@dataclass(frozen=True)
class Durbin:
    """A fit by maximum likelihood.

    Attributes
    ----------
    coefficients : ndarray, shape (variables + 1,)
        The last one is rho.
    covariance : ndarray, shape (variables + 1, variables + 1)
        From the information matrix: errors independent and of one variance.
    clustered : ndarray, shape (variables + 1, variables + 1)
        Sandwich with scores summed by cluster, factor G/(G-1).
    clusters : int
    eigenvalues : ndarray of complex128, shape (places,)
        Of the weights.
    """

    coefficients: Float
    covariance: Float
    clustered: Float
    clusters: int
    eigenvalues: Complex


@dataclass(frozen=True)
class _Centred:
    """A balanced panel without effects of place and, where asked, of year."""

    y: Float
    wy: Float
    x: Float
    years: int
    freedom: int


def _centred(y: Float, x: Float, weights: Float, year_effects: bool) -> _Centred:
    places, years = y.shape

    def out(values: Float) -> Float:
        left: Float = values - values.mean(axis=1, keepdims=True)
        return left - left.mean(axis=0) if year_effects else left

    freedom = (places - year_effects) * (years - 1)
    return _Centred(out(y).ravel(), out(weights @ y).ravel(), _flat(out(x)), years, freedom)


def _flat(x: Float) -> Float:
    flat: Float = x.reshape(-1, x.shape[2])
    return flat


def fit_durbin(
    y: Float, x: Float, weights: Float, cluster: Int, *, year_effects: bool = True
) -> Durbin:
    """Fit a balanced panel; the lags of the variables are among them.

    Parameters
    ----------
    y : ndarray, shape (places, years)
    x : ndarray, shape (places, years, variables)
    weights : ndarray, shape (places, places)
        Rows add to 1.
    cluster : ndarray of int64, shape (places,)
    year_effects : bool
        Whether years have effects beside the places.
    """
    from scipy.optimize import minimize_scalar

    own = _centred(y, x, weights, year_effects)
    eigenvalues = np.linalg.eigvals(weights).astype(np.complex128)
    inverse = np.linalg.inv(own.x.T @ own.x)
    b0, b1 = inverse @ (own.x.T @ own.y), inverse @ (own.x.T @ own.wy)
    e0, e1 = own.y - own.x @ b0, own.wy - own.x @ b1

    def loss(rho: float) -> float:
        left = e0 - rho * e1
        determinant = np.log(np.abs(1 - rho * eigenvalues)).sum()
        determinant -= np.log(1 - rho) if year_effects else 0.0
        return float(own.freedom / 2 * np.log(left @ left) - (own.years - 1) * determinant)

    rho = float(minimize_scalar(loss, bounds=(-MOST_RHO, MOST_RHO), method="bounded").x)
    b, left = b0 - rho * b1, e0 - rho * e1
    spread: Float = np.asarray(np.linalg.solve(np.eye(len(y)) - rho * weights.T, weights.T).T)
    spread = spread - spread.mean(axis=0) if year_effects else spread
    bread = np.asarray(np.linalg.inv(_information(own, spread, b, left)))
    scores = _scores(own, spread, left)
    _, number = np.unique(cluster, return_inverse=True)
    sums = np.zeros((number.max() + 1, scores.shape[1]))
    np.add.at(sums, np.repeat(number, own.years), scores)
    factor = len(sums) / max(len(sums) - 1, 1)
    sandwich = factor * bread @ (sums.T @ sums) @ bread
    return Durbin(np.append(b, rho), bread[:-1, :-1], sandwich[:-1, :-1], len(sums), eigenvalues)


def _information(own: _Centred, spread: Float, b: Float, left: Float) -> Float:
    """Return the information about coefficients, rho and the variance (Lee and Yu 2010)."""
    k, times = own.x.shape[1], own.years - 1
    variance = left @ left / own.freedom
    lagged = (spread @ (own.x @ b).reshape(-1, own.years)).ravel()
    found = np.zeros((k + 2, k + 2))
    found[:k, :k] = own.x.T @ own.x / variance
    found[:k, k] = found[k, :k] = own.x.T @ lagged / variance
    found[k, k] = times * ((spread * spread.T).sum() + (spread**2).sum())
    found[k, k] += lagged @ lagged / variance
    found[k, k + 1] = found[k + 1, k] = times * np.trace(spread) / variance
    found[k + 1, k + 1] = own.freedom / (2 * variance**2)
    return found


def _scores(own: _Centred, spread: Float, left: Float) -> Float:
    """Return the score of each row, shape (rows, variables + 2); they add to 0."""
    variance = left @ left / own.freedom
    share = (own.years - 1) / own.years
    traces = np.repeat(np.diag(spread), own.years) * share
    of_variance = left**2 / (2 * variance**2) - own.freedom / len(left) / (2 * variance)
    return np.column_stack(
        [own.x * left[:, None] / variance, own.wy * left / variance - traces, of_variance]
    )


def impacts(
    fit: Durbin, at: tuple[int, int], *, robust: bool, draws: int, rng: np.random.Generator
) -> Mapping[str, tuple[float, ...]]:
    """Return direct, indirect and total effects of a variable with its lag.

    Parameters
    ----------
    fit : Durbin
    at : tuple of int
        Positions of the variable and of its lag.
    robust : bool
        Whether the covariance is that of clusters: draws are of the t distribution then.
    draws : int
    rng : Generator

    Returns
    -------
    mapping of str to tuple
        ``direct``, ``indirect`` and ``total`` → estimate, standard error, low, high, p.

    Notes
    -----
    LeSage and Pace 2009, chapter 2: means over the places of the diagonal and of the rest of the
    rows of ``(I - rho W)^-1 (I b + W t)``; the interval is that of quantiles over draws of the
    coefficients. Draws of rho beyond its bound are left out.
    """
    positions = [*at, len(fit.coefficients) - 1]
    centre = fit.coefficients[positions]
    covariance = (fit.clustered if robust else fit.covariance)[np.ix_(positions, positions)]
    noise = rng.multivariate_normal(np.zeros(3), covariance, size=draws)
    if robust:
        freedom = max(fit.clusters - 1, 1)
        noise = noise * np.sqrt(freedom / rng.chisquare(freedom, size=(draws, 1)))
    drawn = centre + noise
    drawn = drawn[np.abs(drawn[:, 2]) < MOST_RHO]
    values, clouds = _effects(centre[None], fit.eigenvalues), _effects(drawn, fit.eigenvalues)
    return {name: (float(values[name][0]), *_summary(clouds[name])) for name in values}


def _effects(drawn: Float, eigenvalues: Complex) -> Mapping[str, Float]:
    """Return the effects of coefficients, shape (draws, 3): own, lag, rho."""
    own, lag, rho = drawn.T
    root = 1 / (1 - rho[:, None] * eigenvalues)
    direct = own * root.mean(axis=1).real + lag * (eigenvalues * root).mean(axis=1).real
    total = (own + lag) / (1 - rho)
    return {"direct": direct, "indirect": total - direct, "total": total}


def _summary(cloud: Float) -> tuple[float, float, float, float]:
    low, high = np.quantile(cloud, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    tail = 1 + min((cloud <= 0).sum(), (cloud >= 0).sum())
    return float(cloud.std()), float(low), float(high), min(1.0, 2 * tail / (1 + len(cloud)))


def lagrange_tests(
    y: Float, x: Float, weights: Float, *, year_effects: bool = True
) -> Mapping[str, tuple[float, float]]:
    """Return the Lagrange multiplier tests of a lag and of an error over space.

    Returns
    -------
    mapping of str to tuple
        ``lm_lag``, ``lm_error``, ``robust_lm_lag``, ``robust_lm_error`` → statistic and p-value of
        the chi-squared distribution with one degree of freedom.

    Notes
    -----
    Anselin, Le Gallo and Jayet 2008; robust ones Elhorst 2014, section 2.3.3; within places and
    years Debarsy and Ertur 2010. Errors are independent over the years under the null.
    ``spreg.panel_LMlag`` 1.9 puts the square of a trace where the number of years belongs.
    """
    from scipy.stats import chi2

    own = _centred(y, x, weights, year_effects)
    fitted = own.x @ np.linalg.lstsq(own.x, own.y, rcond=None)[0]
    left = own.y - fitted
    variance = left @ left / own.freedom
    w = weights - weights.mean(axis=0) if year_effects else weights
    trace = (own.years - 1) * ((w * w.T).sum() + (w**2).sum())
    lag = (w @ fitted.reshape(y.shape)).ravel()
    rest = lag - own.x @ np.linalg.lstsq(own.x, lag, rcond=None)[0]
    size = trace + rest @ rest / variance
    error = left @ (w @ left.reshape(y.shape)).ravel() / variance
    lagged = left @ own.wy / variance
    found = {
        "lm_lag": lagged**2 / size,
        "lm_error": error**2 / trace,
        "robust_lm_lag": (lagged - error) ** 2 / (size - trace),
        "robust_lm_error": (error - trace / size * lagged) ** 2 / (trace * (1 - trace / size)),
    }
    return {name: (float(value), float(chi2.sf(value, 1))) for name, value in found.items()}
