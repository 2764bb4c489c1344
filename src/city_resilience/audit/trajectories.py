"""Trajectories of cities through the years: pure functions on arrays of shape (cities, years).

NaN is "unknown" in and out. `levels_before`, `national_path` and `rounding_steps` give a year's
result from that year and earlier ones alone, bit for bit, whatever later years stand beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Mask, Strings
from city_resilience.audit import thresholds as limit

__all__ = [
    "beyond",
    "cells_of",
    "levels_after",
    "levels_before",
    "median_of_known",
    "national_path",
    "national_paths",
    "positive_logs",
    "rounding_floor",
    "rounding_steps",
    "runs",
    "trailing_most",
]


def cells_of(mask: Mask) -> list[tuple[int, int]]:
    """Return row and column of each cell of a mask.

    Examples
    --------
    >>> cells_of(np.array([[False, True], [True, False]]))
    [(0, 1), (1, 0)]
    """
    return [(city, at) for city, at in np.argwhere(mask).tolist()]


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Return first and last position of each run of True.

    Examples
    --------
    >>> runs(np.array([False, True, True, False, True]))
    [(1, 2), (4, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(start), int(end) - 1) for start, end in edges.reshape(-1, 2)]


def median_of_known(x: Float) -> Float:
    """Return the median of each row of ``x``, shape (rows, values), NaN left out.

    Examples
    --------
    >>> median_of_known(np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]]))
    array([ 2., nan])
    """
    ordered = np.sort(x, axis=1)
    known = np.isfinite(x).sum(axis=1)
    low, high = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, x.shape[1] - 1)
    rows = np.arange(len(x))
    return np.asarray(np.where(known > 0, (ordered[rows, low] + ordered[rows, high]) / 2, np.nan))


def positive_logs(x: Float) -> Float:
    """Natural logarithm of positive cells, NaN elsewhere.

    A year in which more than 5 % of the known cells are negative is a year of a signed variable,
    which has no logarithm: NaN for all.
    """
    negative = (x < 0).sum(axis=0)
    signed = negative > np.maximum(1, limit.NEGATIVE_SHARE * np.isfinite(x).sum(axis=0))
    usable = (x > 0) & np.isfinite(x) & ~signed
    return np.log(np.where(usable, x, np.nan))


def rounding_steps(x: Float) -> Float:
    """Return the power of ten that the positive values of each year are multiples of.

    Nine values in ten must be multiples, so that one odd cell does not hide the rounding.

    Returns
    -------
    ndarray, shape (years,)
        0 for a year without positive values, or with values rounded more finely than 1e-8.

    Examples
    --------
    >>> rounding_steps(np.array([[0.25, 300.0], [1.5, 1200.0]])).round(3)
    array([1.e-02, 1.e+02])
    """
    return np.array([_rounding_step(x[:, at]) for at in range(x.shape[1])], dtype=np.float64)


def _rounding_step(values: Float) -> float:
    known = values[np.isfinite(values) & (values > 0)]
    known = known[:: max(1, len(known) // limit.ROUNDING_SAMPLE)]
    if not known.size:
        return 0.0
    for exponent in range(6, -9, -1):
        units = known / 10.0**exponent
        whole = np.round(units)
        slack = np.clip(1e-6 * units, 1e-6, 0.2)
        close = (np.abs(units - whole) <= slack) & (whole > 0)
        if np.mean(close) >= limit.ROUNDED_SHARE:
            return float(10.0**exponent)
    return 0.0


def trailing_most(steps: Float, years: int) -> Float:
    """Return the largest of each year's value and those of the ``years`` years before it."""
    return np.array([steps[max(0, at - years) : at + 1].max() for at in range(len(steps))])


def rounding_floor(steps: Float) -> Float:
    """Return ln of ten rounding steps: what is smaller is mostly rounding; -inf where none."""
    positive = steps > 0
    return np.where(
        positive, np.log(np.where(positive, limit.ROUNDING_STEPS * steps, 1.0)), -np.inf
    )


def beyond(logs: Float, expected: Float, floor: Float) -> Float:
    """Return ``logs - expected``, both at least ``floor``: what rounding can explain is zero.

    Examples
    --------
    >>> beyond(np.log([[0.04, 5.0]]), np.log([[0.01, 0.01]]), np.log([0.1, 0.1])).round(2)
    array([[0.  , 3.91]])
    """
    return np.asarray(np.maximum(logs, floor) - np.maximum(expected, floor))


def national_path(logs: Float) -> Float:
    """Cumulate the median change over the cities since each one's last known year.

    Returns
    -------
    ndarray, shape (years,)
        Log points / 100 since the first year; a year without changes keeps the year before.
    """
    cities, years = logs.shape
    path = np.zeros(years)
    last, then = np.full(cities, np.nan), np.zeros(cities)
    for at in range(years):
        now = logs[:, at]
        change = (now - last) + then
        known = np.isfinite(change)
        path[at] = np.median(change[known]) if known.any() else (path[at - 1] if at else 0.0)
        seen = np.isfinite(now)
        last[seen], then[seen] = now[seen], path[at]
    return path


def national_paths(logs: Float, nation: Strings | None = None) -> Float:
    """Return the national path of each city's own nation.

    Parameters
    ----------
    logs : ndarray, shape (cities, years)
    nation : ndarray of str, shape (cities,), optional
        Nation of each city; None when all are of one.

    Returns
    -------
    ndarray, shape (years,) or (cities, years)
        One path for all, or that of each city.
    """
    if nation is None:
        return national_path(logs)
    paths = np.empty(logs.shape)
    for name in np.unique(nation):
        paths[nation == name] = national_path(logs[nation == name])
    return paths


def levels_before(x: Float, most: int) -> tuple[Float, Float, NDArray[np.int16]]:
    """Return what each city's last known values before each year tell.

    Parameters
    ----------
    x : ndarray, shape (cities, years)
    most : int
        How many of the last known values the level is the median of.

    Returns
    -------
    level, last : ndarray of float64, shape of x
        Median of the last known values, and the very last one.
    seen : ndarray of int16, shape of x
        Number of known values before the year.
    """
    cities, years = x.shape
    level, last = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    seen = np.zeros(x.shape, dtype=np.int16)
    window, count = np.full((cities, most), np.nan), np.zeros(cities, dtype=np.int16)
    for at in range(years):
        level[:, at], last[:, at], seen[:, at] = median_of_known(window), window[:, -1], count
        known = np.isfinite(x[:, at])
        window[known, :-1] = window[known, 1:]
        window[known, -1] = x[known, at]
        count += known
    return level, last, seen


def levels_after(x: Float, most: int) -> tuple[Float, Float, NDArray[np.int16]]:
    """Return the same of the next known values after each year."""
    level, nearest, seen = levels_before(x[:, ::-1], most)
    return level[:, ::-1], nearest[:, ::-1], seen[:, ::-1]
