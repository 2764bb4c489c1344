"""The outcome's own past: growth gaps to the nation, their moments, and the province's gap.

A hole in the outcome leaves the lags it touches missing; nothing bridges it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from city_resilience.indicators.formulas.ratios import log_ratio, year_total
from city_resilience.indicators.formulas.years import lag
from city_resilience.indicators.indicator import Float

__all__ = [
    "gap_lag",
    "gap_less_province",
    "gap_max",
    "gap_mean",
    "gap_median",
    "gap_min",
    "gap_sd",
    "growth_gap_past",
    "national_growth",
    "province_gap",
    "province_gap_lag",
    "province_gap_mean",
]

LONG_WINDOW = 5
LONG_WINDOW_LEAST = 3


def national_growth(outcome: Float, h: int = 1) -> Float:
    """Log growth of the nation over the ``h`` years that end in each year.

    The nation is the sum over the cities **present in both years compared**. A total over
    whichever cities happen to be present would turn a missing city into a contraction.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
        Level of the outcome, positive; NaN = unknown.
    h : int
        Years.

    Returns
    -------
    ndarray, shape (years,)
        ``ln(Y_t / Y_(t-h))``; NaN for the first ``h`` years and where no city has both years.

    Examples
    --------
    >>> city_gone = np.array([[100.0, 110.0], [50.0, np.nan]])
    >>> national_growth(city_gone).round(4)
    array([   nan, 0.0953])
    """
    earlier = lag(outcome, h)
    both = (outcome > 0) & (earlier > 0)
    now = year_total(np.where(both, outcome, np.nan))
    return log_ratio(now, year_total(np.where(both, earlier, np.nan)))


def growth_gap_past(outcome: Float, h: int = 1) -> Float:
    """Growth gap over the ``h`` years that end in each year, percentage points.

    ``100 * [ln(Y_i,t / Y_i,t-h) - ln(Y_N,t / Y_N,t-h)]``, the nation as in `national_growth`.
    Above 0: the city held up better than the nation.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
    h : int
        Years.

    Returns
    -------
    ndarray, shape (cities, years)
        NaN where the outcome is missing in either year.
    """
    return 100.0 * (log_ratio(outcome, lag(outcome, h)) - national_growth(outcome, h))


def gap_lag(outcome: Float, years: int = 0) -> Float:
    """One-year growth gap of ``years`` years before, pp."""
    return lag(growth_gap_past(outcome), years)


def gap_mean(outcome: Float, years: int) -> Float:
    """Mean one-year gap over the last ``years`` years, pp.

    Windows up to three years need every year; longer ones (5 years) at least 3 of them.
    """
    return _over_window(outcome, years, np.nanmean)


def gap_sd(outcome: Float) -> Float:
    """Volatility: standard deviation (n - 1) of the gap over the last 5 years, at least 3, pp."""
    return _over_window(outcome, LONG_WINDOW, _nansd)


def gap_min(outcome: Float) -> Float:
    """Smallest gap of the last 5 years (at least 3 of them known), pp."""
    return _over_window(outcome, LONG_WINDOW, np.nanmin)


def gap_max(outcome: Float) -> Float:
    """Largest gap of the last 5 years (at least 3 of them known), pp."""
    return _over_window(outcome, LONG_WINDOW, np.nanmax)


def gap_median(outcome: Float) -> Float:
    """Median gap of the last 5 years (at least 3 of them known), pp."""
    return _over_window(outcome, LONG_WINDOW, np.nanmedian)


def _nansd(window: Float, axis: int) -> Float:
    return np.asarray(np.nanstd(window, axis=axis, ddof=1))


def _over_window(outcome: Float, years: int, reduce: Callable[..., Float]) -> Float:
    gap = growth_gap_past(outcome)
    window = np.stack([lag(gap, back) for back in range(years)])
    least = years if years < LONG_WINDOW else LONG_WINDOW_LEAST
    enough = np.isfinite(window).sum(axis=0) >= least
    return np.where(enough, reduce(np.where(enough, window, 0.0), axis=0), np.nan)


def province_gap(outcome: Float, province: NDArray[np.str_]) -> Float:
    """One-year growth gap of the city's province, pp.

    Growth of the sum over the province's cities present in both years, minus the nation's.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
    province : ndarray of str, shape (cities,)
        "" = unknown, then the gap is missing.

    Notes
    -----
    Missing where the city itself has no outcome, so that a city which enters later is in no
    rank of the years before.
    """
    nation = national_growth(outcome)
    gap = np.full(outcome.shape, np.nan)
    for name in np.unique(province[province != ""]):
        inside = province == name
        gap[inside] = 100.0 * (national_growth(outcome[inside]) - nation)
    return np.where(np.isfinite(outcome), gap, np.nan)


def province_gap_lag(outcome: Float, province: NDArray[np.str_], years: int) -> Float:
    """Gap of the province of ``years`` years before, pp."""
    return lag(province_gap(outcome, province), years)


def province_gap_mean(outcome: Float, province: NDArray[np.str_], years: int = 3) -> Float:
    """Mean gap of the province over the last ``years`` years, every year needed, pp."""
    gap = province_gap(outcome, province)
    return np.asarray(np.mean(np.stack([lag(gap, back) for back in range(years)]), axis=0))


def gap_less_province(outcome: Float, province: NDArray[np.str_]) -> Float:
    """One-year gap of the city minus its province's, pp."""
    return np.asarray(growth_gap_past(outcome) - province_gap(outcome, province))
