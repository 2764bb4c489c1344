"""Trajectories of cities through the years: pure functions on arrays of shape (cities, years).

Several variables may stand before the cities, as (variables, cities, years); each one's numbers
have the same bits as if it stood alone. NaN is "unknown" in and out. `levels_before`,
`national_path` and `rounding_steps` give a year's result from that year and earlier ones alone, bit
for bit, whatever later years stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask, Strings
from city_resilience.audit import thresholds as limit

__all__ = [
    "beyond",
    "cells_of",
    "levels_after",
    "levels_before",
    "median_of_known",
    "national_path",
    "national_paths",
    "positive_logs",
    "quantile_of_known",
    "rounding_floor",
    "rounding_steps",
    "runs",
    "trailing_most",
]

_LONG = 256  # values that are quicker parted than sorted


def cells_of(mask: Mask) -> list[tuple[int, int]]:
    """Return row and column of each cell of a mask.

    Examples
    --------
    >>> cells_of(np.array([[False, True], [True, False]]))
    [(0, 1), (1, 0)]
    """
    return [(city, at) for city, at in np.argwhere(mask).tolist()]


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Return first and last position of each run of True.

    Examples
    --------
    >>> runs(np.array([False, True, True, False, True]))
    [(1, 2), (4, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(start), int(end) - 1) for start, end in edges.reshape(-1, 2)]


def median_of_known(x: Float) -> Float:
    """Return the median along the last axis, NaN left out.

    Examples
    --------
    >>> median_of_known(np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]]))
    array([ 2., nan])
    """
    known = np.isfinite(x).sum(axis=-1)
    low, high = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, x.shape[-1] - 1)
    lower, upper = _in_order(x, low, high)
    return np.asarray(np.where(known > 0, (lower + upper) / 2, np.nan))


def quantile_of_known(x: Float, share: float) -> Float:
    """Return a quantile along the last axis, NaN left out; the bits are those of `numpy.quantile`.

    Examples
    --------
    >>> quantile_of_known(np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]]), 0.75)
    array([2.5, nan])
    """
    last = np.isfinite(x).sum(axis=-1) - 1
    place = np.maximum(last, 0) * share
    low = np.floor(place).astype(np.intp)
    below, above = _in_order(x, low, np.minimum(low + 1, np.maximum(last, 0)))
    weight, step = place - low, above - below
    found = np.where(weight >= 0.5, above - step * (1 - weight), below + step * weight)
    return np.asarray(np.where(last >= 0, found, np.nan))


def _in_order(x: Float, first: NDArray[np.intp], second: NDArray[np.intp]) -> tuple[Float, Float]:
    """Return two values of each row by their places in its order, NaN last.

    The second place is the first or the next. Long rows are not sorted for it.
    """
    if x.shape[-1] < _LONG:
        ordered = np.sort(x, axis=-1)
        return _taken(ordered, first), _taken(ordered, second)
    found = np.full((2, first.size), np.nan)
    rows = x.reshape(-1, x.shape[-1])
    for row, low, high, own in zip(rows, first.flat, second.flat, found.T, strict=True):
        known = row[~np.isnan(row)]
        if len(known) > high:
            parted = np.partition(known, high)
            own[1] = parted[high]
            own[0] = parted[high] if low == high else parted[:high].max()
        elif len(known) > low:
            own[0] = known.max()
    return found[0].reshape(first.shape), found[1].reshape(first.shape)


def _taken(x: Float, at: NDArray[np.intp]) -> Float:
    """Return one value of each row."""
    return np.asarray(np.take_along_axis(x, at[..., None], axis=-1)[..., 0])


def positive_logs(x: Float) -> Float:
    """Natural logarithm of positive cells, NaN elsewhere.

    A year in which more than 5 % of the known cells are negative is a year of a signed variable,
    which has no logarithm: NaN for all.
    """
    negative = (x < 0).sum(axis=-2, keepdims=True)
    known = np.isfinite(x)
    signed = negative > np.maximum(1, limit.NEGATIVE_SHARE * known.sum(axis=-2, keepdims=True))
    return np.log(np.where((x > 0) & known & ~signed, x, np.nan))


def rounding_steps(x: Float) -> Float:
    """Return the power of ten that the positive values of each year are multiples of.

    Nine values in ten must be multiples, so that one odd cell does not hide the rounding.

    Returns
    -------
    ndarray, shape (years,)
        0 for a year without positive values, or with values rounded more finely than 1e-8.

    Examples
    --------
    >>> rounding_steps(np.array([[0.25, 300.0], [1.5, 1200.0]])).round(3)
    array([1.e-02, 1.e+02])
    """
    usable = np.where(np.isfinite(x) & (x > 0), x, np.nan)
    columns = np.swapaxes(usable, -1, -2)
    columns = columns.reshape(math.prod(columns.shape[:-1]), x.shape[-2])
    counts = np.isfinite(columns).sum(axis=1)
    steps = np.zeros(len(columns))
    sampled = counts >= 2 * limit.ROUNDING_SAMPLE
    steps[~sampled] = _steps_of(columns[~sampled], counts[~sampled])
    for at in np.flatnonzero(sampled):
        known = columns[at][np.isfinite(columns[at])]
        known = known[:: len(known) // limit.ROUNDING_SAMPLE]
        steps[at] = _steps_of(known[None, :], np.array([len(known)]))[0]
    return steps.reshape(*x.shape[:-2], x.shape[-1])


def _steps_of(columns: Float, counts: NDArray[np.intp]) -> Float:
    """Return the rounding step of each row of values, of which so many are known."""
    steps, exponents = np.zeros(len(columns)), np.arange(6, -9, -1)
    may = (counts > 0)[:, None] & _may_be_rounded(columns, counts, exponents)
    for at in np.flatnonzero(may.any(axis=0)).tolist():
        asked = np.flatnonzero(may[:, at] & (steps == 0))
        close = _is_multiple(columns[asked], exponents[at]).sum(axis=-1)
        rounded = close / counts[asked] >= limit.ROUNDED_SHARE
        steps[asked[rounded]] = 10.0 ** float(exponents[at])
    return steps


def _may_be_rounded(columns: Float, counts: NDArray[np.intp], exponents: Int) -> Mask:
    """Return which exponents the first values of each row leave a chance, (rows, exponents)."""
    few = columns[:, None, : int(limit.ROUNDING_FIRST * columns.shape[1]) + 1]
    odd = np.isfinite(few).sum(axis=-1) - _is_multiple(few, exponents[:, None]).sum(axis=-1)
    most = np.maximum(counts, 1)[:, None]
    return np.asarray((most - odd) / most >= limit.ROUNDED_SHARE)


def _is_multiple(values: Float, exponent: Int) -> Mask:
    units = values / 10.0**exponent
    whole = np.round(units)
    slack = np.clip(1e-6 * units, 1e-6, 0.2)
    return np.asarray((np.abs(units - whole) <= slack) & (whole > 0))


def trailing_most(steps: Float, years: int) -> Float:
    """Return the largest of each year's value and those of the ``years`` years before it."""
    return np.stack(
        [steps[..., max(0, at - years) : at + 1].max(axis=-1) for at in range(steps.shape[-1])],
        axis=-1,
    )


