"""Years of a series that were filled rather than observed: straight lines, and repeated values."""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float, Mask

__all__ = ["LEAST_RUN", "carried", "interpolated", "resolution"]

LEAST_RUN = 3
"""Years in a row, each on the line of its neighbours, from which a line is no chance."""
LEAST_STEPS = 100
"""Change over a year, in units of the last digit, below which a line may be chance."""
LEAST_DIGITS = 1000
"""Size of a value, in units of the last digit, below which an equal one may be chance."""
_MOST_DECIMALS = 9
_FLOAT = 1e-12


def resolution(values: Float) -> Float:
    """Return the unit of the last digit that each value is written with, shape as given.

    Examples
    --------
    >>> resolution(np.array([12.5, 3.25, 700.0, 1 / 3])).tolist()
    [0.1, 0.01, 1.0, 0.0]
    """
    units = np.zeros(values.shape)
    for decimals in reversed(range(_MOST_DECIMALS)):
        with np.errstate(invalid="ignore"):
            whole = np.abs(np.round(values, decimals) - values) <= _FLOAT * np.abs(values)
        units[whole] = 10.0**-decimals
    return units


def interpolated(values: Float) -> Mask:
    """Return the years on a line between other years, shape (cities, years).

    Parameters
    ----------
    values : ndarray, shape (cities, years)

    Notes
    -----
    Second differences vanish, of the values or of their logarithms (a constant rate), up to the
    rounding of the values, in at least `LEAST_RUN` years in a row; with fewer digits than
    `LEAST_STEPS` a line may be chance and is let pass.
    """
    units = resolution(values)
    finest = units.copy()
    finest[:, 1:-1] = np.minimum(np.minimum(units[:, 2:], units[:, :-2]), units[:, 1:-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(values > 0, values, np.nan))
        relative = np.where(values > 0, finest / values, np.nan)
    straight = _on_line(values, finest, values, finest)
    return _runs(straight) | _runs(_on_line(logs, relative, values, finest))


def carried(values: Float) -> Mask:
    """Return the years that repeat the year before to all digits, shape (cities, years).

    Notes
    -----
    A series that most places keep in more than half of the years, such as an area, is let pass.
    """
    least = LEAST_DIGITS * resolution(values)
    same = np.zeros(values.shape, dtype=bool)
    same[:, 1:] = (values[:, 1:] == values[:, :-1]) & (np.abs(values) >= least)[:, 1:]
    same &= values != 0
    known = np.isfinite(values[:, 1:]) & np.isfinite(values[:, :-1])
    counted = known.any(axis=1)
    if counted.any():
        share = same[counted].sum(axis=1) / known[counted].sum(axis=1)
        if np.median(share) > 0.5:
            same[:] = False
    return same


def _on_line(line: Float, units: Float, values: Float, finest: Float) -> Mask:
    """Return the years whose second difference vanishes while the series moves."""
    on = np.zeros(values.shape, dtype=bool)
    second = np.abs(line[:, 2:] - 2 * line[:, 1:-1] + line[:, :-2])
    allowed = 1.5 * units[:, 1:-1] + 10 * _FLOAT * np.abs(line[:, 1:-1])
    step = np.abs(values[:, 2:] - values[:, :-2]) / 2
    least = np.maximum(LEAST_STEPS * finest[:, 1:-1], 1e-6 * np.abs(values[:, 1:-1]))
    on[:, 1:-1] = (second <= allowed) & (step >= least)
    return on


def _runs(on: Mask) -> Mask:
    """Keep the years that stand in runs of at least `LEAST_RUN`."""
    kept = np.zeros_like(on)
    width = on.shape[1] - LEAST_RUN + 1
    whole = np.ones((len(on), max(width, 0)), dtype=bool)
    for k in range(LEAST_RUN):
        whole &= on[:, k : k + whole.shape[1]]
    for k in range(LEAST_RUN):
        kept[:, k : k + whole.shape[1]] |= whole
    return kept
