"""How columns divide the rows of a table: keys, units that lie within others, further names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from city_resilience.arrays import Int
from city_resilience.drafting.profile import ColumnProfile
from city_resilience.reading.wording import catalogue_key

__all__ = ["is_code", "is_key", "pairs", "same", "unlike", "within"]

_REPEATED = 0.02  # share of the rows that may stand twice: faults, which training then names
_STEADY = 0.98  # share of the fine units that lie in one coarse unit


def is_code(column: ColumnProfile) -> bool:
    """Return whether a column is called a code."""
    return column.says("code") or catalogue_key(column.header).endswith("_code")


def is_key(codes: Int, years: Int, repeated: float = _REPEATED) -> bool:
    """Return whether places and years make a row unique, but for some.

    Parameters
    ----------
    codes, years : ndarray of int, shape (rows,)
        Number of the place, -1 where blank, and year, 0 where blank.
    repeated : float
        Share of the rows that may stand twice.
    """
    kept = (codes >= 0) & (years > 0)
    if not kept.any() or kept.mean() < 0.9:
        return False
    rows = codes[kept] * 10_000 + years[kept]
    return 1 - len(np.unique(rows)) / len(rows) <= repeated


def within(fine: Int, coarse: Int) -> bool:
    """Return whether each unit of a fine division lies in one of a coarse one, but for some."""
    kept = (fine >= 0) & (coarse >= 0)
    if not kept.any():
        return False
    found = pd.DataFrame({"fine": fine[kept], "coarse": coarse[kept]}).drop_duplicates()
    return bool((found.groupby("fine").size() == 1).mean() >= _STEADY)


def same(a: ColumnProfile, b: ColumnProfile) -> bool:
    """Return whether two columns are names of the same units."""
    return within(a.codes, b.codes) and within(b.codes, a.codes)


def unlike(columns: Sequence[ColumnProfile]) -> tuple[list[ColumnProfile], list[ColumnProfile]]:
    """Sort columns into those that divide the rows differently and further names of these."""
    different: list[ColumnProfile] = []
    further: list[ColumnProfile] = []
    for column in columns:
        (further if any(same(column, own) for own in different) else different).append(column)
    return different, further


def pairs(a: ColumnProfile, b: ColumnProfile) -> Int:
    """Number the pairs of values of two columns, -1 where one is blank."""
    known = (a.codes >= 0) & (b.codes >= 0)
    return np.where(known, a.codes * (b.distinct + 1) + b.codes, -1)
