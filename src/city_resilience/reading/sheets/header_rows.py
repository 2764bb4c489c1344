"""The header rows of a table: which they are, and what each column below them holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.catalogue.variables import Match
from city_resilience.reading.cells import cell_year
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.sheets.context import denied
from city_resilience.reading.sheets.keys import Keys
from city_resilience.reading.wording import is_unit, match_header, split_year

__all__ = ["Column", "read_columns", "split_header"]

_UNIT_LINE = re.compile(r"\(?(?:计量)?单位\s*:|\(?units?\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    Attributes
    ----------
    position : int
        From 0.
    header : str
        Its words on one line, without scope, year and unit rows.
    match : Match or None
        The variable, where the words name one.
    scope : str
        Scope id; empty where nothing says which.
    year : int or None
        Year that the header names, in a table with years across.
    unit : str
        Unit in a row of its own.
    problem : str
        Why the column cannot be read; empty where it can or holds no variable.
    note : str
        What was concluded about it.
    """

    position: int
    header: str
    match: Match | None = None
    scope: str = ""
    year: int | None = None
    unit: str = ""
    problem: str = ""
    note: str = ""


def read_columns(
    sheet: Sheet, keys: Keys, units: Mapping[str, str]
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Read the rows above the body.

    Parameters
    ----------
    units : mapping of str to str
        Declared units by header or variable id.

    Returns
    -------
    columns : tuple of Column
    titles : tuple of str
        Lines above the header rows, such as ``2-3 年末总人口 (2005年)``.
    """
    titles, rows = split_header(sheet, keys)
    columns: list[Column] = []
    for position in range(sheet.width):
        column = _column(position, [_text(sheet, row, position, keys) for row in rows], units)
        if position not in keys.positions:
            column = _inherited(column, columns[-1] if columns else None)
        columns.append(column)
    return tuple(map(_beside, columns, (*columns[1:], None))), titles


def split_header(sheet: Sheet, keys: Keys) -> tuple[tuple[str, ...], list[int]]:
    """Split the rows above the body into lines of text and rows of headers.

    A line may have its unit beside it; below headers it stands in the column of names. Where there
    is no row of several headers the last line is taken for one as well.
    """
    titles, rows, filled = list[str](), list[int](), list[int]()
    wide = any(len(sheet.cells(row)) > 1 for row in range(sheet.first, sheet.end))
    for row in range(sheet.first, keys.body):
        across = sheet.width if sheet.covered else len(sheet.cells(row))
        found = (_text(sheet, row, at, keys) for at in range(across) if sheet.cells(row))
        texts = list(dict.fromkeys(filter(None, found)))
        if not texts:
            continue
        filled.append(row)
        words = [text for text in texts if not _UNIT_LINE.match(text)]
        alone = len(texts) == 1 and (not rows or texts[0] == sheet.text(row, keys.names))
        if wide and (alone or (not rows and len(words) == 1 < len(texts))):
            titles += texts
        else:
            rows.append(row)
    return tuple(titles), rows or filled[-1:]


def _text(sheet: Sheet, row: int, position: int, keys: Keys) -> str:
    anchor = sheet.covered.get((row, position))
    return sheet.text(*anchor) if anchor and anchor[0] < keys.body else sheet.text(row, position)


def _column(position: int, texts: Sequence[str], units: Mapping[str, str]) -> Column:
    rules, scope, year, unit, words = load_sheet_rules(), "", None, "", list[str]()
    for text in dict.fromkeys(filter(None, texts)):
        if plain(text) in rules.idle:
            continue
        if plain(text) in rules.scopes:
            scope = rules.scopes[plain(text)]
        elif cell_year(text):
            year = cell_year(text)
        elif is_unit(text) and words:
            unit = text.strip("() ")
        else:
            words.append(text)
    column = Column(position, words[-1] if words else "", scope=scope, year=year, unit=unit)
    return _understood(column, words, units) if words else column


def _understood(column: Column, words: Sequence[str], units: Mapping[str, str]) -> Column:
    """Find the variable of a column by its own words, else by them and those of its group."""
    header, year, problem = column.header, column.year, ""
    together = " ".join(words)
    for text in dict.fromkeys((words[-1], together)):
        stated = f"{text}({column.unit})" if column.unit else text
        wording = match_header(stated, units, carry=True)
        if wording.match is None and year is None:
            rest, year_in = split_year(stated)
            if year_in is not None:
                found = match_header(rest, units, carry=True) if rest else wording
                if found.match is not None or not rest:
                    wording, year, header = found, year_in, rest
        match = wording.match
        if match is not None:
            problem = problem or denied(words[:-1] if text != together else (), stated, match)
            if not problem:
                scope = column.scope or match.scope
                return replace(column, header=text, match=match, scope=scope, year=year)
        problem = problem or wording.problem
    return replace(column, header=header, year=year, problem=problem)


def _inherited(column: Column, left: Column | None) -> Column:
    """Give a column that has a scope or year and no words the words of the column on its left.

    Sheets print the whole city before its districts: a column that starts this order again has
    lost its header.
    """
    if column.header or not (column.scope or column.year):
        return column
    if left is not None and left.match is not None and _goes_on(left, column):
        return replace(column, header=left.header, match=left.match, unit=left.unit)
    if column.year:
        return column
    return replace(column, problem=f"a scope ({column.scope}) and no header above it")


def _goes_on(left: Column, column: Column) -> bool:
    if column.year or left.year:
        return bool(column.year and left.year and column.year != left.year)
    order = load_sheet_rules().scope_order
    return order.index(column.scope) > (order.index(left.scope) if left.scope else 0)


def _beside(column: Column, right: Column | None) -> Column:
    """Say which scope a column has that names none: what the same header beside it leaves over."""
    if column.match is None or column.scope:
        return column
    if right is not None and right.match == column.match and right.header == column.header:
        others = [name for name in load_sheet_rules().scope_order if name != right.scope]
        if right.scope and len(others) == 1:
            note = f"scope taken as {others[0]}, beside a column that says {right.scope}"
            return replace(column, scope=others[0], note=note)
    return column
