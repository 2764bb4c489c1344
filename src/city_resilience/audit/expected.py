"""What a cell's past, its future and its neighbours in rank let expect.

All in natural logarithms; ``national`` is the trajectory of the median city, so that what happens
to most cities in a year surprises nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit import thresholds as limit
from city_resilience.audit.thresholds import Departure
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
from city_resilience.audit.usual_moves import (
    Groups,
    by_group,
    expanding_median,
    size_groups,
    usual_moves,
)

__all__ = ["Past", "Trajectory", "past_of", "trajectory_of"]


@dataclass(frozen=True)
class Past:
    """What may be known of a variable's cells as of their own year; shapes (cities, years).

    Attributes
    ----------
    logs : ndarray
        Logarithms of the positive values.
    national : ndarray, shape (years,)
        Trajectory of the median city.
    steps, floor : ndarray, shape (years,)
        Rounding step of each year's values, and ln of ten of them.
    expected : ndarray
        ln of the level of the city's last five known values, carried along the national trajectory.
    last : ndarray
        The same of the very last known value.
    known : ndarray of int16
        Number of known values before.
    moves : ndarray
        Change since the last known value beyond the national one and beyond rounding.
    groups : ndarray of int8
        Size group by the last known value.
    table : ndarray, shape (groups, years)
        Usual move by size group and year.
    usual_move : ndarray
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
    known: NDArray[np.int16]
    moves: Float
    groups: Groups
    table: Float
    usual_move: Float
    departure: Float

    @property
    def surprise(self) -> Float:
        """How many usual moves each cell is beyond ``expected``."""
        return np.asarray(np.abs(self.departure) / self.usual_move)

    def left(self, least: Departure) -> Mask:
        """Return which cells left the trajectory by so much."""
        return least.reached(self.departure, self.surprise)


@dataclass(frozen=True)
class Trajectory:
    """A variable's cells between their past and their future; shapes (cities, years).

    Attributes
    ----------
    past : Past
    before, after : ndarray
        ln of the level of the three known values before and after, along the national trajectory.
    known_before, known_after : ndarray of int16
        Number of known values on either side.
    nearest_before : ndarray
        ln of the last known value before, along the national trajectory.
    floor : ndarray, shape (years,)
        ln of ten rounding steps of the coarsest year in the window.
    usual_move : ndarray
        Usual move of the neighbours in rank over all years.
    """

    past: Past
    before: Float
    after: Float
    known_before: NDArray[np.int16]
    known_after: NDArray[np.int16]
    nearest_before: Float
    floor: Float
    usual_move: Float

    @property
    def both_known(self) -> Mask:
        """Where a value is known on either side."""
        return np.asarray((self.known_before > 0) & (self.known_after > 0))

    @property
    def from_before(self) -> Float:
        """How far each cell is beyond the level before it."""
        return beyond(self.past.logs, self.before, self.floor)

    @property
    def from_after(self) -> Float:
        """How far each cell is beyond the level after it."""
        return beyond(self.past.logs, self.after, self.floor)


def past_of(values: Float) -> Past:
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
    floor = rounding_floor(trailing_most(steps, limit.PAST_YEARS))
    level, last, known = levels_before(logs - national, limit.PAST_YEARS)
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
        known=known,
        moves=moves,
        groups=groups,
        table=table,
        usual_move=by_group(np.fmax(table, expanding_median(table)), groups),
        departure=beyond(logs, expected, floor),
    )


def trajectory_of(values: Float) -> Trajectory:
    """Return what both sides of each cell let expect; see `past_of` for the parameter."""
    past, side = past_of(values), limit.SIDE_YEARS
    detrended = past.logs - past.national
    before, nearest, known_before = levels_before(detrended, side)
    after, _, known_after = levels_after(detrended, side)
    coarsest = trailing_most(trailing_most(past.steps, side)[::-1], side)[::-1]
    usual = np.repeat(_median_over_years(past.table)[:, None], len(past.national), axis=1)
    return Trajectory(
        past=past,
        before=before + past.national,
        after=after + past.national,
        known_before=known_before,
        known_after=known_after,
        nearest_before=nearest + past.national,
        floor=rounding_floor(coarsest),
        usual_move=by_group(usual, _any_year(past)),
    )


def _median_over_years(table: Float) -> Float:
    known = [row[np.isfinite(row)] for row in table]
    return np.array([np.median(row) if row.size else np.nan for row in known])


def _any_year(past: Past) -> Groups:
    """Return the size groups, a city's first known year in the group of its next."""
    groups = past.groups.copy()
    city, at = np.nonzero((past.known == 0) & np.isfinite(past.logs))
    later = np.where(past.groups >= 0, np.arange(groups.shape[1]), groups.shape[1])
    following = np.minimum(later.min(axis=1), groups.shape[1] - 1)[city]
    groups[city, at] = past.groups[city, following]
    return groups
