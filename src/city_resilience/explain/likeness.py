"""How alike cities are: indicators in standard deviations of their year, and mean squares of them.

A part of a squared distance is 1 on average between two cities drawn at random, whatever it is made
of, so that parts can be averaged. Values are cut at `MOST` standard deviations, so that one odd
value does not decide; a city is compared only where at least `LEAST_COMMON` of what is known of
the first city is known of the other as well.
"""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.indicators.formulas.nation import Nation

__all__ = ["LEAST_COMMON", "MOST", "group_distance", "square_distance", "standardised"]

MOST = 3.0
LEAST_COMMON = 0.5


def standardised(values: Float, nation: Nation) -> Float:
    """Return values in standard deviations from the mean of the nation's cities in the same year.

    Parameters
    ----------
    values : ndarray, shape (cities, ...)

    Returns
    -------
    ndarray, of the same shape
        Cut at ``MOST``; NaN where unknown, and 0 where all cities are alike.

    Examples
    --------
    >>> standardised(np.array([[1.0], [3.0], [np.nan]]), Nation()).ravel()
    array([-1.,  1., nan])
    """
    found: Float = nation.apart(lambda _, own: _in_deviations(own), values)
    return found


def _in_deviations(values: Float) -> Float:
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0.0)
    away = np.where(known, values - filled.sum(axis=0) / count, np.nan)
    spread = np.sqrt(np.where(known, away**2, 0.0).sum(axis=0) / count)
    alike = spread <= 1e-12 * np.maximum(np.abs(filled).max(axis=0, initial=0.0), 1.0)
    scaled = np.where(alike, 0.0 * away, away / np.where(alike, 1.0, spread))
    return np.clip(scaled, -MOST, MOST)


def square_distance(own: Float, others: Float) -> Float:
    """Return half the mean squared difference over what is known of both.

    Parameters
    ----------
    own : ndarray, shape (k,)
        Standardised indicators of a city.
    others : ndarray, shape (..., k)

    Returns
    -------
    ndarray, shape (...)
        NaN where too little is known of both.

    Examples
    --------
    >>> square_distance(np.array([1.0, np.nan]), np.array([[3.0, 0.0], [np.nan, 0.0]]))
    array([ 2., nan])
    """
    known = np.isfinite(own)
    both: Mask = known & np.isfinite(others)
    count = both.sum(axis=-1)
    squares = np.where(both, (others - own) ** 2, 0.0).sum(axis=-1)
    enough = (count > 0) & (count >= LEAST_COMMON * known.sum())
    return np.where(enough, 0.5 * squares / np.maximum(count, 1), np.nan)


def group_distance(differs: Mask, at_random: float) -> Float:
    """Return the share of groupings in which cities differ, over that of two drawn at random.

    Parameters
    ----------
    differs : ndarray of bool, shape (cities, groupings)
    at_random : float
        Mean over the groupings of the chance that two cities differ.

    Examples
    --------
    >>> group_distance(np.array([[True, False], [False, False]]), 0.5)
    array([1., 0.])
    """
    share: Float = differs.mean(axis=1) / at_random
    return share
