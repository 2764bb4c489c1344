"""Marks of the cells of a panel, which tell what a later panel has revised without the values.

A mark is a number made of a value: equal for equal values, different for others but for one pair in
four thousand million. Marks are kept beside a model or an issued forecast, where the panel itself
may not be passed on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int
from city_resilience.errors import InputError
from city_resilience.foreign import read_table
from city_resilience.reading.panel import Grid, Panel

__all__ = [
    "MARKS",
    "YEAR_MARKS",
    "Change",
    "Revisions",
    "cell_marks",
    "mark_tables",
    "read_marks",
    "revised",
    "year_marks",
]

MARKS, YEAR_MARKS = "panel_marks.parquet", "panel_fingerprint.csv"
"""Files of a panel's marks and of its fingerprints by variable and year, among those of a run."""
Change = Literal["revised", "filled", "withdrawn"]
_KEYS = ["variable", "city", "year"]
_COLUMNS = [*_KEYS, "mark"]
# The same number, read from text or times a unit's factor, differs in its last binary digits.
_DIGITS = 12
_LEAST_EXPONENT = -280
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)


def cell_marks(panel: Panel) -> pd.DataFrame:
    """Return a mark of every cell of a panel that holds a number.

    Values count in the units of the catalogue and to twelve significant digits, so that another
    file format, unit or order of rows leaves every mark as it is.

    Returns
    -------
    DataFrame
        ``variable, city`` (categories), ``year`` (int64) and ``mark`` (uint32), sorted by these.
    """
    grid, names = panel.grid(), sorted(panel.variables)
    none = (np.empty(0, np.int32), grid.years[:0], np.empty(0, np.uint32))
    found = [none, *(_marked(grid, name) for name in names)]
    city, year, mark = (np.concatenate(parts) for parts in zip(*found, strict=True))
    counts = [len(marks) for *_, marks in found[1:]]
    return pd.DataFrame(
        {
            "variable": pd.Categorical.from_codes(np.repeat(np.arange(len(names)), counts), names),
            "city": pd.Categorical.from_codes(city, list(grid.cities)),
            "year": year,
            "mark": mark,
        }
    )


def _marked(grid: Grid, name: str) -> tuple[Int, Int, NDArray[np.uint32]]:
    """Return city, year and mark of each cell of a variable that holds a number."""
    values = np.asarray(grid.values[name])
    city, year = np.nonzero(np.isfinite(values))
    return city.astype(np.int32), grid.years[year], _marks(values[city, year])


