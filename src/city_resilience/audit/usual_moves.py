"""How far cities of similar size usually move in a year: the yardstick of every surprise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit import thresholds as limit
from city_resilience.audit.trajectories import Float

__all__ = ["by_group", "expanding_median", "size_groups", "usual_moves"]

Groups = NDArray[np.int8]


def size_groups(size: Float) -> Groups:
    """Return the fifth of the cities, by size in each year, that a city belongs to.

    Returns
    -------
    ndarray of int8, shape (cities, years)
        0 (smallest) to 4; -1 where the size is unknown.
    """
    groups = np.full(size.shape, -1, dtype=np.int8)
    for at in range(size.shape[1]):
        known = np.flatnonzero(np.isfinite(size[:, at]))
        ranked = known[np.argsort(size[known, at], kind="stable")]
        groups[ranked, at] = np.arange(len(ranked)) * limit.SIZE_GROUPS // max(len(ranked), 1)
    return groups


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
    table = np.full((limit.SIZE_GROUPS, moves.shape[1]), np.nan)
    for at in range(moves.shape[1]):
        size = np.abs(moves[:, at])
        known = np.isfinite(size) & (groups[:, at] >= 0)
        if not known.any():
            continue
        everyone = _deviation(size[known])
        for group in range(limit.SIZE_GROUPS):
            own = size[known & (groups[:, at] == group)]
            enough = len(own) >= limit.ENOUGH_CITIES
            least = limit.LEAST_OF_ALL * everyone
            table[group, at] = max(_deviation(own), least) if enough else everyone
    return table


def _deviation(sizes: Float) -> float:
    if len(sizes) >= limit.ENOUGH_CITIES:
        return float(np.quantile(sizes, limit.FAR_QUANTILE)) / limit.FAR_DEVIATIONS
    return float(np.quantile(sizes, limit.NEAR_QUANTILE)) / limit.NEAR_DEVIATIONS


def expanding_median(table: Float) -> Float:
    """Return, for each row and year, the median of the row's values up to that year."""
    medians = np.full(table.shape, np.nan)
    for row, values in enumerate(table):
        for at in range(len(values)):
            known = values[: at + 1][np.isfinite(values[: at + 1])]
            medians[row, at] = np.median(known) if known.size else np.nan
    return medians


def by_group(table: Float, groups: Groups) -> Float:
    """Give each cell its group's usual move, at least 2 %; NaN where it has no group.

    Parameters
    ----------
    table : ndarray, shape (groups, years)
    groups : ndarray of int8, shape (cities, years)
    """
    taken = np.maximum(table, limit.LEAST_USUAL_MOVE)[
        np.maximum(groups, 0), np.arange(groups.shape[1])
    ]
    return np.asarray(np.where(groups >= 0, taken, np.nan))
