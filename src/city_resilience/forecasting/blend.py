"""Blend weights learned from earlier origins: least absolute error, none negative, at most one.

What the weights fall short of one in all is the shrinkage towards a gap of zero that earlier
origins asked for. They may not exceed one: a few bad origins would then be amplified.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["blend_weights", "least_absolute_weights"]

Float = NDArray[np.float64]


def least_absolute_weights(inputs: Float, labels: Float, most: float = np.inf) -> Float:
    """Solve min over w >= 0, sum(w) <= most, of the sum of abs(labels - inputs @ w).

    Solved in its dual, max labels·d - most·s subject to inputs'd <= s, s >= 0 and -1 <= d <= 1,
    which has one constraint per column instead of one per row; the weights are the multipliers.

    Parameters
    ----------
    inputs : ndarray, shape (n, k)
    labels : ndarray, shape (n,)
    most : float
        Largest sum of the weights.

    Returns
    -------
    ndarray, shape (k,)

    Examples
    --------
    >>> least_absolute_weights(np.array([[1.0], [2.0], [4.0]]), np.array([0.5, 1.0, 2.0]))
    array([0.5])
    """
    from scipy.optimize import linprog

    bounded = np.isfinite(most)
    solution = linprog(
        np.append(-labels, most if bounded else 0.0),
        A_ub=np.column_stack([inputs.T, -np.ones(inputs.shape[1])]),
        b_ub=np.zeros(inputs.shape[1]),
        bounds=[*[(-1.0, 1.0)] * len(labels), (0.0, None if bounded else 0.0)],
        method="highs",
    )
    weights: Float = np.maximum(-solution.ineqlin.marginals, 0.0)
    return weights


def blend_weights(forecasts: Float, labels: Float) -> Float:
    """Weights of the members of a blend.

    Parameters
    ----------
    forecasts : ndarray, shape (n, members)
        Forecasts made at earlier origins.
    labels : ndarray, shape (n,)
        What came to pass, known by now. With no rows the members get equal weights.

    Returns
    -------
    ndarray, shape (members,)
    """
    members = forecasts.shape[1]
    if len(labels) == 0:
        return np.full(members, 1.0 / members)
    return least_absolute_weights(forecasts, labels, most=1.0)
