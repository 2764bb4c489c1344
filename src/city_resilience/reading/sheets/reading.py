"""One sheet read: its cells by city, year, scope and variable, and what could not be placed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from city_resilience.catalogue.gazetteer import lookup
from city_resilience.catalogue.variables import Variable
from city_resilience.reading.issues import Issue
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.body import CELL_COLUMNS, Numbered, read_cells
from city_resilience.reading.sheets.columns import blank_columns, list_columns, meaning, uncontested
from city_resilience.reading.sheets.keys import Keys
from city_resilience.reading.sheets.options import Options
from city_resilience.reading.sheets.rows import above_captions, place_rows
from city_resilience.reading.sheets.table import Table, lay_out_sheet
from city_resilience.reading.wording import NearestNames

__all__ = ["Reading", "read_sheet"]

_COLUMN = CELL_COLUMNS.index("column")


@dataclass(frozen=True)
class Reading:
    """What a sheet gave.

    Attributes
    ----------
    cells : list of tuple
        ``CELL_COLUMNS`` of each number.
    issues : tuple of Issue
    variables : mapping of str to Variable
    places : mapping of int to Match
        Row, from 0, to the unit that it is about.
    marks : mapping of str to mapping of int to str
        ``code`` and ``province`` of each row where the table has such a column and no gazetteer
        tells places of one name apart.
    years : mapping of int to int or None
        Row to its year, None where the columns say it.
    """

    cells: Sequence[Numbered]
    issues: tuple[Issue, ...]
    variables: Mapping[str, Variable] = field(default_factory=dict)
    places: Mapping[int, lookup.Match] = field(default_factory=dict)
    marks: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    years: Mapping[int, int | None] = field(default_factory=dict)


def read_sheet(
    sheet: Sheet, keys: Keys | None, options: Options, near: Callable[[str], str] | None = None
) -> Reading:
    """Read a sheet, whatever its shape: a yearbook table, long, or with years across.

    Parameters
    ----------
    keys : Keys or None
        Its key columns; None where no column holds names of cities.
    near : callable, optional
        Returns a clause with the known names near a header; its own for this sheet by default.

    Returns
    -------
    Reading
        Without cells where the sheet is no table of cities; its issues say why.
    """
    table = lay_out_sheet(sheet, keys, options)
    if isinstance(table, Issue):
        return Reading((), (table,))
    years, unclear = above_captions(table, table.row_years())
    undated = [row for row, year in years.items() if year is None]
    if "year" in table.keys.places:
        years = {row: year for row, year in years.items() if year is not None}
    places, unplaced = place_rows(table, years)
    columns, contested = uncontested(table, places)
    cells, lost = read_cells(table, places, years, columns)
    issues = (
        *_year_issues(table, undated),
        *unclear,
        *unplaced,
        *list_columns(table, columns, near or NearestNames()),
        *contested,
        *lost,
        *blank_columns(table, columns, {cell[_COLUMN] - 1 for cell in cells}),
    )
    # One row says what a column is about, or all where each row has its indicator.
    first = range(table.keys.body, sheet.end)[:1]
    asked = table.rows if "indicator" in table.keys.places else first
    named = (meaning(table, row, column)[0] for column in columns for row in asked)
    variables = {match.variable.id: match.variable for match in named if match}
    marked = set() if table.gazetteer else table.keys.places.keys() & {"code", "province"}
    marks = {what: {row: table.text(row, what) for row in places} for what in marked}
    return Reading(cells, issues, variables, places, marks, years)


def _year_issues(table: Table, undated: list[int]) -> list[Issue]:
    if "year" not in table.keys.places:
        if table.year is None:
            return []
        reason = f"data year from {table.year_how}"
        return [table.issue("note", "year", str(table.year), reason, years=(table.year,))]
    issues, at = [], table.keys.places["year"]
    for row in undated:
        found = table.text(row, "year") or table.text(row, "name")
        if table.numbers(row):
            said = f"year expected, found {found!r}" if table.text(row, "year") else "no year"
            reason = f"{said}; write a year such as 2010 or delete the row"
            issues.append(table.issue("lost", "year", found, reason, row=row, column=at))
        elif found:
            reason = "a line of text, no row of the table"
            issues.append(table.issue("note", "row", found[:80], reason, row=row))
    return issues
