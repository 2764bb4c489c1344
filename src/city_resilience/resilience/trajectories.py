"""A city against its own past: the time to recover, and the deviation from a one-sided trend."""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.indicators.formulas.nation import SUM, Nation
from city_resilience.indicators.formulas.ratios import log_level
from city_resilience.indicators.formulas.years import lead
from city_resilience.resilience.growth import vanished_cities, years_over
from city_resilience.resilience.horizons import after_each_year
from city_resilience.resilience.reasons import Measured, measured

__all__ = ["TREND_YEARS", "time_to_recover", "trend_ahead", "trend_deviation"]

TREND_YEARS = 5


def time_to_recover(outcome: Float, start: int) -> Measured:
    """Years until a city is back at its level before the shock: the first k >= 1 at or above it.

    The level is its highest one up to the last year before the shock.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
        Level of the outcome, positive; NaN = unknown. Followed to its last year.
    start : int
        Column of the last year before the shock, t0.

    Returns
    -------
    Measured, shape (cities,)
        Whole years; 1 = never below, or back within a year. A city that has not recovered in
        the years observed is ``censored``: it has no number. ``beside["censored"]`` is its flag
        and ``beside["observed"]`` the years followed without a gap, up to the recovery.

    Notes
    -----
    A year without a value ends the observation: whether the city was back then is not known.
    """
    known = np.where(outcome > 0, outcome, np.nan)
    after = known[:, start + 1 :]
    past = known[:, : start + 1]
    level = np.where(np.isfinite(past), past, -np.inf).max(axis=1)[:, None]
    followed = np.logical_and.accumulate(np.isfinite(after), axis=1)
    back = followed & (after >= level)
    recovered = back.any(axis=1)
    first = back.argmax(axis=1) + 1 if after.shape[1] else np.zeros(len(known), dtype=np.int64)
    observed = np.where(recovered, first, followed.sum(axis=1))
    censored = ~recovered & (observed > 0) & np.isfinite(known[:, start])
    found = measured(
        np.where(recovered, first, np.nan),
        ("not_yet", ~years_over(known)[start + 1 :].any(keepdims=True)),
        ("vanished", vanished_cities(known)[:, start + 1 : start + 2].any(axis=1)),
        ("no_start", ~np.isfinite(known[:, start])),
        ("no_end", observed == 0),
        ("censored", censored),
    )
    return Measured(found.values, found.reasons, {"censored": censored, "observed": observed})


def trend_ahead(outcome: Float, horizon: int) -> tuple[Float, Mask]:
    """Log-linear trend of each city on the years up to t, read at ``t + horizon``.

    Least squares of ln Y on the year over all known years up to t, at least 5.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
    horizon : int
        Years ahead of t, at least 0.

    Returns
    -------
    trend : ndarray, shape (cities, years)
        ln Y of the trend that ends at t, in year ``t + horizon``; no year after t is used.
    fitted : ndarray of bool, shape (cities, years)
        Where at least 5 years are known.
    """
    level = log_level(outcome)
    known = np.isfinite(level)
    year = np.broadcast_to(np.arange(outcome.shape[1], dtype=np.float64), outcome.shape)
    x, y = np.where(known, year, 0.0), np.where(known, level, 0.0)
    n = np.maximum(np.cumsum(known, axis=1), 1)
    mean_x, mean_y = np.cumsum(x, axis=1) / n, np.cumsum(y, axis=1) / n
    spread = np.cumsum(x * x, axis=1) - n * mean_x**2
    fitted = np.cumsum(known, axis=1) >= TREND_YEARS
    slope = (np.cumsum(x * y, axis=1) - n * mean_x * mean_y) / np.where(fitted, spread, 1.0)
    return np.where(fitted, mean_y + slope * (year + horizon - mean_x), np.nan), fitted


def trend_deviation(outcome: Float, horizon: int, nation: Nation = SUM) -> Measured:
    """Deviation from a one-sided trend, ``100 * [ln Y_(t+h) - trend fitted on years <= t]``, pp.

    Above 0 = above the city's own trajectory before the shock. A trend fitted on later years too
    (Hodrick-Prescott and its like) would let the shock bend the trajectory it is measured against.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
        Level of the outcome, positive; NaN = unknown.
    horizon : int
        Years from the start t to the year measured, at least 1.
    nation : Nation
        Not used: a city is compared with itself.

    Returns
    -------
    Measured, shape (cities, years)
        At the start t.
    """
    del nation
    not_yet, gone = after_each_year(outcome, horizon)
    trend, fitted = trend_ahead(outcome, horizon)
    then = lead(outcome, horizon)
    return measured(
        100.0 * (log_level(then) - trend),
        not_yet,
        ("vanished", gone),
        ("no_end", ~np.isfinite(then)),
        ("not_positive", then <= 0),
        ("no_trend", ~fitted),
    )
