"""What a cell's past, its future and its neighbours in rank let expect.

Several variables may be asked at once, as (variables, cities, years): each has the same bits as
alone. All in natural logarithms; ``national`` is the trajectory of the median city, so that what
happens to most cities in a year surprises nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Mask, Strings
from city_resilience.audit import thresholds as limit
from city_resilience.audit.thresholds import Departure
from city_resilience.audit.trajectories import (
    beyond,
    levels_after,
    levels_before,
    median_of_known,
    national_paths,
    positive_logs,
    quantile_of_known,
    rounding_floor,
    rounding_steps,
    trailing_most,
)

__all__ = [
    "Past",
    "Trajectory",
    "by_group",
    "expanding_median",
    "past_of",
    "size_groups",
    "trajectory_of",
    "usual_moves",
]

Groups = NDArray[np.int8]
"""Size group of each city and year, 0 (smallest) to 4; -1 where the size is unknown."""


@dataclass(frozen=True)
class Past:
    """What may be known of a variable's cells as of their own year; shapes (cities, years).

    Attributes
    ----------
    logs : ndarray
        Logarithms of the positive values.
    national : ndarray, shape (1, years), or (cities, years) in a panel of several nations
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

    def of(self, variable: int) -> Past:
        """Return that of one of several variables."""
        return Past(*(getattr(self, own.name)[variable] for own in fields(self)))


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

    def of(self, variable: int) -> Trajectory:
        """Return that of one of several variables."""
        own = [getattr(self, field.name)[variable] for field in fields(self)[1:]]
        return Trajectory(self.past.of(variable), *own)


def past_of(values: Float, nation: Strings | None = None) -> Past:
    """Return what may be known of each cell as of its own year.

    Parameters
    ----------
    values : ndarray, shape (cities, years)
        Consecutive years; NaN = unknown.
    nation : ndarray of str, shape (cities,), optional
        Nation of each city; None when all are of one.

    Returns
    -------
    Past
        Each year's numbers have the same bits whatever later years stand beside it.
    """
    logs = positive_logs(values)
    national = national_paths(logs, nation)
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
        usual_move=by_group(np.fmax(table, _so_far(table)), groups),
        departure=beyond(logs, expected, floor),
    )


def trajectory_of(
    values: Float, nation: Strings | None = None, past: Past | None = None
) -> Trajectory:
    """Return what both sides of each cell let expect; see `past_of` for the parameters.

    ``past`` is what `past_of` returns of them, where that is known already.
    """
    past, side = past or past_of(values, nation), limit.SIDE_YEARS
    detrended = past.logs - past.national
    before, nearest, known_before = levels_before(detrended, side)
    after, _, known_after = levels_after(detrended, side)
    coarsest = trailing_most(trailing_most(past.steps, side)[..., ::-1], side)[..., ::-1]
    usual = np.repeat(median_of_known(past.table)[..., None], past.logs.shape[-1], axis=-1)
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


def _any_year(past: Past) -> Groups:
    """Return the size groups, a city's first known year in the group of its next."""
    groups, years = past.groups.copy(), past.groups.shape[-1]
    first = np.nonzero((past.known == 0) & np.isfinite(past.logs))
    later = np.where(past.groups >= 0, np.arange(years), years)
    following = np.minimum(later.min(axis=-1), years - 1)[first[:-1]]
    groups[first] = past.groups[(*first[:-1], following)]
    return groups


def size_groups(size: Float) -> Groups:
    """Return the fifth of the cities, by size in each year, that a city belongs to.

    Returns
    -------
    ndarray of int8, shape (cities, years)
        0 (smallest) to 4; -1 where the size is unknown.
    """
    by_year = np.ascontiguousarray(np.swapaxes(size, -1, -2))
    there = np.isfinite(by_year)
    known, ordered = there.sum(axis=-1, keepdims=True), np.sort(by_year, axis=-1)
    groups = there.astype(np.int8) - np.int8(1)
    for fifth in range(1, limit.SIZE_GROUPS):
        first = -(-fifth * known // limit.SIZE_GROUPS)  # rank of the first in this fifth
        at = np.minimum(first, by_year.shape[-1] - 1)
        least = np.where(first < known, np.take_along_axis(ordered, at, axis=-1), np.inf)
        groups += there & (by_year >= least)
        below = np.take_along_axis(ordered, np.maximum(at - 1, 0), axis=-1)
        torn = (first > 0) & (first < known) & (below == least)
        for year in zip(*np.nonzero(torn[..., 0]), strict=True):  # of equals the first go below
            equal = np.flatnonzero(by_year[year] == least[year])
            smaller = np.searchsorted(ordered[year], least[year][0])
            groups[year][equal[: first[year][0] - smaller]] -= 1
    return np.ascontiguousarray(np.swapaxes(groups, -1, -2))


def usual_moves(moves: Float, groups: Groups) -> Float:
    """Return the usual move of each group in each year, as a standard deviation.

    From the 95th percentile of the absolute moves, so that a variable whose cities often leap
    has a wide yardstick. A group's is at least half that of all cities of its year, and one of
    fewer than 20 cities takes theirs; fewer than 20 in all have it from the upper quartile.

    Parameters
    ----------
    moves : ndarray, shape (cities, years)
        Changes of logarithms less the national change.
    groups : ndarray of int8, shape (cities, years)

    Returns
    -------
    ndarray, shape (groups, years)
        NaN for a year without moves.
    """
    size = np.swapaxes(np.where(groups >= 0, np.abs(moves), np.nan), -1, -2)
    group = np.swapaxes(groups, -1, -2)
    everyone = _deviation(size)
    table = np.repeat(everyone[..., None, :], limit.SIZE_GROUPS, axis=-2)
    for one in range(limit.SIZE_GROUPS):
        own = np.where(group == one, size, np.nan)
        enough = np.isfinite(own).sum(axis=-1) >= limit.ENOUGH_CITIES
        if enough.any():
            least = limit.LEAST_OF_ALL * everyone[enough]
            table[..., one, :][enough] = np.maximum(_deviation(own[enough]), least)
    return table


def _deviation(sizes: Float) -> Float:
    """Return the standard deviation that the known sizes of each row tell."""
    enough = np.isfinite(sizes).sum(axis=-1) >= limit.ENOUGH_CITIES
    found = np.empty(enough.shape)
    found[enough] = quantile_of_known(sizes[enough], limit.FAR_QUANTILE) / limit.FAR_DEVIATIONS
    few = quantile_of_known(sizes[~enough], limit.NEAR_QUANTILE) / limit.NEAR_DEVIATIONS
    found[~enough] = few
    return found


def expanding_median(table: Float) -> Float:
    """Return, for each row and year, the median of the row's values up to that year."""
    years = range(1, table.shape[-1] + 1)
    return np.stack([median_of_known(table[..., :newest]) for newest in years], axis=-1)


def _so_far(table: Float) -> Float:
    """Return `expanding_median`; groups with the same moves are looked at once."""
    if np.array_equal(table[..., 1:, :], table[..., :-1, :], equal_nan=True):
        return expanding_median(table[..., :1, :])
    return expanding_median(table)


def by_group(table: Float, groups: Groups) -> Float:
    """Give each cell its group's usual move, at least 2 %; NaN where it has no group.

    Parameters
    ----------
    table : ndarray, shape (groups, years)
    groups : ndarray of int8, shape (cities, years)
    """
    usual = np.maximum(table, limit.LEAST_USUAL_MOVE)
    taken = np.take_along_axis(usual, np.maximum(groups, 0).astype(np.intp), axis=-2)
    return np.asarray(np.where(groups >= 0, taken, np.nan))
