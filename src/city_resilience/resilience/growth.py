"""Growth between two years, of a city and of its nation: the kernels of the simple measures.

Arrays have shape (cities,) or (cities, comparisons); NaN = unknown. The nation is made of the
cities present in both years compared, see `indicators.formulas.nation`.
"""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.indicators.formulas.nation import SUM_BETWEEN, Between
from city_resilience.indicators.formulas.ratios import log_ratio, ratio
from city_resilience.indicators.formulas.together import counts
from city_resilience.resilience.reasons import Measured, Rule, measured

__all__ = [
    "FLOOR",
    "growth_gap_between",
    "pair_rules",
    "rate",
    "relative_resistance",
    "sensitivity",
    "still",
    "vanished_cities",
    "years_over",
]

FLOOR = 0.01


def rate(start: Float, end: Float) -> Float:
    """Growth from start to end as a fraction, ``end / start - 1``; both must be positive."""
    return np.where(end > 0, ratio(end, start), np.nan) - 1.0


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
    seen = counts(np.isfinite(outcome).sum(axis=0)) > 0
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


def still(grown: Float, floor: float) -> Mask:
    """National growth below the floor in absolute value; unknown growth is not still."""
    return np.asarray(np.abs(grown) < floor)


def growth_gap_between(
    start: Float,
    end: Float,
    floor: float = 0.0,
    gone: Mask | None = None,
    nation: Between = SUM_BETWEEN,
) -> Measured:
    """Growth gap from start to end, ``100 * [ln(Y_i'/Y_i) - ln(Y_N'/Y_N)]``, percentage points.

    Parameters as `relative_resistance`; nothing is divided by the nation's growth, so the floor
    takes no value away.
    """
    del floor
    values = 100.0 * (log_ratio(end, start) - nation.log_growth(start, end))
    return measured(values, *pair_rules(start, end, gone))


def relative_resistance(
    start: Float,
    end: Float,
    floor: float = FLOOR,
    gone: Mask | None = None,
    nation: Between = SUM_BETWEEN,
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
    nation : Between
        How the cities make up the nation in both years.

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
    grown = nation.rate(start, end)
    values = ratio(rate(start, end) - grown, np.broadcast_to(np.abs(grown), start.shape))
    return measured(values, *pair_rules(start, end, gone), ("nation_still", still(grown, floor)))


def sensitivity(
    start: Float,
    end: Float,
    floor: float = FLOOR,
    gone: Mask | None = None,
    nation: Between = SUM_BETWEEN,
) -> Measured:
    """Sensitivity ``g_i / g_N``: above 1 = moves more than the nation, up or down.

    Parameters as `relative_resistance`.

    Notes
    -----
    Martin 2012, *Regional economic resilience, hysteresis and recessionary shocks*: above 1 is
    good in an expansion and bad in a contraction.
    """
    grown = nation.rate(start, end)
    size = ratio(rate(start, end), np.broadcast_to(np.abs(grown), start.shape))
    rules = (*pair_rules(start, end, gone), ("nation_still", still(grown, floor)))
    return measured(size * np.sign(grown), *rules)
