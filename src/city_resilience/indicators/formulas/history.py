"""The outcome's own past: growth gaps to the nation, their moments, and the province's gap.

A hole in the outcome leaves the lags it touches missing; nothing bridges it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Strings
from city_resilience.indicators.formulas.nation import SUM, Nation
from city_resilience.indicators.formulas.ratios import log_ratio
from city_resilience.indicators.formulas.together import independent
from city_resilience.indicators.formulas.years import lag

__all__ = ["growth_gap_past", "national_growth", "over_years", "province_gap"]

LONG_WINDOW = 5
LONG_WINDOW_LEAST = 3
_STATISTICS: Mapping[str, Callable[..., Any]] = {
    "mean": np.nanmean,
    "sd": partial(np.nanstd, ddof=1),
    "min": np.nanmin,
    "max": np.nanmax,
    "median": np.nanmedian,
}


def national_growth(outcome: Float, nation: Nation = SUM, h: int = 1) -> Float:
    """Log growth of the nation over the ``h`` years that end in each year.

    The nation is made of the cities **present in both years compared**. A total over whichever
    cities happen to be present would turn a missing city into a contraction.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
        Level of the outcome, positive; NaN = unknown.
    nation : Nation
        How the cities make up the nation.
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
    return nation.past(h).log_growth(lag(outcome, h), outcome)


def growth_gap_past(outcome: Float, nation: Nation = SUM, h: int = 1) -> Float:
    """Growth gap over the ``h`` years that end in each year, percentage points.

    ``100 * [ln(Y_i,t / Y_i,t-h) - ln(Y_N,t / Y_N,t-h)]``, the nation as in `national_growth`.
    Above 0: the city grew faster than the nation.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
    nation : Nation
        How the cities make up the nation.
    h : int
        Years.

    Returns
    -------
    ndarray, shape (cities, years)
        NaN where the outcome is missing in either year.
    """
    return 100.0 * (log_ratio(outcome, lag(outcome, h)) - national_growth(outcome, nation, h))


def over_years(gap: Float, statistic: str, years: int) -> Float:
    """Reduce the yearly gaps of the last years to one number, pp.

    Windows up to three years need every year; longer ones (5 years) at least 3 of them.

    Parameters
    ----------
    gap : ndarray, shape (cities, years)
    statistic : {"mean", "sd", "min", "max", "median"}
        ``sd`` is the standard deviation with n - 1.
    years : int
    """
    window = np.stack([lag(gap, back) for back in range(years)])
    least = years if years < LONG_WINDOW else LONG_WINDOW_LEAST
    enough = np.isfinite(window).sum(axis=0) >= least
    reduced = _STATISTICS[statistic](np.where(enough, window, 0.0), axis=0)
    return np.where(enough, reduced, np.nan)


def province_gap(outcome: Float, province: Strings, nation: Nation = SUM) -> Float:
    """One-year growth gap of the city's province, pp.

    Growth of the province, which its cities make up as all make up the nation, minus the nation's.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
    province : ndarray of str, shape (cities,)
        "" = unknown, then the gap is missing.
    nation : Nation
        How the cities make up the nation.

    Notes
    -----
    Missing where the city itself has no outcome, so that a city which enters later is in no
    rank of the years before.
    """
    own = nation.past(1).by(province)
    inside, grown = independent(
        lambda: own.log_growth(lag(outcome, 1), outcome), lambda: national_growth(outcome, nation)
    )
    known = np.isfinite(outcome) & (province != "")[:, None]
    return np.where(known, 100.0 * (inside - grown), np.nan)
