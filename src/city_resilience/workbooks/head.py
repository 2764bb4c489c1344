"""The head of a table: which rows it takes, and what each column below it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from city_resilience.catalogue import Match, SheetRules, plain
from city_resilience.workbooks.cells import cell_year, parse_cell
from city_resilience.workbooks.sheet import Sheet
from city_resilience.workbooks.wording import is_unit, match_header, single_line, split_year

__all__ = ["Column", "Head", "find_body", "read_head"]

_SCAN = 40


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


def find_body(sheet: Sheet, names: int, is_unit_name: Mapping[str, bool], rules: SheetRules) -> int:
    """Return the first row of the table's body, from 0.

    It is the first row whose name is that of a city, province or total, or most of whose other
    cells are numbers and not a row of years or of column counts.

    Parameters
    ----------
    names : int
        Position of the column of names.
    is_unit_name : mapping of str to bool
        Text of a name cell to whether the gazetteer knows it as a place or total.
    """
    for row, cells in enumerate(sheet.rows[:_SCAN]):
        name = single_line(sheet.at(row, names))
        if is_unit_name.get(name, False):
            return row
        others = [cell for at, cell in enumerate(cells) if at != names and single_line(cell)]
        numbers = [cell for cell in others if parse_cell(cell, rules).known]
        if len(numbers) * 2 > len(others) and not _is_head(name, others, rules):
            return row
    return min(len(sheet.rows), 1)


def _is_head(name: str, others: Sequence[object], rules: SheetRules) -> bool:
    """Tell a row of years, or one that counts the columns, from a row of figures."""
    years = [cell_year(cell) for cell in others]
    if all(years) and len(years) > 1 and (not name or len(set(years)) == len(years)):
        return True
    texts = [single_line(cell) for cell in others]
    counting = all(rules.counting.match(text) for text in texts)
    return counting and len(set(texts)) == len(texts) > 2


def read_head(
    sheet: Sheet, body: int, keys: Collection[int], rules: SheetRules, units: Mapping[str, str]
) -> Head:
    """Read the rows above the body.

    Parameters
    ----------
    body : int
        First row of the body.
    keys : collection of int
        Positions of the columns that hold names, years and such.
    units : mapping of str to str
        Declared units by header or variable id.
    """
    titles, rows = _titles(sheet, body)
    columns: list[Column] = []
    for position in range(sheet.width):
        texts = [_text(sheet, row, position, body) for row in rows]
        column = _column(position, texts, rules, units)
        if position not in keys:
            column = _inherited(column, columns[-1] if columns else None, rules)
        columns.append(column)
    beside = (*columns[1:], None)
    scoped = (_with_scope(c, right, rules) for c, right in zip(columns, beside, strict=False))
    return Head(tuple(scoped), titles)


def _titles(sheet: Sheet, body: int) -> tuple[tuple[str, ...], list[int]]:
    """Split the rows above the body into lines of text and rows of headers."""
    titles, rows = list[str](), list[int]()
    for row in range(body):
        texts = {_text(sheet, row, at, body) for at in range(sheet.width)} - {""}
        if len(texts) == 1 and sheet.width > 1 and not rows:
            titles.append(texts.pop())
        else:
            rows.append(row)
    return tuple(titles), rows


def _text(sheet: Sheet, row: int, position: int, body: int) -> str:
    anchor = sheet.covered.get((row, position))
    if anchor is not None and anchor[0] < body:
        row, position = anchor
    return single_line(sheet.at(row, position))


def _column(
    position: int, texts: Sequence[str], rules: SheetRules, units: Mapping[str, str]
) -> Column:
    scope, year, unit, words = "", None, "", list[str]()
    for text in dict.fromkeys(filter(None, texts)):
        if plain(text) in rules.scopes:
            scope = rules.scopes[plain(text)]
        elif cell_year(text):
            year = cell_year(text)
        elif is_unit(text) and words:
            unit = text.strip("() ")
        else:
            words.append(text)
    column = Column(position, words[-1] if words else "", scope=scope, year=year, unit=unit)
    if not words:
        return column
    header, problem = column.header, ""
    candidates = (words[-1], " ".join(words))
    for text in dict.fromkeys(candidates):
        stated = f"{text}({unit})" if unit else text
        wording = match_header(stated, rules, units)
        if wording.match is None and year is None:
            rest, year_in = split_year(stated)
            if year_in is not None:
                found = match_header(rest, rules, units) if rest else wording
                if found.match is not None or not rest:
                    wording, year, header = found, year_in, rest
        if wording.match is not None:
            match = wording.match
            return replace(column, header=text, match=match, scope=scope or match.scope, year=year)
        problem = problem or wording.problem
    return replace(column, header=header, year=year, problem=problem)


def _inherited(column: Column, left: Column | None, rules: SheetRules) -> Column:
    """Give a column that has a scope or year and no words the words of the column on its left.

    Sheets print the whole city before its districts: a column that starts this order again has
    lost its header.
    """
    if column.header or not (column.scope or column.year):
        return column
    if left is not None and left.match is not None and _goes_on(left, column, rules):
        return replace(column, header=left.header, match=left.match, unit=left.unit)
    if column.year:
        return column
    return replace(column, problem=f"a scope ({column.scope}) and no header above it")


def _goes_on(left: Column, column: Column, rules: SheetRules) -> bool:
    if column.year or left.year:
        return bool(column.year and left.year and column.year != left.year)
    place = rules.scope_order.index(column.scope)
    return place > (rules.scope_order.index(left.scope) if left.scope else 0)


def _with_scope(column: Column, right: Column | None, rules: SheetRules) -> Column:
    """Say which scope a column has that names none: what the same header beside it leaves over."""
    if column.match is None or column.scope:
        return column
    if right is not None and right.match == column.match and right.header == column.header:
        others = [name for name in rules.scope_order if name != right.scope]
        if right.scope and len(others) == 1:
            note = f"scope taken as {others[0]}, beside a column that says {right.scope}"
            return replace(column, scope=others[0], note=note)
    return replace(column, scope=rules.scope_of(column.match.variable.id))
