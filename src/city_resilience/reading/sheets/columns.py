"""Which columns of a table are read, and what a cell in them means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from city_resilience.catalogue.variables import Match
from city_resilience.reading.issues import Issue, Level
from city_resilience.reading.sheets.context import in_unit, units_stated
from city_resilience.reading.sheets.header_rows import Column
from city_resilience.reading.sheets.table import Table
from city_resilience.reading.wording import factor_of, match_header, without_currency

__all__ = ["blank_columns", "list_columns", "meaning", "uncontested"]

_AGREE = 1e-9
_UNSAID = (
    "a year and no header that says of what; left out, write the variable into a line above the "
    "table or the name of the file, or give --variable"
)


def uncontested(table: Table, rows: Collection[int]) -> tuple[list[Column], list[Issue]]:
    """Leave out headers that stand twice over columns that mostly disagree.

    One of them is misprinted, and the sheet alone does not say which: none is read, in any scope.

    Parameters
    ----------
    rows : collection of int
        Rows of cities.
    """
    columns = table.value_columns()
    bad = {}
    for first, second in pairwise(sorted(columns, key=_key)):
        if first.match and _key(first)[:-1] == _key(second)[:-1]:
            both, apart = _compared(table, rows, first, second)
            if apart * 2 > both:
                bad[first.match.variable.id] = f"disagree in {apart} of {both} rows"
    kept, issues = [], []
    for column in columns:
        name = column.match.variable.id if column.match else ""
        if name not in bad:
            kept.append(column)
            continue
        reason = (
            f"the header stands over columns that {bad[name]}; none of them is read, correct the "
            "wrong header"
        )
        issues.append(_issue(table, "lost", column, column.header, reason, variable=name))
    return kept, issues


def list_columns(
    table: Table, kept: Collection[Column], near: Callable[[str], str]
) -> Iterator[Issue]:
    """List the columns that hold no known variable, and what was concluded about others.

    Parameters
    ----------
    near : callable
        Returns a clause with the known names near a header.
    """
    kept_at = {column.position for column in kept}
    for column in table.columns:
        if column.position in table.keys.positions:
            continue
        if column.match is None and "indicator" not in table.keys.places:
            if column.problem or column.header:
                unknown = f"not in the catalogue{'' if column.problem else near(column.header)}"
                unknown += "; name it in [data.columns] to keep it"
                reason = f"{column.problem or unknown}; left out"
                yield _issue(table, "lost", column, column.header, reason)
            elif column.year or _holds_numbers(table, column.position):
                reason = (
                    _UNSAID if column.year else "numbers without a header; left out, write a header"
                )
                yield _issue(table, "lost", column, str(column.year or ""), reason)
            continue
        if column.note and column.position in kept_at:
            yield _issue(table, "note", column, column.header, column.note)
        remarks = [
            part for part in (column.match.remarks if column.match else ()) if part[0].isalpha()
        ]
        if remarks:
            reason = f"read without the remark {', '.join(remarks)}"
            yield _issue(table, "note", column, column.header, reason)


def blank_columns(
    table: Table, columns: Iterable[Column], filled: Collection[int]
) -> Iterator[Issue]:
    """List columns that are understood and hold no number in any row of a city."""
    for column in columns:
        if column.match and column.position not in filled:
            reason = f"{column.scope}: no number in any row of a city"
            name = column.match.variable.id
            yield _issue(table, "note", column, column.header, reason, variable=name)


def _issue(
    table: Table, level: Level, column: Column, found: str, reason: str, variable: str = ""
) -> Issue:
    row, at = table.keys.body - 1, column.position
    return table.issue(level, "header", found, reason, row=row, column=at, variable=variable)


def _holds_numbers(table: Table, at: int) -> bool:
    """Tell whether a column holds numbers that do not just count the rows."""
    cells = table.parsed(at).values()
    numbers = [cell.value for cell in cells if cell.known]
    return numbers != list(range(1, len(numbers) + 1))


def meaning(table: Table, row: int, column: Column) -> tuple[Match | None, str]:
    """Return what a cell is about: its column's variable, in the unit or indicator of its row.

    Returns
    -------
    match : Match or None
    problem : str
        Why the cell cannot be read; empty where it can.
    """
    indicator = "" if column.match else table.text(row, "indicator")
    key = (column.position, indicator, table.text(row, "unit"))
    if key not in table.meanings:
        table.meanings[key] = _meant(table, column, indicator, key[2])
    return table.meanings[key]


def _meant(table: Table, column: Column, indicator: str, unit: str) -> tuple[Match | None, str]:
    match = column.match
    if match is None:
        wording = match_header(indicator, table.options.units, carry=True)
        if wording.match is None:
            return None, wording.problem or "an indicator that is not in the catalogue"
        stated = units_stated(table.titles) if "unit" not in table.keys.places else ()
        match, problem = in_unit(wording.match, stated)
        if problem:
            return None, problem
    if not unit or match.unit_in_header:
        return _with_currency(table, match, indicator or column.header), ""
    factor = factor_of(unit, match.variable)
    if factor is None:
        return match, f"unit {unit!r} cannot be converted to {match.variable.unit!r}"
    return replace(match, unit_in_header=unit, factor=factor), ""


def _with_currency(table: Table, match: Match, header: str) -> Match:
    """Return a meaning without yuan where neither header, table nor settings say a currency."""
    options = table.options
    by_year = any(key.startswith(f"{match.variable.id}/") for key in options.units)
    china = options.yuan or by_year or options.own_column(header) is not None
    return without_currency(match, header, china=china)


def _key(column: Column) -> tuple[str, str, int, int]:
    name = column.match.variable.id if column.match else ""
    return name, column.scope, column.year or 0, column.position


def _compared(
    table: Table, rows: Collection[int], first: Column, second: Column
) -> tuple[int, int]:
    """Count the rows in which both columns have a number, and in which those differ."""
    both = apart = 0
    for row in rows:
        left, right = (table.cell(row, column.position) for column in (first, second))
        if left.known and right.known:
            size = max(abs(left.value), abs(right.value))
            both += 1
            rounding = 0.5 * 10.0 ** -min(left.digits, right.digits)
            apart += abs(left.value - right.value) > rounding + _AGREE * size
    return both, apart
