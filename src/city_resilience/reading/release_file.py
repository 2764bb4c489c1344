"""The file of a release: its columns found, its rows read and laid out by group and year."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Positions
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.early import Release
from city_resilience.reading.cells import as_text, as_years, cell_text, read_numbers
from city_resilience.reading.checks import is_year
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.headers import find_column
from city_resilience.reading.opening import RawTable, open_table
from city_resilience.reading.panel import Panel
from city_resilience.reading.release_figures import check_kind, growth_of, prices_of
from city_resilience.reading.release_groups import group_levels, place_groups
from city_resilience.reading.wording import catalogue_key, key_of, single_line, split_year, unspaced

__all__ = ["open_release", "read_release", "release_cells", "text_columns", "year_columns"]

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?")
_ODD, _SHOWN = 40.0, 3  # log points of growth in a year that are said aloud
_SAME = 1e-9
_MOST_CHARACTERS = 60


@dataclass(frozen=True)
class _Rows:
    """Rows of a release with a figure: the row in the file, group, year, figure and day."""

    row: Int
    name: tuple[str, ...]
    year: Int
    figure: Float
    day: Int


def read_release(
    name: str,
    settings: Release,
    source: Path | str | pd.DataFrame,
    panel: Panel,
    data: Data | None = None,
) -> EarlyRelease:
    """Read an early release for a panel.

    Parameters
    ----------
    name : str
        Of the release in the experiment.
    settings : Release
    source : Path or DataFrame
        A file of any kind that a panel may be, or a frame; a row for each group and year.
    panel : Panel
        Whose groups and cities the release is laid out by.
    data : Data, optional
        The gazetteer and the mark of decimals of the panel hold for the release.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, no group is one of the panel, a cell is no
        number, year or date, two rows contradict each other, or the figures cannot be what they
        are said to be.
    """
    data = data or Data()
    table = open_release(name, settings, source, data)
    try:
        return _read(name, settings, table, panel, data)
    except InputError as error:
        raise InputError(f"{table.name}: {error}", error.paste) from error


def open_release(
    name: str, settings: Release, source: Path | str | pd.DataFrame, data: Data
) -> RawTable:
    """Open the file of a release; see `open_table`."""
    return open_table(
        source, settings.sheet, data.decimal, what="early release", table=f"[early.{name}]"
    )


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


def _read(name: str, settings: Release, table: RawTable, panel: Panel, data: Data) -> EarlyRelease:
    levels, member = group_levels(panel, settings.group, name)
    named = levels != ("",)
    if settings.key and not named:
        raise InputError(
            f"early.{name}.key: a release of the whole has no column of groups; remove key, or "
            "name another group"
        )
    rows = _rows(name, settings, table, data, named=named)
    position, notes = np.zeros(len(rows.name), dtype=np.intp), tuple[str, ...]()
    if named:
        position, notes = place_groups(
            rows.name, rows.year.tolist(), levels, settings.group, data.gazetteer
        )
    years: Int = np.arange(rows.year.min(), rows.year.max() + 1, dtype=np.int64)
    figures, days = _laid_out(name, rows, position, levels, years)
    check_kind(name, settings.column, settings.kind, figures)
    growth, published = growth_of(figures, days, settings.kind)
    if not np.isfinite(growth).any():
        raise InputError(
            f"early.{name}: no group has {settings.column!r} in two years that follow each other, "
            "and growth needs both; bring more years"
        )
    said = (*_prices(settings), *_odd(levels, years, growth))
    return EarlyRelease(
        name=name,
        group=settings.group,
        levels=levels,
        member=member,
        years=years,
        growth=growth,
        published=published,
        nominal=settings.prices == "nominal",
        concept=settings.concept,
        vintage=settings.vintage,
        label_en=settings.label_en or name,
        label_zh=settings.label_zh or settings.label_en or name,
        source=table.source,
        notes=tuple(f"early.{name}: {note}" for note in (*notes, *said)),
    )


def _rows(name: str, settings: Release, table: RawTable, data: Data, *, named: bool) -> _Rows:
    """Read the rows with a figure; what is no year, number or date is refused where it stands."""
    headers, where = table.headers, f"[early.{name}]"
    if not any(headers):
        raise InputError("row 1 holds no headers; put the headers into the first row")
    cells = release_cells(table)
    figure = find_column(headers, settings.column, f"{where} column")
    numbers = read_numbers(cells[figure], data.decimal or table.decimal)
    for at, cell in numbers.wrong.items():
        _refuse(cells, figure, headers, at, cell.fault, "correct the cell or leave it blank")
    cells = cells[np.isfinite(numbers.values)]
    if cells.empty:
        raise InputError(f"column {headers[figure]!r} holds no figure; name another as column")
    at_year = _year_column(headers, settings.year, where)
    taken = {figure, at_year}
    date = find_column(headers, settings.date, f"{where} date") if settings.date else None
    names: Sequence[str] = [""] * len(cells)
    if named:
        taken |= set() if date is None else {date}
        key = _key_column(headers, cells, settings, where, taken)
        names = as_text(cells[key]).tolist()
        if "" in names:
            _refuse(
                cells, key, headers, names.index(""), f"{settings.group} expected", "fill it in"
            )
    years = as_years(cells[at_year])
    for at in np.flatnonzero(~is_year(years)).tolist():
        _refuse(cells, at_year, headers, at, "year expected", "write a year such as 2010")
    days = _ends(years) + settings.delay_days
    if date is not None:
        days = _days(cells, date, headers, years, days)
    values = numbers.values[np.isfinite(numbers.values)]
    return _Rows(cells.index.to_numpy(dtype=np.int64), tuple(names), years, values, days)


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


def _year_column(headers: Sequence[str], stated: str, where: str) -> int:
    if stated:
        return find_column(headers, stated, f"{where} year")
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


def _key_column(
    headers: Sequence[str], cells: pd.DataFrame, settings: Release, where: str, taken: set[int]
) -> int:
    """Return the column of the groups: as stated, named like the group, or the only one of text."""
    if settings.key:
        return find_column(headers, settings.key, f"{where} key")
    group, free = settings.group, [at for at, _ in enumerate(headers) if at not in taken]
    named = [at for at in free if unspaced(headers[at]).casefold() == unspaced(group).casefold()]
    named = named or [at for at in free if headers[at] and catalogue_key(headers[at]) == group]
    found = named or [at for at in text_columns(cells) if at in free]
    if len(found) != 1:
        which = " and ".join(repr(headers[at]) for at in found)
        said = f"columns {which} both hold words" if found else f"no column names the {group}"
        raise InputError(
            f"{said}; name the column of groups as key in {where}; columns found: "
            f"{', '.join(filter(None, headers))}"
        )
    return found[0]


def _refuse(
    cells: pd.DataFrame, column: int, headers: Sequence[str], at: int, what: str, do: str
) -> None:
    raise InputError(
        f"row {cells.index[at]}, column {headers[column]!r}: {what}, found "
        f"{cell_text(cells[column].iloc[at])[:_MOST_CHARACTERS]!r}; {do}"
    )


def _ends(years: Int) -> Int:
    """Return the last day of each year as an ordinal."""
    days = {year: dt.date(year, 12, 31).toordinal() for year in set(years.tolist())}
    return np.array([days[year] for year in years.tolist()], dtype=np.int64)


def _days(
    cells: pd.DataFrame, column: int, headers: Sequence[str], years: Int, otherwise: Int
) -> Int:
    """Return the days of publication; blank cells take what the delay says."""
    days = otherwise.copy()
    for at, cell in enumerate(cells[column].to_numpy(dtype=object, na_value=None)):
        if not cell_text(cell):
            continue
        day = _date(cell)
        if day is None:
            _refuse(cells, column, headers, at, "date expected", "write it as 2020-01-31")
        elif day.year < years[at]:
            why = f"a figure of {years[at]} cannot be published before that year"
            _refuse(cells, column, headers, at, why, "correct the date or the year")
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


def _laid_out(
    name: str, rows: _Rows, position: Positions, levels: Sequence[str], years: Int
) -> tuple[Float, Int]:
    """Return figures and days of shape (levels, years); rows that contradict each other stop it."""
    figures = np.full((len(levels), len(years)), np.nan)
    days = np.zeros(figures.shape, dtype=np.int64)
    first = np.zeros(figures.shape, dtype=np.int64)
    for at in np.flatnonzero(position >= 0).tolist():
        cell = position[at], rows.year[at] - years[0]
        before, figure = figures[cell], rows.figure[at]
        if np.isfinite(before) and abs(before - figure) > _SAME * max(1.0, abs(before)):
            raise InputError(
                f"early.{name}: rows {first[cell]} and {rows.row[at]} contradict each other about "
                f"{levels[cell[0]] or 'the nation'} in {rows.year[at]}: {before:.6g} and "
                f"{figure:.6g}; keep one row for each group and year"
            )
        if not np.isfinite(before):
            figures[cell], first[cell], days[cell] = figure, rows.row[at], rows.day[at]
        days[cell] = min(days[cell], rows.day[at])
    return figures, days


def _prices(settings: Release) -> Iterator[str]:
    """Say where the header tells other prices than the experiment."""
    told = prices_of(settings.column, settings.kind)
    if told not in (None, settings.prices):
        yield (
            f"column {settings.column!r} reads like figures at {told} prices, and is taken as "
            f'{settings.prices}; set prices = "{told}" if it is so'
        )


def _odd(levels: Sequence[str], years: Int, growth: Float) -> Iterator[str]:
    """Say which groups grow or shrink by more in a year than economies do."""
    odd = np.argwhere(np.abs(growth) > _ODD).tolist()
    if not odd:
        return
    shown = ", ".join(
        f"{levels[row] or 'the nation'} {years[at]} "
        f"({100 * np.expm1(growth[row, at] / 100):+.0f} %)"
        for row, at in odd[:_SHOWN]
    )
    more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
    yield f"growth that is hardly possible, kept as it is: {shown}{more}"
