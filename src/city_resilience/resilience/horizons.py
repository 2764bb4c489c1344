"""Measures over a horizon: a label at each origin t that uses years t and t + h."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.indicators.formulas.nation import SUM, Nation
from city_resilience.indicators.formulas.nation import Between as NationBetween
from city_resilience.indicators.formulas.years import lead
from city_resilience.resilience.growth import FLOOR, vanished_cities, years_over
from city_resilience.resilience.reasons import Measured, Rule, overruled

__all__ = ["Between", "after_each_year", "between_ends", "known_labels"]

Between = Callable[[Float, Float, float, Mask | None, NationBetween], Measured]
"""Kernel of start, end, least national growth, the cities that have vanished by the end, nation."""


def between_ends(kernel: Between, outcome: Float, horizon: int, nation: Nation = SUM) -> Measured:
    """Measure between t and t + horizon for every t, at the default floor; (cities, years)."""
    not_yet, gone = after_each_year(outcome, horizon)
    later = lead(outcome, horizon)
    return overruled(kernel(outcome, later, FLOOR, gone, nation.ahead(horizon)), not_yet)


def after_each_year(outcome: Float, horizon: int) -> tuple[Rule, Mask]:
    """Say where year t + horizon is not over yet, and which cities have vanished by then.

    Raises
    ------
    ValueError
        If the horizon is below 1.
    """
    if horizon < 1:
        raise ValueError(f"a horizon is at least 1 year, found {horizon}")
    over = lead(years_over(outcome)[None], horizon) == 1.0
    return ("not_yet", ~over), lead(vanished_cities(outcome), horizon) == 1.0


def known_labels(origin: int, wait: int, years: Int) -> Mask:
    """Return which label years are known at an origin: those with ``t + wait <= origin``.

    Parameters
    ----------
    origin : int
        Newest data year of the outcome that the forecast stands on.
    wait : int
        Years from the start of a label until it is known, as its measure says.
    years : ndarray of int, shape (years,)
        Years t at which the labels start.

    Examples
    --------
    >>> known_labels(2010, 2, np.array([2007, 2008, 2009, 2010]))
    array([ True,  True, False, False])
    """
    return np.asarray(np.asarray(years) + wait <= origin)
