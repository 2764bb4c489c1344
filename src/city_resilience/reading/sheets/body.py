"""The cells below a head as numbers in catalogue units, each with its address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from city_resilience.catalogue.gazetteer import lookup
from city_resilience.catalogue.variables import Match
from city_resilience.reading.cells import BLANK, Cell, parse_cell
from city_resilience.reading.column_cells import STYLES
from city_resilience.reading.issues import Issue
from city_resilience.reading.sheets.columns import meaning
from city_resilience.reading.sheets.header_rows import Column
from city_resilience.reading.sheets.table import Table
from city_resilience.reading.wording import percent_factor

__all__ = ["CELL_COLUMNS", "Numbered", "read_cells"]

_SHOWN = 80
Numbered = tuple[Any, ...]
CELL_COLUMNS = (
    "code",
    "city",
    "year",
    "scope",
    "variable",
    "value",
    "step",
    "rounding",
    "unit",
    "file",
    "sheet",
    "row",
    "column",
)


def read_cells(
    table: Table,
    places: Mapping[int, lookup.Match],
    years: Mapping[int, int | None],
    columns: Sequence[Column],
) -> tuple[list[Numbered], list[Issue]]:
    """Read every cell of some rows and columns.

    Parameters
    ----------
    places : mapping of int to Match
        Row to the city it is about.
    years : mapping of int to int or None
        Row to its year, None where the column says it.

    Returns
    -------
    cells : list of tuple
        ``CELL_COLUMNS`` of each number: its value, its last decimal place and the size of its
        rounding in catalogue units (0 for an exact one), the unit that was stated, and its
        address, counted from 1.
    issues : list of Issue
        Cells that hold something and are no number, and values of a city after its end.
    """
    numbers: list[Numbered] = []
    issues: list[Issue] = []
    marks: Counter[str] = Counter()
    fixed = {}
    if places and not table.keys.places.keys() & {"unit", "scope"}:
        first = next(iter(places))
        fixed = {c.position: _about(table, first, c) for c in columns if c.match}
    where = (table.sheet.file, table.sheet.name)
    parsed = [(column, table.parsed(column.position)) for column in columns]
    for row, place in places.items():
        last = table.gazetteer.cities[place.adcode].last if table.gazetteer else None
        ended = set[int]()
        for column, cells in parsed:
            cell = cells.get(row, BLANK)
            if table.sheet.covered and not (cell.known or cell.fault):
                cell = _hidden(table, row, column)
            if not (cell.known or cell.fault) or (year := column.year or years[row]) is None:
                continue
            if last is not None and year > last:
                ended.add(year)
                continue
            match, fault, scope = fixed.get(column.position) or _about(table, row, column)
            if match and not scope:
                fault = f"{table.text(row, 'scope')!r} is no scope; write 全市 or 市辖区"
            value, step, fault = _converted(cell, match, cell.fault or fault)
            if fault or match is None:
                name = match.variable.id if match else ""
                about = {"city": place.name, "years": (year,), "variable": name}
                issues.append(_lost(table, row, column, about, cell, fault))
                continue
            rounding = step * (not table.is_exact(row, column.position))
            if cell.mark or cell.style:
                marks.update(filter(None, (cell.mark, cell.style)))
            key = (place.adcode, place.name, year, scope, match.variable.id)
            at = (row + 1, column.position + 1)
            numbers.append((*key, value, step, rounding, match.unit_in_header, *where, *at))
        issues += [_after_its_end(table, row, place, year) for year in sorted(ended)]
    return numbers, issues + [_read_so(table, mark, count) for mark, count in marks.items()]


def _read_so(table: Table, mark: str, count: int) -> Issue:
    found = "," if mark in STYLES else mark
    how = f"with {STYLES[mark]}" if mark in STYLES else "without this footnote mark"
    return table.issue("note", "cell", found, f"{count} numbers read {how}")


def _about(table: Table, row: int, column: Column) -> tuple[Match | None, str, str]:
    """Return what a cell means, why it cannot be read, and its scope."""
    match, fault = meaning(table, row, column)
    return match, fault, table.scope(row, column, match) if match else ""


def _hidden(table: Table, row: int, column: Column) -> Cell:
    """Return a fault where a merged cell with a number covers a cell, else a blank."""
    anchor = table.sheet.covered.get((row, column.position))
    if anchor is None or (anchor[0] == row and not parse_cell(table.sheet.at(*anchor)).known):
        return Cell()
    return Cell(fault="covered by the merged cell above it or on its left")


def _converted(cell: Cell, match: Match | None, fault: str) -> tuple[float, float, str]:
    """Return a number and its rounding step in catalogue units, and why it cannot be had."""
    if fault or match is None:
        return cell.value, 0.0, fault
    factor = match.factor
    if cell.percent:
        factor, fault = percent_factor(match.variable, match.unit_in_header, factor)
    return cell.value * factor, abs(factor) * 10.0**-cell.digits, fault


def _lost(
    table: Table,
    row: int,
    column: Column,
    about: Mapping[str, Any],
    cell: Cell,
    fault: str,
) -> Issue:
    found, at = table.sheet.text(row, column.position)[:_SHOWN], column.position
    reason = f"{column.scope}: {fault}; correct the cell"
    return table.issue(
        "lost", "cell", found, reason, row=row, column=at, likely=cell.likely, **about
    )


def _after_its_end(table: Table, row: int, city: lookup.Match, year: int) -> Issue:
    reason = f"{city.name} had ended by {year}: its values of that year are left out"
    return table.issue("lost", "row", city.name, reason, row=row, city=city.name, years=(year,))
