"""One sheet read: its cells by city, year, scope and variable, and what could not be placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.catalogue.variables import Variable
from city_resilience.reading.issues import Issue
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.body import CELL_COLUMNS, read_cells
from city_resilience.reading.sheets.captions import above_captions
from city_resilience.reading.sheets.columns import blank_columns, list_columns, meaning, uncontested
from city_resilience.reading.sheets.rows import City, place_rows
from city_resilience.reading.sheets.table import Options, Table, lay_out_sheet

__all__ = ["Reading", "read_sheet"]


@dataclass(frozen=True)
class Reading:
    """What a sheet gave.

    Attributes
    ----------
    cells : DataFrame
        ``CELL_COLUMNS``, one row for each number.
    issues : tuple of Issue
    variables : mapping of str to Variable
    places : mapping of str to City
        City to what is known of it.
    """

    cells: pd.DataFrame
    issues: tuple[Issue, ...]
    variables: Mapping[str, Variable]
    places: Mapping[str, City]


def read_sheet(sheet: Sheet, options: Options, gazetteer: Gazetteer | None) -> Reading:
    """Read a sheet, whatever its shape: a yearbook table, long, or with years across.

    Returns
    -------
    Reading
        Without cells where the sheet is no table of cities; its issues say why.
    """
    table = lay_out_sheet(sheet, options, gazetteer)
    if isinstance(table, Issue):
        return Reading(pd.DataFrame(columns=list(CELL_COLUMNS)), (table,), {}, {})
    years = table.row_years()
    years, unclear = above_captions(table, years, gazetteer)
    undated = [row for row, year in years.items() if year is None]
    if "year" in table.keys.places:
        years = {row: year for row, year in years.items() if year is not None}
    placed = place_rows(table, years, gazetteer)
    columns, contested = uncontested(table, placed.places)
    cells, faults = read_cells(table, placed.places, years, columns, gazetteer)
    issues = (
        *_year_issues(table, undated),
        *unclear,
        *placed.issues,
        *list_columns(table, columns),
        *contested,
        *faults,
        *blank_columns(table, columns, set(cells["column"] - 1)),
    )
    named = (meaning(table, row, c)[0] for c in columns for row in _rows_to_ask(table))
    variables = {match.variable.id: match.variable for match in named if match}
    places = {place.name: place for place in placed.places.values()}
    return Reading(cells, issues, variables, places)


def _rows_to_ask(table: Table) -> range:
    """Rows that say what a column is about: one, or all where each row has its indicator."""
    return table.rows() if "indicator" in table.keys.places else table.rows()[:1]


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
            reason = "no year; write a year such as 2010 or delete the row"
            issues.append(table.issue("lost", "year", found, reason, row=row, column=at))
        elif found:
            reason = "a line of text, no row of the table"
            issues.append(table.issue("note", "row", found[:80], reason, row=row))
    return issues
