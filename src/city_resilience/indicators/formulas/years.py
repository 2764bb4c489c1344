"""Arrays of shape (cities, years, ...) moved through the years."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float

__all__ = ["lag", "lead", "newest"]


def lag(x: NDArray[Any], years: int) -> Float:
    """Return the values of ``years`` years before; the first years are missing.

    Examples
    --------
    >>> lag(np.array([[1.0, 2.0, 3.0]]), 1)
    array([[nan,  1.,  2.]])
    """
    if years < 0:
        raise ValueError(f"a lag looks back, found {years} years")
    earlier = np.full(x.shape, np.nan)
    earlier[:, years:] = x[:, : max(x.shape[1] - years, 0)]
    return earlier


def lead(x: NDArray[Any], years: int) -> Float:
    """Return the values of ``years`` years later, for labels alone; the last years are missing.

    Examples
    --------
    >>> lead(np.array([[1.0, 2.0, 3.0]]), 1)
    array([[ 2.,  3., nan]])
    """
    if years < 0:
        raise ValueError(f"a lead looks ahead, found {years} years")
    later = np.full(x.shape, np.nan)
    later[:, : max(x.shape[1] - years, 0)] = x[:, years:]
    return later


def newest(x: Float) -> Float:
    """Return the newest value known by each year.

    Examples
    --------
    >>> newest(np.array([[np.nan, 2.0, np.nan, 4.0]]))
    array([[nan,  2.,  2.,  4.]])
    """
    column = np.where(np.isfinite(x), np.arange(x.shape[1]), 0)
    return np.take_along_axis(x, np.maximum.accumulate(column, axis=1), axis=1)
