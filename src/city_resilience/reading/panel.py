"""The panel: one long frame of cities and years, and the same numbers on a city × year grid."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.variables import Variable
from city_resilience.experiment.outcome import Outcome
from city_resilience.reading.account import Account
from city_resilience.reading.coordinates import find_coordinates, stated_coordinates
from city_resilience.reading.issues import Issue, Place

__all__ = ["Grid", "Panel"]

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """Variables of a panel as arrays of shape (cities, years).

    Attributes
    ----------
    cities : tuple of str
        Sorted names, the rows.
    years : ndarray of int64, shape (years,)
        Consecutive years, the columns; a year without any row is a column of NaN.
    values : mapping of str to ndarray of float64, shape (cities, years)
        Variable id to values in catalogue units, read-only; NaN = unknown.
    province : ndarray of str, shape (cities,), or None
        Province of each city ("" where unknown); None when the panel has no provinces.
    coordinates : ndarray of float64, shape (cities, 2), or None
        Longitude and latitude of each city in degrees, NaN where unknown; None where all are.
    nation : ndarray of str, shape (cities,), or None
        Nation of each city; None when all are of one.
    """

    cities: tuple[str, ...]
    years: NDArray[np.int64]
    values: Mapping[str, Float]
    province: NDArray[np.str_] | None
    coordinates: Float | None = None
    nation: NDArray[np.str_] | None = None

    def column(self, year: int) -> int:
        """Return the column index of a year."""
        return int(year - self.years[0])

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cities and of years."""
        return len(self.cities), len(self.years)

    def of(self, cities: NDArray[np.intp] | slice) -> Grid:
        """Return the grid of some of the cities; those of a slice share the memory of this one."""
        if isinstance(cities, slice) and cities == slice(None):
            return self
        province, coordinates, nation = self.province, self.coordinates, self.nation
        names = self.cities
        return Grid(
            names[cities]
            if isinstance(cities, slice)
            else tuple(names[city] for city in cities.tolist()),
            self.years,
            {name: values[cities] for name, values in self.values.items()},
            None if province is None else province[cities],
            None if coordinates is None else coordinates[cities],
            None if nation is None else nation[cities],
        )


