"""What a cell's past, its future and its neighbours in rank let expect.

All in natural logarithms; ``national`` is the path of the median city, so that what happens to
most cities in a year surprises nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit.spread import (
    Groups,
    by_group,
    expanding_median,
    size_groups,
    usual_moves,
)
from city_resilience.audit.trajectories import (
    Float,
    Mask,
    beyond,
    levels_after,
    levels_before,
    national_path,
    positive_logs,
    rounding_floor,
    rounding_steps,
    trailing_most,
)

__all__ = ["Past", "Path", "follow_path", "know_past"]

BACK = 5
SIDE = 3


@dataclass(frozen=True)
class Past:
    """What may be known of a variable's cells as of their own year; shapes (cities, years).

    Attributes
    ----------
    logs : ndarray
        Logarithms of the positive values.
    national : ndarray, shape (years,)
        Path of the median city.
    steps, floor : ndarray, shape (years,)
        Rounding step of each year's values, and ln of ten of them.
    expected : ndarray
        ln of the level of the city's last five known values, carried along the national path.
    last : ndarray
        The same of the very last known value.
    seen : ndarray of int16
        Number of known values before.
    moves : ndarray
        Change since the last known value beyond the national one and beyond rounding.
    groups : ndarray of int8
        Size group by the last known value.
    table : ndarray, shape (groups, years)
        Usual move by size group and year.
    spread : ndarray
        Usual move of the neighbours in rank: the larger of this year's and the median so far.
    departure : ndarray
        How far the cell is beyond ``expected``.
    """

    logs: Float
    national: Float
    steps: Float
    floor: Float
    expected: Float
    last: Float
    seen: NDArray[np.int16]
    moves: Float
    groups: Groups
    table: Float
    spread: Float
    departure: Float

    def left(self, least: float, sigmas: float) -> Mask:
        """Return which cells left the path by a log of ``least`` and so many usual moves."""
        size = np.abs(self.departure)
        return np.asarray((size >= least) & (size >= sigmas * self.spread))


@dataclass(frozen=True)
class Path:
    """A variable's cells between their past and their future; shapes (cities, years).

    Attributes
    ----------
    past : Past
    before, after : ndarray
        ln of the level of the three known values before and after, along the national path.
    known_before, known_after : ndarray of int16
        Number of known values on either side.
    nearest_before : ndarray
        ln of the last known value before, along the national path.
    floor : ndarray, shape (years,)
        ln of ten rounding steps of the coarsest year in the window.
    spread : ndarray
        Usual move of the neighbours in rank over all years.
    """

    past: Past
    before: Float
    after: Float
    known_before: NDArray[np.int16]
    known_after: NDArray[np.int16]
    nearest_before: Float
    floor: Float
    spread: Float

    @property
    def from_before(self) -> Float:
        """How far each cell is beyond the level before it."""
        return beyond(self.past.logs, self.before, self.floor)

    @property
    def from_after(self) -> Float:
        """How far each cell is beyond the level after it."""
        return beyond(self.past.logs, self.after, self.floor)


def know_past(values: Float) -> Past:
    """Return what may be known of each cell as of its own year.

    Parameters
    ----------
    values : ndarray, shape (cities, years)
        Consecutive years; NaN = unknown.

    Returns
    -------
    Past
        Each year's numbers have the same bits whatever later years stand beside it.
    """
    logs = positive_logs(values)
    national = national_path(logs)
    steps = rounding_steps(values)
    floor = rounding_floor(trailing_most(steps, BACK))
    level, last, seen = levels_before(logs - national, BACK)
    expected, last = level + national, last + national
    moves = beyond(logs, last, floor)
    groups = size_groups(last)
    table = usual_moves(moves, groups)
    return Past(
        logs=logs,
        national=national,
        steps=steps,
        floor=floor,
        expected=expected,
        last=last,
        seen=seen,
        moves=moves,
        groups=groups,
        table=table,
        spread=by_group(np.fmax(table, expanding_median(table)), groups),
        departure=beyond(logs, expected, floor),
    )


def follow_path(values: Float) -> Path:
    """Return what both sides of each cell let expect; see `know_past` for the parameter."""
    past = know_past(values)
    detrended = past.logs - past.national
    before, nearest, known_before = levels_before(detrended, SIDE)
    after, _, known_after = levels_after(detrended, SIDE)
    coarsest = trailing_most(trailing_most(past.steps, SIDE)[::-1], SIDE)[::-1]
    usual = _median_over_years(past.table)
    return Path(
        past=past,
        before=before + past.national,
        after=after + past.national,
        known_before=known_before,
        known_after=known_after,
        nearest_before=nearest + past.national,
        floor=rounding_floor(coarsest),
        spread=by_group(np.repeat(usual[:, None], len(past.national), axis=1), _any_year(past)),
    )


def _median_over_years(table: Float) -> Float:
    known = [row[np.isfinite(row)] for row in table]
    return np.array([np.median(row) if row.size else np.nan for row in known])


def _any_year(past: Past) -> Groups:
    """Return the size groups, a city's first known year in the group of its next."""
    groups = past.groups.copy()
    first = (past.seen == 0) & np.isfinite(past.logs)
    city, at = np.nonzero(first)
    later = np.where(past.groups >= 0, np.arange(groups.shape[1]), groups.shape[1])
    following = np.minimum(later.min(axis=1), groups.shape[1] - 1)[city]
    groups[city, at] = past.groups[city, following]
    return groups
