"""The rows of a release: its columns found, its names, years, figures and dates read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.early import Release
from city_resilience.reading.cells import cell_text
from city_resilience.reading.checks import is_year
from city_resilience.reading.column_cells import as_text, as_years, read_numbers
from city_resilience.reading.headers import find_column
from city_resilience.reading.opening import RawTable
from city_resilience.reading.wording import (
    catalogue_key,
    key_of,
    single_line,
    split_year,
    unspaced,
)

__all__ = ["ReleaseRows", "read_rows", "release_cells", "text_columns", "year_columns"]

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?")
_MOST_CHARACTERS = 60


@dataclass(frozen=True)
class ReleaseRows:
    """Rows of a release that have a figure.

    Attributes
    ----------
    row : ndarray of int64, shape (rows,)
        Row in the file.
    name : tuple of str, length rows
        Group, "" in a release of the whole.
    year : ndarray of int64, shape (rows,)
    figure : ndarray, shape (rows,)
        As published.
    day : ndarray of int64, shape (rows,)
        Day of publication as an ordinal.
    """

    row: Int
    name: tuple[str, ...]
    year: Int
    figure: Float
    day: Int


@dataclass(frozen=True)
class _Cells:
    """Cells below their headers, and the table of the experiment that names columns of them."""

    headers: Sequence[str]
    cells: pd.DataFrame
    where: str

    def find(self, header: str, key: str) -> int:
        return find_column(self.headers, header, f"{self.where} {key}")

    def refuse(self, column: int, at: int, what: str, do: str) -> NoReturn:
        found = cell_text(self.cells[column].iloc[at])[:_MOST_CHARACTERS]
        raise InputError(
            f"row {self.cells.index[at]}, column {self.headers[column]!r}: {what}, found "
            f"{found!r}; {do}"
        )


def read_rows(
    name: str, settings: Release, table: RawTable, data: Data, *, named: bool
) -> ReleaseRows:
    """Read the rows of a release that have a figure.

    Parameters
    ----------
    named : bool
        Whether a column names the group of each row.

    Raises
    ------
    InputError
        If a column is not found, or a cell is no number, year, date or name, where it stands.
    """
    if not any(table.headers):
        raise InputError("row 1 holds no headers; put the headers into the first row")
    whole = _Cells(table.headers, release_cells(table), f"[early.{name}]")
    column = whole.find(settings.column, "column")
    figures = _figures(whole, column, data, table)
    filled = np.isfinite(figures)
    rows = _Cells(whole.headers, whole.cells[filled], whole.where)
    year = _year_column(rows, settings.year)
    date = rows.find(settings.date, "date") if settings.date else year
    names = [""] * len(rows.cells)
    if named:
        names = _names(rows, _key_column(rows, settings, {column, year, date}), settings.group)
    years = _years(rows, year)
    days = _ends(years) + settings.delay_days
    if settings.date:
        days = _days(rows, date, years, days)
    index = rows.cells.index.to_numpy(dtype=np.int64)
    return ReleaseRows(index, tuple(names), years, figures[filled], days)


def release_cells(table: RawTable) -> pd.DataFrame:
    """Return all cells of the file of a release; a list within a cell is text."""
    cells = table.load(range(len(table.headers)))
    plain = {
        at: column if column.dtype != object else _flat(column) for at, column in cells.items()
    }
    return pd.DataFrame(plain, index=cells.index)


def _flat(column: pd.Series) -> pd.Series:
    values = [cell if isinstance(cell, Hashable) else str(cell) for cell in column]
    return pd.Series(values, index=column.index, dtype=object)


def _figures(rows: _Cells, column: int, data: Data, table: RawTable) -> Float:
    numbers = read_numbers(rows.cells[column], data.decimal or table.decimal)
    for at, cell in numbers.wrong.items():
        rows.refuse(column, at, cell.fault, "correct the cell or leave it blank")
    if not np.isfinite(numbers.values).any():
        raise InputError(f"column {rows.headers[column]!r} holds no figure; name another as column")
    return numbers.values


def _names(rows: _Cells, column: int, group: str) -> list[str]:
    names: list[str] = as_text(rows.cells[column]).tolist()
    if "" in names:
        rows.refuse(column, names.index(""), f"{group} expected", "fill it in")
    return names


def _years(rows: _Cells, column: int) -> Int:
    years = as_years(rows.cells[column])
    for at in np.flatnonzero(~is_year(years)).tolist():
        rows.refuse(column, at, "year expected", "write a year such as 2010")
    return years


def year_columns(headers: Sequence[str]) -> list[int]:
    """Return the columns whose header is that of years."""
    return [
        at
        for at, header in enumerate(headers)
        if header and "year" in (catalogue_key(header), key_of(header))
    ]


def text_columns(cells: pd.DataFrame) -> list[int]:
    """Return the columns that hold words, by position."""
    found = []
    for at in cells.columns:
        filled = cells[at][(as_text(cells[at]) != "").to_numpy(dtype=bool)]
        if not filled.empty and len(read_numbers(filled).wrong) > len(filled) / 2:
            found.append(int(at))
    return found


def _year_column(rows: _Cells, stated: str) -> int:
    if stated:
        return rows.find(stated, "year")
    headers, where = rows.headers, rows.where
    found = year_columns(headers)
    if len(found) != 1:
        wide = [header for header in headers if split_year(single_line(header))[1] is not None]
        if not found and len(wide) > 1:
            raise InputError(
                f"no column of years, and years in {len(wide)} headers ({wide[0]!r}); give each "
                "group and year a row of its own"
            )
        which = " and ".join(repr(headers[at]) for at in found) or "no column"
        raise InputError(
            f"{which} named like years; name the column of years as year in {where}; columns "
            f"found: {', '.join(filter(None, headers))}"
        )
    return found[0]


def _key_column(rows: _Cells, settings: Release, taken: set[int]) -> int:
    """Return the column of the groups: as stated, named like the group, or the only one of text."""
    if settings.key:
        return rows.find(settings.key, "key")
    headers, where = rows.headers, rows.where
    group, free = settings.group, [at for at, _ in enumerate(headers) if at not in taken]
    named = [at for at in free if unspaced(headers[at]).casefold() == unspaced(group).casefold()]
    named = named or [at for at in free if headers[at] and catalogue_key(headers[at]) == group]
    found = named or [at for at in text_columns(rows.cells) if at in free]
    if len(found) != 1:
        which = " and ".join(repr(headers[at]) for at in found)
        said = f"columns {which} both hold words" if found else f"no column names the {group}"
        raise InputError(
            f"{said}; name the column of groups as key in {where}; columns found: "
            f"{', '.join(filter(None, headers))}"
        )
    return found[0]


def _ends(years: Int) -> Int:
    """Return the last day of each year as an ordinal."""
    days = {year: dt.date(year, 12, 31).toordinal() for year in set(years.tolist())}
    return np.array([days[year] for year in years.tolist()], dtype=np.int64)


def _days(rows: _Cells, column: int, years: Int, otherwise: Int) -> Int:
    """Return the days of publication; blank cells take what the delay says."""
    days = otherwise.copy()
    for at, cell in enumerate(rows.cells[column].to_numpy(dtype=object, na_value=None)):
        if not cell_text(cell):
            continue
        day = _date(cell)
        if day is None:
            rows.refuse(column, at, "date expected", "write it as 2020-01-31")
        elif day.year < years[at]:
            why = f"a figure of {years[at]} cannot be published before that year"
            rows.refuse(column, at, why, "correct the date or the year")
        else:
            days[at] = day.toordinal()
    return days


def _date(cell: Any) -> dt.date | None:
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    found = _DATE.fullmatch(cell_text(cell))
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
