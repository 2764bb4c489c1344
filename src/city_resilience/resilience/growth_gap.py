"""The growth gap as a label: what happens after the origin, and when that is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from city_resilience.indicators.formulas.history import growth_gap_past

__all__ = ["growth_gap", "known_labels"]

Float = NDArray[np.float64]


def growth_gap(outcome: Float, horizon: int) -> Float:
    """Growth gap over the ``horizon`` years after each origin, percentage points.

    ``100 * [ln(Y_i,t+h / Y_i,t) - ln(Y_N,t+h / Y_N,t)]`` with the nation the sum over the cities
    present in both years; above 0 = held up better than the nation. No denominator, so it stays
    defined when the nation stands still.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
        Level of the outcome, positive; NaN = unknown.
    horizon : int
        Years ahead, at least 1.

    Returns
    -------
    ndarray, shape (cities, years)
        Label at origin t, which uses year t + horizon and is known only then; the last
        ``horizon`` years are NaN.

    Raises
    ------
    ValueError
        If the horizon is below 1.

    Examples
    --------
    >>> growth_gap(np.array([[100.0, 120.0], [100.0, 100.0]]), 1).round(3)
    array([[ 8.701,    nan],
           [-9.531,    nan]])
    """
    if horizon < 1:
        raise ValueError(f"a horizon is at least 1 year, found {horizon}")
    label = np.full(outcome.shape, np.nan)
    label[:, : max(outcome.shape[1] - horizon, 0)] = growth_gap_past(outcome, horizon)[:, horizon:]
    return label


def known_labels(origin: int, horizon: int, years: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which label years are known at an origin: those with ``t + horizon <= origin``.

    Parameters
    ----------
    origin : int
        Newest data year of the outcome that the forecast stands on.
    horizon : int
        Years that a label looks ahead.
    years : ndarray of int, shape (years,)
        Years t at which the labels start.

    Examples
    --------
    >>> known_labels(2010, 2, np.array([2007, 2008, 2009, 2010]))
    array([ True,  True, False, False])
    """
    return np.asarray(np.asarray(years) + horizon <= origin)
