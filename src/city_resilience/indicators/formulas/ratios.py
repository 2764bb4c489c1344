"""Ratios, growth, levels and within-year ranks: pure functions on arrays (cities, years).

NaN is "unknown" in and out. No function looks at a later year than the one it gives a value for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int
from city_resilience.indicators.formulas.together import gathered, totals
from city_resilience.indicators.formulas.years import lag
from city_resilience.indicators.indicator import Function

__all__ = [
    "change",
    "difference",
    "exp_ratio",
    "layer",
    "less_mean",
    "log_growth",
    "log_level",
    "log_ratio",
    "log_relative",
    "ratio",
    "ratio_since",
    "relative_growth",
    "share",
    "share_of_sum",
    "then",
    "value",
    "within_year_rank",
    "yearly_mean",
]


def then(first: Function, last: Callable[[Float], Float]) -> Function:
    """Return the function that applies one formula to the result of another."""
    return partial(_in_turn, first, last)


def _in_turn(first: Function, last: Callable[[Float], Float], *arrays: Any) -> Float:
    return last(first(*arrays))


def value(x: Float, per: float = 1.0) -> Float:
    """Return the variable as it is, times ``per``: a fraction in percent, for instance."""
    return per * np.asarray(x, dtype=np.float64)


def ratio(part: Float, whole: Float, per: float = 1.0) -> Float:
    """``per * part / whole``; missing where the denominator is zero or negative.

    Examples
    --------
    >>> ratio(np.array([[3.0, 3.0]]), np.array([[6.0, 0.0]]), per=100)
    array([[50., nan]])
    """
    positive = whole > 0
    return np.where(positive, per * part / np.where(positive, whole, 1.0), np.nan)


def share(part: Float, whole: Float) -> Float:
    """Share of a part in its whole, percent: ``100 * part / whole``.

    A part that is negative, or larger than its whole by more than 1 %, contradicts it: missing.

    Examples
    --------
    >>> share(np.array([[3.0, 9.0]]), np.array([[6.0, 6.0]]))
    array([[50., nan]])
    """
    percent = ratio(part, whole, per=100.0)
    return np.where((percent >= 0) & (percent <= 101), percent, np.nan)


def difference(x: Float, y: Float) -> Float:
    """``x - y``."""
    return np.asarray(x - y)


def less_mean(x: Float) -> Float:
    """``x`` less its mean over the cities of that year.

    Examples
    --------
    >>> less_mean(np.array([[5.0], [8.0]])).ravel().tolist()
    [-1.5, 1.5]
    """
    return np.asarray(x - yearly_mean(x))


def yearly_mean(x: Float) -> Float:
    """Mean over the cities with a value in each year, shape (years,); NaN where none has."""
    total, count = totals(x, np.where(np.isfinite(x), 1.0, np.nan))
    return ratio(total, count)


def layer(x: Float, at: int) -> Float:
    """Return one of several results that are computed together, shape (results, ...)."""
    return np.asarray(x[at])


def ratio_since(part: Float, whole: Float, years: Int, first: int, per: float = 1.0) -> Float:
    """``per * part / whole``; missing before a first year, when there was nothing to count.

    Parameters
    ----------
    part, whole : ndarray, shape (cities, years)
    years : ndarray of int, shape (years,)
    first : int
    """
    return np.where(years >= first, ratio(part, whole, per=per), np.nan)


def share_of_sum(part: Float, *others: Float) -> Float:
    """A part in percent of the sum of it and others."""
    return ratio(part, sum(others, part), per=100.0)


def exp_ratio(log: Float, whole: Float) -> Float:
    """``exp(log) / whole``, for a part that is published as its logarithm."""
    return ratio(np.exp(log), whole)


def change(x: Float, years: int = 1, per: float = 1.0) -> Float:
    """Change over the last ``years`` years, ``per * (x_t - x_(t-years))``.

    Examples
    --------
    >>> change(np.array([[1.0, 4.0, 6.0]]))
    array([[nan,  3.,  2.]])
    """
    return per * (x - lag(x, years))


def log_level(x: Float) -> Float:
    """Natural logarithm; missing where x is not positive."""
    positive = x > 0
    return np.where(positive, np.log(np.where(positive, x, 1.0)), np.nan)


def log_ratio(part: Float, whole: Float) -> Float:
    """``ln(part / whole)``; missing where either is not positive."""
    return np.where((part > 0) & (whole > 0), log_level(ratio(part, whole)), np.nan)


def log_growth(x: Float, years: int = 1) -> Float:
    """Growth over the last ``years`` years, log points: ``100 * ln(x_t / x_(t-years))``.

    Examples
    --------
    >>> log_growth(np.array([[100.0, 110.0]])).round(3)
    array([[  nan, 9.531]])
    """
    return 100.0 * log_ratio(x, lag(x, years))


def log_relative(x: Float) -> Float:
    """Size relative to the nation: ``ln(x_i / mean of x over the cities of that year)``.

    The mean, not the sum, so that a year in which cities are missing moves the others little.

    Examples
    --------
    >>> log_relative(np.array([[1.0], [3.0]])).round(3).ravel().tolist()
    [-0.693, 0.405]
    """
    known = np.where(x > 0, x, np.nan)
    return log_ratio(known, np.broadcast_to(yearly_mean(known), x.shape))


def relative_growth(x: Float) -> Float:
    """Log growth less that of the year's mean, so that a common trend drops out.

    ``change of ln(x_i / mean over the cities of x)``, see `log_relative`.

    Parameters
    ----------
    x : ndarray, shape (cities, years)

    Returns
    -------
    ndarray, shape (cities, years)
        Log points.
    """
    return change(log_relative(x))


def within_year_rank(x: Float) -> Float:
    """Rank among the cities with a value in that year, in (0, 1]; ties share their mean rank.

    A re-based or trending series keeps its information in its ranks.

    Parameters
    ----------
    x : ndarray, shape (cities, years, ...)

    Returns
    -------
    ndarray, shape of x
        Mean rank, counted from 1, over the number of cities with a value; NaN stays NaN.

    Examples
    --------
    >>> within_year_rank(np.array([[5.0], [7.0], [5.0], [np.nan]])).ravel().tolist()
    [0.5, 1.0, 0.5, nan]
    """
    known = np.where(np.isfinite(x), x, np.nan).reshape(len(x), -1)
    ranks, own = gathered(known, _ranks)
    return np.asarray(ranks[own]).reshape(x.shape)


def _ranks(known: Float) -> Float:
    ranks: Float = pd.DataFrame(known).rank(pct=True).to_numpy()
    return ranks