@dataclass(frozen=True)
class Panel:
    """A checked long frame, sorted by city and year, with what its columns mean.

    Attributes
    ----------
    frame : DataFrame
        Columns ``city`` (str), ``year`` (int64), ``province`` and ``nation`` (str, when known),
        the group columns (str) and one float64 column per variable id, in catalogue units. One
        row per city and year.
    variables : mapping of str to Variable
        Meaning of each numeric column.
    groups : tuple of str
        Categorical columns that scores are sliced by (``province`` is not one of them).
    notes : tuple of str
        What was converted, left unplaced or dropped while reading, one sentence each.
    source : str
        Name of the file the panel came from.
    rows : ndarray of int64, shape (rows,), or None
        Row in the file, as a spreadsheet counts, of each row of the frame.
    headers : mapping of str to str
        Variable id to the header of its column in the file.
    masked : tuple of str
        Cells that an audit masks, one sentence for each variable; among the notes too.
    addresses : mapping of (str, str, int) to Place
        Variable, city and year to the cell of a sheet, in a panel that was imported.
    issues : tuple of Issue
        Rows and cells that could not be read or used; they are not in the frame.
    account : Account
        What each column of the file became, and which rows were set aside.
    """

    frame: pd.DataFrame
    variables: Mapping[str, Variable]
    groups: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    source: str = ""
    rows: NDArray[np.int64] | None = field(default=None, compare=False)
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)
    masked: tuple[str, ...] = field(default=(), compare=False)
    addresses: Mapping[tuple[str, str, int], Place] = field(default_factory=dict, compare=False)
    issues: tuple[Issue, ...] = field(default=(), compare=False)
    account: Account = field(default=Account(), compare=False)

    @property
    def cities(self) -> list[str]:
        """Sorted names of the cities."""
        return sorted(self.frame["city"].unique())

    @property
    def years(self) -> range:
        """Every year from the first to the last of the panel."""
        return range(int(self.frame["year"].min()), int(self.frame["year"].max()) + 1)

    @property
    def columns(self) -> list[str]:
        """Names of the columns of the frame, in its order."""
        return list(self.frame.columns)

    @property
    def city_years(self) -> int:
        """Number of rows of the frame."""
        return len(self.frame)

    def among(self, cities: Collection[str]) -> Panel:
        """Return the panel of some cities."""
        own = self.frame["city"].isin(cities).to_numpy()
        rows = None if self.rows is None else self.rows[own]
        return replace(self, frame=self.frame[own].reset_index(drop=True), rows=rows)

    def resolved(self, outcome: Outcome) -> Outcome:
        """Return the outcome with the id of its weight, where a header names it."""
        if outcome.weight in self.variables:
            return outcome
        named = (id for id, header in self.headers.items() if header == outcome.weight)
        return outcome.model_copy(update={"weight": next(named, outcome.weight)})

    def stated(self, outcome: Outcome) -> Panel:
        """Return the panel with the scale that an experiment states of its outcome."""
        if outcome.variable not in self.variables:
            return self
        variable = replace(self.variables[outcome.variable], scale=outcome.scale)
        return replace(self, variables={**self.variables, variable.id: variable})

    def truncate(self, year: int) -> Panel:
        """Return the panel as it stood when ``year`` was its newest year."""
        kept = (self.frame["year"] <= year).to_numpy()
        rows = None if self.rows is None else self.rows[kept]
        return replace(self, frame=self.frame[kept].reset_index(drop=True), rows=rows)

    def place(self, position: int, variable: str = "") -> Place:
        """Return where a cell of the frame stands in the file, as far as that is known.

        Parameters
        ----------
        position : int
            Row of the frame, from 0.
        variable : str
            Variable id; empty for the row alone.
        """
        if self.rows is None:
            city, year = self.frame["city"].iloc[position], self.frame["year"].iloc[position]
            return self.addresses.get((variable, str(city), int(year)), Place())
        return Place(row=int(self.rows[position]), header=self.headers.get(variable, ""))

    def fingerprint(self) -> str:
        """Return a hash of keys, columns and values that does not depend on the row order."""
        digest = hashlib.sha256("\x1f".join(self.frame.columns).encode())
        for name in self.frame.columns:
            column = self.frame[name]
            if column.dtype.kind in "fi":
                digest.update(np.ascontiguousarray(column.to_numpy()).tobytes())
            else:
                digest.update("\x1f".join(column.fillna("").astype(str)).encode())
        return digest.hexdigest()[:16]

    def slices(self) -> dict[str, NDArray[np.str_]]:
        """Return the groups of each city by its newest row, shape (cities,), "" where unknown.

        ``province`` and ``nation`` are among them when known; a column of numbers is no group.
        """
        names = [name for name in ("province", "nation", *self.groups) if name in self.frame]
        newest = self.frame.sort_values(["city", "year"]).drop_duplicates("city", keep="last")
        return {
            name: newest[name].where(newest[name].notna(), "").to_numpy(dtype=np.str_)
            for name in names
            if not pd.api.types.is_float_dtype(newest[name])
        }

    def grid(self) -> Grid:
        """Return the numeric columns on a complete city × year grid, laid out once."""
        return self._grid

    @cached_property
    def _grid(self) -> Grid:
        cities, years = tuple(self.cities), np.asarray(self.years, dtype=np.int64)
        row = pd.Index(cities).get_indexer(self.frame["city"])
        column = self.frame["year"].to_numpy() - years[0]
        names = list(self.variables)
        stack = np.full((len(names), len(cities), len(years)), np.nan)
        stack[:, row, column] = self.frame[names].to_numpy(dtype=np.float64).T
        values = dict(zip(names, stack, strict=True))
        return _grid_of(cities, years, values, *map(self._newest, ("province", "nation")))

    def _newest(self, key: str) -> NDArray[np.str_] | None:
        """Return the province or nation of each city, as its newest row has it."""
        if key not in self.frame:
            return None
        newest = self.frame.drop_duplicates("city", keep="last").set_index("city")[key]
        return np.asarray(newest.reindex(self.cities).fillna(""), dtype=np.str_)

    def mask(self, cells: Mapping[str, Mask], notes: Sequence[str]) -> Panel:
        """Return the panel with some cells unknown; its grid is not laid out again.

        Parameters
        ----------
        cells : mapping of str to ndarray of bool, shape (cities, years)
            Variable id to the cells that become unknown.
        notes : sequence of str
            What was masked; among the notes and the `masked` of the panel.
        """
        grid = self.grid()
        row = pd.Index(grid.cities).get_indexer(self.frame["city"])
        column = self.frame["year"].to_numpy() - grid.years[0]
        found = {name: np.where(mask, np.nan, grid.values[name]) for name, mask in cells.items()}
        masked = replace(
            self,
            frame=self.frame.assign(**{name: v[row, column] for name, v in found.items()}),
            notes=(*self.notes, *notes),
            masked=(*self.masked, *notes),
        )
        values = {**grid.values, **found}
        masked.__dict__["_grid"] = _grid_of(
            grid.cities, grid.years, values, grid.province, grid.nation
        )
        return masked


def _grid_of(
    cities: tuple[str, ...],
    years: NDArray[np.int64],
    values: Mapping[str, Float],
    province: NDArray[np.str_] | None,
    nation: NDArray[np.str_] | None,
) -> Grid:
    for array in values.values():
        array.flags.writeable = False
    coordinates = stated_coordinates(values)
    if coordinates is None:
        coordinates = find_coordinates(cities, () if province is None else tuple(province))
    return Grid(cities, years, values, province, coordinates, nation)
