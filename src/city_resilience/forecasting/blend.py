"""Weights from what came to pass: of a blend's members, and by least absolute error."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from city_resilience.resilience import known_labels

__all__ = ["blend_weights", "least_absolute_weights", "weights_at"]

Float = NDArray[np.float64]
SHARPNESS = 20


def least_absolute_weights(inputs: Float, labels: Float) -> Float:
    """Solve min over w >= 0 of the sum of abs(labels - inputs @ w).

    Solved in its dual, max labels·d subject to inputs'd <= 0 and -1 <= d <= 1, which has one
    constraint per column instead of one per row; the weights are the multipliers.

    Parameters
    ----------
    inputs : ndarray, shape (n, k)
    labels : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (k,)

    Examples
    --------
    >>> least_absolute_weights(np.array([[1.0], [2.0], [4.0]]), np.array([0.5, 1.0, 2.0]))
    array([0.5])
    """
    from scipy.optimize import linprog

    solution = linprog(
        -labels,
        A_ub=inputs.T,
        b_ub=np.zeros(inputs.shape[1]),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    weights: Float = np.maximum(-solution.ineqlin.marginals, 0.0)
    return weights


def blend_weights(forecasts: Float, labels: Float) -> Float:
    """Weights of the members of a blend: their mean absolute errors to the power of -20.

    A member whose error is 3.5 % larger than that of the best has half its weight, one that is
    25 % worse a hundredth. Weights that minimise the error of the blend itself fit the few earlier
    origins too closely.

    Parameters
    ----------
    forecasts : ndarray, shape (n, members)
        Forecasts made at earlier origins.
    labels : ndarray, shape (n,)
        What came to pass, known by now. With no rows the members get equal weights.

    Returns
    -------
    ndarray, shape (members,)
        Positive or zero, sum 1.

    Examples
    --------
    >>> blend_weights(np.array([[1.0, 0.0], [1.0, 2.0]]), np.array([0.5, 1.5]))
    array([0.5, 0.5])
    """
    members = forecasts.shape[1]
    if len(labels) == 0:
        return np.full(members, 1.0 / members)
    errors = np.abs(forecasts - labels[:, None]).mean(axis=0)
    best = errors.min()
    if best == 0:
        return np.asarray((errors == 0) / np.count_nonzero(errors == 0), dtype=np.float64)
    weights = (best / errors) ** SHARPNESS
    return np.asarray(weights / weights.sum())


def weights_at(
    origin: int,
    horizon: int,
    inputs: Mapping[int, Float],
    truths: Mapping[int, Float],
    weigh: Callable[[Float, Float], Float] = blend_weights,
) -> Float:
    """Weights of a blend at an origin, from the origins whose outcome was known by then.

    Parameters
    ----------
    inputs : mapping of int to ndarray, shape (cities, members)
        What the members forecast at each origin; NaN for a city that was not forecast.
    truths : mapping of int to ndarray, shape (cities,)
        What came to pass; read for an origin once its target year has been reached.
    weigh : callable
        From forecasts (n, members) and outcomes (n,), n may be 0, to weights.

    Returns
    -------
    ndarray, shape (members,)
    """
    origins = np.array(list(inputs), dtype=np.int64)
    past = origins[known_labels(origin, horizon, origins)].tolist()
    known = {o: np.isfinite(truths[o] + inputs[o].sum(axis=1)) for o in past}
    width = next(iter(inputs.values())).shape[1]
    rows = np.concatenate([np.empty((0, width)), *(inputs[o][known[o]] for o in past)])
    labels = np.concatenate([np.empty(0), *(truths[o][known[o]] for o in past)])
    return weigh(rows, labels)