def year_marks(marks: pd.DataFrame) -> pd.DataFrame:
    """Return the fingerprint of each variable and year.

    Parameters
    ----------
    marks : DataFrame
        As of `cell_marks`.

    Returns
    -------
    DataFrame
        ``variable, year``, ``cells`` (how many hold a number) and ``fingerprint`` (16 hexadecimal
        digits, the same in two panels whose cells of that variable and year are the same).
    """
    marks = marks.astype({"variable": "category", "city": "category"})
    cities = marks["city"].cat.categories
    names = np.array([_mark_of_name(str(name)) for name in cities], dtype=np.uint64)
    variables = marks["variable"].cat
    found = [
        _years_of(marks[variables.codes == variables.categories.get_loc(name)], str(name), names)
        for name in sorted(variables.categories)
    ]
    columns = ["variable", "year", "cells", "fingerprint"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def _years_of(marks: pd.DataFrame, variable: str, names: NDArray[np.uint64]) -> pd.DataFrame:
    """Return the fingerprints of one variable, given a number for each city."""
    mixed = _mixed(names[marks["city"].cat.codes] ^ marks["mark"].to_numpy(np.uint64))
    parts = pd.DataFrame({"year": marks["year"], "cells": 1, "fingerprint": mixed})
    found = parts.groupby("year", as_index=False).sum()
    digits = [f"{int(own):016x}" for own in found["fingerprint"]]
    found.insert(0, "variable", variable)
    return found.assign(fingerprint=digits)


def mark_tables(panel: Panel) -> dict[str, pd.DataFrame]:
    """Return the marks of a panel as the files that a run keeps, by their names."""
    marks = cell_marks(panel)
    return {MARKS: marks, YEAR_MARKS: year_marks(marks)}


@dataclass(frozen=True)
class Revisions:
    """What a panel says otherwise than an earlier one about the same cities, years and variables.

    Attributes
    ----------
    cells : DataFrame
        ``variable, city, year, change``, sorted: ``revised``, another value; ``filled``, a value
        where the earlier panel had none though it had that variable in that year; ``withdrawn``,
        no value any more.
    compared : int
        Cells with a value in both panels.
    new, gone : mapping of str to list
        Under ``variables``, ``cities`` and ``years`` those that only the later, or only the
        earlier panel has; their cells are not among ``cells``.
    """

    cells: pd.DataFrame
    compared: int
    new: dict[str, list[str] | list[int]]
    gone: dict[str, list[str] | list[int]]

    @property
    def counts(self) -> dict[str, int]:
        """Number of cells by change, all three changes named."""
        found = self.cells["change"].value_counts()
        return {change: int(found.get(change, 0)) for change in ("revised", "filled", "withdrawn")}

    @property
    def city_years(self) -> pd.DataFrame:
        """The city-years with a change: ``city, year, variables`` (how many), most first."""
        found = self.cells.groupby(["city", "year"], as_index=False).agg(
            variables=("variable", "size")
        )
        order = ["variables", "city", "year"]
        return found.sort_values(order, ascending=[False, True, True], ignore_index=True)

    def by_variable_year(self) -> pd.DataFrame:
        """Return how many cells changed: ``variable, year, revised, filled, withdrawn``."""
        table = pd.crosstab([self.cells["variable"], self.cells["year"]], self.cells["change"])
        table = table.reindex(columns=["revised", "filled", "withdrawn"], fill_value=0)
        return table.rename_axis(columns=None).reset_index()


def revised(old: pd.DataFrame, new: pd.DataFrame) -> Revisions:
    """Compare the marks of two panels, cell by cell.

    Parameters
    ----------
    old, new : DataFrame
        As of `cell_marks`; a newer panel has a year more, which is no revision.
    """
    added, gone = _only_in(new, old), _only_in(old, new)
    names = sorted(set(old["variable"].unique()) & set(new["variable"].unique()))
    pairs = [tuple(marks[marks["variable"] == name] for marks in (old, new)) for name in names]
    found = [_changes(_without(was, gone), _without(now, added)) for was, now in pairs]
    cells = pd.concat([_changes(old[:0], new[:0])[0], *(own for own, _ in found)])
    cells = cells.sort_values(_KEYS, ignore_index=True)
    return Revisions(cells, sum(count for _, count in found), added, gone)


def _changes(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the cells of a variable that changed, and how many have a value in both panels."""
    both = _beside(old, new)
    had, has = both["before"].notna(), both["now"].notna()
    offered = had.groupby(both["year"]).transform("any")
    changes = [had & has & (both["before"] != both["now"]), ~had & has & offered, had & ~has]
    change = np.select(changes, ["revised", "filled", "withdrawn"], "")
    cells = both[_KEYS].assign(change=change)[change != ""]
    return cells.astype({"variable": str, "city": str}), int((had & has).sum())


def read_marks(path: Path) -> pd.DataFrame:
    """Read the marks that a run has kept.

    Raises
    ------
    InputError
        If the file is damaged or of something else.
    """
    frame = read_table(path)
    kinds = [frame[name].dtype.kind if name in frame else "" for name in ("year", "mark")]
    known = list(frame.columns) == _COLUMNS and all(kind in ("i", "u") for kind in kinds)
    if not known or frame.isna().any(axis=None) or frame.duplicated(_KEYS).any():
        raise InputError(f"{path}: not the marks of a panel; train the model again")
    return frame


def _only_in(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, list[str] | list[int]]:
    """Return the variables, cities and years that only the first has."""
    found: dict[str, list[str] | list[int]] = {}
    for name, key in (("variables", "variable"), ("cities", "city"), ("years", "year")):
        own = one[key].drop_duplicates()
        found[name] = sorted(own[~own.isin(other[key])].tolist())
    return found


def _beside(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return both marks of every cell, ``before`` and ``now``, NaN where there is none."""
    names = [pd.unique(pd.concat([old[key], new[key]]).astype(object)) for key in _KEYS]
    shape = tuple(map(len, names))
    marks = {}
    for side, own in (("before", old), ("now", new)):
        at = [_positions(own[key], every) for key, every in zip(_KEYS, names, strict=True)]
        places = np.ravel_multi_index(at, shape) if len(own) else np.empty(0, dtype=np.int64)
        marks[side] = pd.Series(own["mark"].to_numpy(np.float64), index=places)
    both = pd.DataFrame(marks)
    codes = np.unravel_index(both.index.to_numpy(), shape) if len(both) else np.empty((3, 0), int)
    for key, code, every in zip(_KEYS, codes, names, strict=True):
        both[key] = pd.Categorical.from_codes(code, every) if key != "year" else every[code]
    return both.astype({"year": np.int64})


def _positions(column: pd.Series, every: NDArray[np.object_]) -> NDArray[np.intp]:
    own = column.astype("category").cat
    return np.asarray(pd.Index(every).get_indexer(own.categories)[own.codes])


def _without(marks: pd.DataFrame, left_out: dict[str, list[str] | list[int]]) -> pd.DataFrame:
    keys = zip(_KEYS, ("variables", "cities", "years"), strict=True)
    out = np.any([marks[key].isin(left_out[name]) for key, name in keys], axis=0)
    return marks[~out]


def _marks(values: Float) -> NDArray[np.uint32]:
    """Return the mark of each finite value."""
    size = np.abs(values)
    exponent = np.floor(np.log10(np.where(size > 0, size, 1.0)))
    exponent = np.maximum(exponent, _LEAST_EXPONENT)
    digits = np.rint(values / 10.0 ** (exponent - (_DIGITS - 1))).astype(np.int64)
    full = np.abs(digits) == 10**_DIGITS
    digits, exponent = np.where(full, digits // 10, digits), exponent + full
    whole = (digits << np.int64(10)) + exponent.astype(np.int64) + 512
    return _mixed(whole.view(np.uint64)).astype(np.uint32)


def _mark_of_name(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter 64-bit numbers, by the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        mixed = keys + _GOLDEN
        for shift, factor in _MIX:
            mixed = (mixed ^ (mixed >> shift)) * factor
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
