"""Growth between two years, of a city and of its nation: the kernels of the simple measures.

Arrays have shape (cities,) or (cities, comparisons); NaN = unknown. The nation is always the sum
over the cities present in both years compared.
"""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.indicators.formulas.ratios import log_ratio, ratio, year_total
from city_resilience.resilience.reasons import Measured, Rule, measured

__all__ = [
    "FLOOR",
    "city_total",
    "growth_gap_between",
    "national_rate",
    "pair_rules",
    "rate",
    "relative_resistance",
    "sensitivity",
    "still",
    "vanished_cities",
    "years_over",
]

FLOOR = 0.01


def city_total(x: Float) -> Float:
    """Sum over the cities with a value, in a fixed order; shape (cities, ...) -> (...)."""
    return year_total(x.reshape(len(x), -1)).reshape(x.shape[1:])


def rate(start: Float, end: Float) -> Float:
    """Growth from start to end as a fraction, ``end / start - 1``; both must be positive."""
    return np.where(end > 0, ratio(end, start), np.nan) - 1.0


def national_rate(start: Float, end: Float) -> Float:
    """Growth of the nation as a fraction, over the cities present in both years.

    Parameters
    ----------
    start, end : ndarray, shape (cities, ...)

    Returns
    -------
    ndarray, shape (...)
        NaN where no city has both.

    Examples
    --------
    >>> national_rate(np.array([100.0, 100.0, 50.0]), np.array([90.0, 104.0, np.nan]))
    array(-0.03)
    """
    both = (start > 0) & (end > 0)
    before = city_total(np.where(both, start, np.nan))
    now = city_total(np.where(both, end, np.nan))
    # The difference first: growth keeps its last digits where the nation stands almost still.
    return ratio(now - before, before)


def pair_rules(start: Float, end: Float, gone: Mask | None = None) -> tuple[Rule, ...]:
    """Reasons for which the growth of a city between two years is unknown.

    Parameters
    ----------
    start, end : ndarray, shape (cities, ...)
    gone : ndarray of bool, optional
        Cities with values before and none from the end on (`vanished_cities`); by default those
        with a start and no end.
    """
    no_start, no_end = ~np.isfinite(start), ~np.isfinite(end)
    return (
        ("vanished", ~no_start & no_end if gone is None else gone),
        ("no_start", no_start),
        ("no_end", no_end),
        ("not_positive", (start <= 0) | (end <= 0)),
    )


def years_over(outcome: Float) -> Mask:
    """Years up to the newest one in which any city has a value, shape (years,)."""
    seen = np.asarray(np.isfinite(outcome).any(axis=0))
    return np.asarray(np.logical_or.accumulate(seen[::-1])[::-1])


def vanished_cities(outcome: Float) -> Mask:
    """City-years with a value in an earlier year and none from that year on.

    Years after the newest year of any city are not yet over, nobody vanishes there.

    Examples
    --------
    >>> vanished_cities(np.array([[1.0, np.nan, np.nan, np.nan], [1.0, np.nan, 1.0, np.nan]]))[0]
    array([False,  True,  True, False])
    """
    known = np.isfinite(outcome)
    seen = np.logical_or.accumulate(known, axis=1)
    to_come = np.logical_or.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(seen & ~to_come & years_over(outcome))


def still(nation: Float, floor: float) -> Mask:
    """National growth below the floor in absolute value; unknown growth is not still."""
    return np.asarray(np.abs(nation) < floor)


def growth_gap_between(
    start: Float, end: Float, floor: float = 0.0, gone: Mask | None = None
) -> Measured:
    """Growth gap from start to end, ``100 * [ln(Y_i'/Y_i) - ln(Y_N'/Y_N)]``, percentage points.

    Parameters as `relative_resistance`; nothing is divided by the nation's growth, so the floor
    takes no value away.
    """
    del floor
    both = (start > 0) & (end > 0)
    now = city_total(np.where(both, end, np.nan))
    nation = log_ratio(now, city_total(np.where(both, start, np.nan)))
    values = 100.0 * (log_ratio(end, start) - nation)
    return measured(values, *pair_rules(start, end, gone))


def relative_resistance(
    start: Float, end: Float, floor: float = FLOOR, gone: Mask | None = None
) -> Measured:
    """Relative resistance ``(g_i - g_N) / |g_N|``: above 0 = did better than the nation.

    Parameters
    ----------
    start, end : ndarray, shape (cities,) or (cities, comparisons)
        Level of the outcome, positive; NaN = unknown.
    floor : float
        Least ``|g_N|`` over the whole comparison, as a fraction, for which the ratio is given.
    gone : ndarray of bool, optional
        See `pair_rules`.

    Notes
    -----
    Lagravinese 2015, *Economic crisis and rising gaps North-South*.

    Examples
    --------
    A nation that falls by 3 % and a city that falls by 1 %:

    >>> start, end = np.array([100.0, 100.0]), np.array([99.0, 95.0])
    >>> relative_resistance(start, end).values.round(2)
    array([ 0.67, -0.67])
    """
    nation = national_rate(start, end)
    values = ratio(rate(start, end) - nation, np.broadcast_to(np.abs(nation), start.shape))
    return measured(values, *pair_rules(start, end, gone), ("nation_still", still(nation, floor)))


def sensitivity(
    start: Float, end: Float, floor: float = FLOOR, gone: Mask | None = None
) -> Measured:
    """Sensitivity ``g_i / g_N``: above 1 = moves more than the nation, up or down.

    Parameters as `relative_resistance`.

    Notes
    -----
    Martin 2012, *Regional economic resilience, hysteresis and recessionary shocks*: above 1 is
    good in an expansion and bad in a contraction.
    """
    nation = national_rate(start, end)
    size = ratio(rate(start, end), np.broadcast_to(np.abs(nation), start.shape))
    rules = (*pair_rules(start, end, gone), ("nation_still", still(nation, floor)))
    return measured(size * np.sign(nation), *rules)
