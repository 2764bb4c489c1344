"""Blend weights learned from earlier origins: least absolute error, none negative.

The weights need not add up to one. What they fall short of one is the shrinkage towards a gap of
zero that earlier origins asked for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["blend_weights", "least_absolute_weights"]

Float = NDArray[np.float64]


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
    return least_absolute_weights(forecasts, labels)