def rounding_floor(steps: Float) -> Float:
    """Return ln of ten rounding steps: what is smaller is mostly rounding; -inf where none."""
    positive = steps > 0
    return np.where(
        positive, np.log(np.where(positive, limit.ROUNDING_STEPS * steps, 1.0)), -np.inf
    )


def beyond(logs: Float, expected: Float, floor: Float) -> Float:
    """Return ``logs - expected``, both at least ``floor``: what rounding can explain is zero.

    ``floor`` is that of each year.

    Examples
    --------
    >>> beyond(np.log([[0.04, 5.0]]), np.log([[0.01, 0.01]]), np.log([0.1, 0.1])).round(2)
    array([[0.  , 3.91]])
    """
    floor = floor[..., None, :]
    return np.asarray(np.maximum(logs, floor) - np.maximum(expected, floor))


def national_path(logs: Float) -> Float:
    """Cumulate the median change over the cities since each one's last known year.

    Returns
    -------
    ndarray, shape (years,)
        Log points / 100 since the first year; a year without changes keeps the year before.
    """
    years = logs.shape[-1]
    path = np.zeros((*logs.shape[:-2], years))
    last, then = np.full(logs.shape[:-1], np.nan), np.zeros(logs.shape[:-1])
    for at in range(years):
        now = logs[..., at]
        middle = median_of_known((now - last) + then)
        before = path[..., at - 1] if at else 0.0
        path[..., at] = np.where(np.isfinite(middle), middle, before)
        seen = np.isfinite(now)
        last = np.where(seen, now, last)
        then = np.where(seen, path[..., at, None], then)
    return path


