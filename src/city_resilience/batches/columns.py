"""Columns of numbers about all cities, in a file that is written and read batch by batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.memory import Rows

__all__ = ["Columns", "GatheredFile", "RowFile"]

_COPIED = 1 << 20  # bytes at once


@dataclass(frozen=True)
class Columns:
    """Columns in a file, shape (columns, years, cities): each column and year lies in one piece.

    Attributes
    ----------
    path : Path
    columns, years, cities : int
        Its shape. What is not written yet is 0.
    """

    path: Path
    columns: int
    years: int
    cities: int

    def __post_init__(self) -> None:
        if not self.path.exists():
            with self.path.open("wb") as file:
                file.truncate(8 * self.columns * self.years * self.cities)

    def write(self, column: int, rows: Rows, values: Float, first: int = 0) -> None:
        """Write some cities of a column from a year on, shape (cities, years)."""
        if not isinstance(rows, slice):
            shape, start = (values.shape[1], self.cities), self._place(column, first, 0)
            np.memmap(self.path, np.float64, "r+", start, shape)[:, rows] = values.T
            return
        with self.path.open("r+b", buffering=0) as file:
            for year, own in enumerate(np.ascontiguousarray(values.T), first):
                file.seek(self._place(column, year, rows.start))
                file.write(own.data)

    def read(self, columns: Positions, years: Positions, rows: slice) -> Float:
        """Return some cities, shape (cities, years, columns)."""
        found = np.empty((len(columns), len(years), rows.stop - rows.start))
        with self.path.open("rb", buffering=0) as file:
            for column, layer in zip(columns.tolist(), found, strict=True):
                for year, own in zip(years.tolist(), layer, strict=True):
                    file.seek(self._place(column, year, rows.start))
                    file.readinto(own.data)
        return np.ascontiguousarray(found.transpose(2, 1, 0))

    def mapped(self) -> Float:
        """Return all of them as they lie on disk, shape (cities, years, columns)."""
        if not self.columns * self.years * self.cities:
            return np.empty((self.cities, self.years, self.columns))
        shape = (self.columns, self.years, self.cities)
        return np.memmap(self.path, np.float64, "r", shape=shape).transpose(2, 1, 0)

    def only(self, kept: Positions) -> Columns:
        """Move some of the columns, in rising order, to the front and leave out the others."""
        size = 8 * self.years * self.cities
        with self.path.open("rb") as source, self.path.open("r+b") as target:
            for place, column in enumerate(kept.tolist()):
                if place != column:
                    source.seek(column * size)
                    target.seek(place * size)
                    _copy(source, target, size)
            target.truncate(len(kept) * size)
        return Columns(self.path, len(kept), self.years, self.cities)

    def _place(self, column: int, year: int, city: int) -> int:
        return 8 * ((column * self.years + year) * self.cities + city)


@dataclass(frozen=True)
class RowFile:
    """One array of shape (cities, years) in a file."""

    path: Path
    shape: tuple[int, int]

    def put(self, rows: Rows, values: Float) -> None:
        """Write some cities."""
        with self.path.open("ab"), self.path.open("r+b", buffering=0) as file:
            file.truncate(8 * self.shape[0] * self.shape[1])
            if isinstance(rows, slice):
                file.seek(8 * self.shape[1] * rows.start)
                file.write(np.ascontiguousarray(values).data)
                return
        np.memmap(self.path, np.float64, "r+", shape=self.shape)[rows] = values

    def whole(self) -> Float:
        """Return it as it lies on disk."""
        return np.memmap(self.path, np.float64, "r", shape=self.shape)


@dataclass
class GatheredFile:
    """Columns of all cities of a nation that are laid one under another in a file.

    A `city_resilience.indicators.formulas.together.Column`.
    """

    path: Path
    width: int = 0
    rows: int = 0
    prepared: Any = field(default=None, repr=False)

    def below(self, rows: Float) -> GatheredFile:
        """Write further rows below."""
        with self.path.open("ab") as file:
            file.write(np.ascontiguousarray(rows, dtype=np.float64).data)
        self.width, self.rows = rows.shape[1], self.rows + len(rows)
        return self

    def whole(self) -> Float:
        """Return all rows as they lie on disk."""
        if not self.rows * self.width:
            return np.empty((self.rows, self.width))
        return np.memmap(self.path, np.float64, "r", shape=(self.rows, self.width))


def _copy(source: Any, target: Any, size: int) -> None:
    """Copy bytes from where one file stands to where another does."""
    while size > 0:
        part = source.read(min(size, _COPIED))
        target.write(part)
        size -= len(part)
