"""Measures over a horizon: a label at each origin t that uses years t and t + h."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from city_resilience.resilience.growth import (
    growth_gap_between,
    relative_resistance,
    sensitivity,
    vanished_cities,
    years_over,
)
from city_resilience.resilience.reasons import Flags, Measured, overruled

__all__ = [
    "OverHorizon",
    "gap_ahead",
    "relative_resistance_ahead",
    "sensitivity_ahead",
]

Float = NDArray[np.float64]
OverHorizon = Callable[[Float, int], Measured]


def gap_ahead(outcome: Float, horizon: int) -> Measured:
    """Growth gap over the ``horizon`` years after each origin, pp, with its reasons."""
    return _ahead(growth_gap_between, outcome, horizon)


def relative_resistance_ahead(outcome: Float, horizon: int) -> Measured:
    """Relative resistance over the ``horizon`` years after each origin, at the default floor."""
    return _ahead(
        lambda start, end, gone: relative_resistance(start, end, gone=gone), outcome, horizon
    )


def sensitivity_ahead(outcome: Float, horizon: int) -> Measured:
    """Sensitivity over the ``horizon`` years after each origin, at the default floor."""
    return _ahead(lambda start, end, gone: sensitivity(start, end, gone=gone), outcome, horizon)


def _ahead(
    between: Callable[[Float, Float, Flags], Measured], outcome: Float, horizon: int
) -> Measured:
    """Measure between t and t + horizon for every t; shape (cities, years)."""
    if horizon < 1:
        raise ValueError(f"a horizon is at least 1 year, found {horizon}")
    compared = max(outcome.shape[1] - horizon, 0)
    end = np.full(outcome.shape, np.nan)
    end[:, :compared] = outcome[:, horizon:]
    gone = np.zeros(outcome.shape, dtype=np.bool_)
    gone[:, :compared] = vanished_cities(outcome)[:, horizon:]
    over = np.zeros(outcome.shape[1], dtype=np.bool_)
    over[:compared] = years_over(outcome)[horizon:]
    return overruled(between(outcome, end, gone), ("not_yet", ~over))