def national_paths(logs: Float, nation: Strings | None = None) -> Float:
    """Return the national path of each city's own nation.

    Parameters
    ----------
    logs : ndarray, shape (cities, years)
    nation : ndarray of str, shape (cities,), optional
        Nation of each city; None when all are of one.

    Returns
    -------
    ndarray, shape (1, years) or (cities, years)
        One path for all, or that of each city.
    """
    if nation is None:
        return national_path(logs)[..., None, :]
    paths = np.empty(logs.shape)
    for name in np.unique(nation):
        paths[..., nation == name, :] = national_path(logs[..., nation == name, :])[..., None, :]
    return paths


def levels_before(x: Float, most: int) -> tuple[Float, Float, NDArray[np.int16]]:
    """Return what each city's last known values before each year tell.

    Parameters
    ----------
    x : ndarray, shape (cities, years)
    most : int
        How many of the last known values the level is the median of.

    Returns
    -------
    level, last : ndarray of float64, shape of x
        Median of the last known values, and the very last one.
    seen : ndarray of int16, shape of x
        Number of known values before the year.
    """
    rows = x.reshape(-1, x.shape[-1])
    level, last = np.full(rows.shape, np.nan), np.full(rows.shape, np.nan)
    seen = np.zeros(rows.shape, dtype=np.int16)
    count = np.zeros(len(rows), dtype=np.int16)
    window = [np.full(len(rows), np.inf) for _ in range(most)]
    for at in range(rows.shape[1]):
        known_last = np.where(count > 0, window[-1], np.nan)
        level[:, at], last[:, at], seen[:, at] = _median_of_first(window, count), known_last, count
        newest = np.ascontiguousarray(rows[:, at])
        known = np.isfinite(newest)
        later = [*window[1:], newest]
        pairs = zip(later, window, strict=True)
        window = later if known.all() else [np.where(known, new, old) for new, old in pairs]
        count += known
    return level.reshape(x.shape), last.reshape(x.shape), seen.reshape(x.shape)


def _median_of_first(window: Sequence[Float], count: NDArray[np.int16]) -> Float:
    """Return the median of each row's ``count`` values, at most all; what is no value is infinite.

    Few columns are sorted by exchanging neighbours, all rows at once.
    """
    most = len(window)
    if (count >= most).all() and most in (3, 5):
        return _median_of(*window)
    ordered = list(window)
    for end in range(len(window) - 1, 0, -1):
        for k in range(end):
            pair = ordered[k], ordered[k + 1]
            ordered[k], ordered[k + 1] = np.minimum(*pair), np.maximum(*pair)
    if (count >= most).all():
        return np.asarray((ordered[(most - 1) // 2] + ordered[most // 2]) / 2)
    known, columns = np.minimum(count, most), np.stack(ordered)
    low, high = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, most - 1)
    rows = np.arange(len(count))
    return np.where(known > 0, (columns[low, rows] + columns[high, rows]) / 2, np.nan)


def _median_of(one: Float, other: Float, last: Float, *more: Float) -> Float:
    """Return the median of three known values, or of five, in the fewest exchanges."""
    if more:  # of four, neither the least nor the largest is the median of five
        low, high = np.minimum(one, other), np.maximum(one, other)
        one = np.maximum(low, np.minimum(*more))
        other = np.minimum(high, np.maximum(*more))
    return np.maximum(np.minimum(one, other), np.minimum(np.maximum(one, other), last))


def levels_after(x: Float, most: int) -> tuple[Float, Float, NDArray[np.int16]]:
    """Return the same of the next known values after each year."""
    level, nearest, seen = levels_before(x[..., ::-1], most)
    return level[..., ::-1], nearest[..., ::-1], seen[..., ::-1]
