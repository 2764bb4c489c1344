"""The head of a table: which rows it takes, and what each column below it holds."""

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
from city_resilience.reading.wording import is_unit, match_header, single_line, split_year

__all__ = ["Column", "Head", "read_head", "split_head"]

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


@dataclass(frozen=True)
class Head:
    """Columns of a table and the lines above it.

    Attributes
    ----------
    columns : tuple of Column
    titles : tuple of str
        Lines above the head, such as ``2-3 年末总人口 (2005年)``.
    """

    columns: tuple[Column, ...]
    titles: tuple[str, ...]


def read_head(sheet: Sheet, keys: Keys, units: Mapping[str, str]) -> Head:
    """Read the rows above the body.

    Parameters
    ----------
    units : mapping of str to str
        Declared units by header or variable id.
    """
    body = keys.body
    titles, rows = split_head(sheet, keys)
    columns: list[Column] = []
    for position in range(sheet.width):
        texts = [_text(sheet, row, position, body) for row in rows]
        column = _column(position, texts, units)
        if position not in keys.positions:
            column = _inherited(column, columns[-1] if columns else None)
        columns.append(column)
    beside = (*columns[1:], None)
    scoped = (_with_scope(c, right) for c, right in zip(columns, beside, strict=False))
    return Head(tuple(scoped), titles)


def split_head(sheet: Sheet, keys: Keys) -> tuple[tuple[str, ...], list[int]]:
    """Split the rows above the body into lines of text and rows of headers.

    A line may have its unit beside it; below headers it stands in the column of names. Where there
    is no row of several headers the last line is taken for one as well.
    """
    titles, rows, filled = list[str](), list[int](), list[int]()
    body, names = keys.body, keys.names
    for row in (row for row in range(body) if sheet.rows[row]):
        found = (_text(sheet, row, at, body) for at in range(sheet.width))
        texts = list(dict.fromkeys(filter(None, found)))
        if not texts:
            continue
        filled.append(row)
        words = [text for text in texts if not _UNIT_LINE.match(text)]
        alone = len(texts) == 1 and (not rows or texts[0] == single_line(sheet.at(row, names)))
        if sheet.width > 1 and (alone or (not rows and len(words) == 1 < len(texts))):
            titles += texts
        else:
            rows.append(row)
    return tuple(titles), rows or filled[-1:]


def _text(sheet: Sheet, row: int, position: int, body: int) -> str:
    anchor = sheet.covered.get((row, position))
    if anchor is not None and anchor[0] < body:
        row, position = anchor
    return single_line(sheet.at(row, position))


def _column(position: int, texts: Sequence[str], units: Mapping[str, str]) -> Column:
    scope, year, unit, words = "", None, "", list[str]()
    for text in dict.fromkeys(filter(None, texts)):
        if plain(text) in load_sheet_rules().idle:
            continue
        if plain(text) in load_sheet_rules().scopes:
            scope = load_sheet_rules().scopes[plain(text)]
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
        wording = match_header(stated, units)
        if wording.match is None and year is None:
            rest, year_in = split_year(stated)
            if year_in is not None:
                found = match_header(rest, units) if rest else wording
                if found.match is not None or not rest:
                    wording, year, header = found, year_in, rest
        match = wording.match
        if match is not None:
            group = words[:-1] if text != together else ()
            problem = problem or denied(group, stated, match)
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
    place = load_sheet_rules().scope_order.index(column.scope)
    return place > (load_sheet_rules().scope_order.index(left.scope) if left.scope else 0)


def _with_scope(column: Column, right: Column | None) -> Column:
    """Say which scope a column has that names none: what the same header beside it leaves over."""
    if column.match is None or column.scope:
        return column
    if right is not None and right.match == column.match and right.header == column.header:
        others = [name for name in load_sheet_rules().scope_order if name != right.scope]
        if right.scope and len(others) == 1:
            note = f"scope taken as {others[0]}, beside a column that says {right.scope}"
            return replace(column, scope=others[0], note=note)
    return column
