"""Weights from what came to pass: of a blend's members, and by least absolute error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["blend_weights", "least_absolute_weights"]

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
