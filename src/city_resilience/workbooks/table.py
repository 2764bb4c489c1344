"""A sheet with all that is known of it before its cells are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from city_resilience.catalogue import Match, SheetRules, Variable, conversion_factor, parse_unit
from city_resilience.gazetteer import Gazetteer
from city_resilience.workbooks.cells import cell_year
from city_resilience.workbooks.head import Column, Head, read_head
from city_resilience.workbooks.keys import Keys, find_keys
from city_resilience.workbooks.listing import Entry, Level
from city_resilience.workbooks.sheet import Sheet
from city_resilience.workbooks.wording import is_unit, match_header, single_line, split_year
from city_resilience.workbooks.years import YearRules

__all__ = ["Options", "Table", "factor_of", "lay_out_sheet"]

_FILE_WORDS = re.compile(
    r"\d{4}(?:\s*[-—~至到]\s*\d{4})?年?|各?(?:地级及以上|地级)?城?市|全国|数据"
)


@dataclass(frozen=True)
class Options:
    """How sheets are read.

    Attributes
    ----------
    years : YearRules
        Rules for the data year of sheets without a column of years.
    units : mapping of str to str
        Declared units by header, variable id or ``variable/year``.
    own : mapping of str to Match
        Headers of the user's own columns, with what they mean.
    """

    years: YearRules = field(default_factory=YearRules)
    units: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, Match] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A sheet, its keys and head, and the rules it is read by.

    Attributes
    ----------
    year : int or None
        Year of the data, where rows and columns do not say it.
    year_how : str
        How that year was found.
    """

    sheet: Sheet
    keys: Keys
    head: Head
    rules: SheetRules
    options: Options
    year: int | None = None
    year_how: str = ""

    def entry(self, level: Level, kind: str, found: str, reason: str, **where: Any) -> Entry:
        """Return a line of the list about this sheet."""
        return Entry(level, kind, self.sheet.file, self.sheet.name, found, reason, **where)

    def rows(self) -> range:
        """Rows below the head."""
        return range(self.keys.body, len(self.sheet.rows))

    def text(self, row: int, key: str) -> str:
        """Return the text of a key column in a row; "" where there is no such column."""
        at = self.keys.names if key == "name" else self.keys.places.get(key)
        return "" if at is None else single_line(self.sheet.at(row, at))

    def value_columns(self) -> list[Column]:
        """Columns that hold values of a variable."""
        columns = (c for c in self.head.columns if c.position not in self.keys.positions)
        return [c for c in columns if c.match or "indicator" in self.keys.places]

    def row_years(self) -> dict[int, int | None]:
        """Return each row's year: its own, the sheet's, or None where columns say it."""
        if "year" not in self.keys.places:
            return dict.fromkeys(self.rows(), self.year)
        at = self.keys.places["year"]
        return {row: cell_year(self.sheet.at(row, at)) for row in self.rows()}


def lay_out_sheet(
    sheet: Sheet, rules: SheetRules, options: Options, gazetteer: Gazetteer | None
) -> Table | Entry:
    """Find the keys, the head and the year of a sheet; an entry where it is no table of cities."""
    keys = find_keys(sheet, rules, gazetteer)
    if keys is None:
        reason = "no column of city names found; left out"
        return Entry("lost", "sheet", sheet.file, sheet.name, "", reason)
    head = read_head(sheet, keys.body, keys.positions, rules, options.units)
    head = _in_units(_named(sheet, keys, head, rules, options), rules, options)
    table = Table(sheet, keys, head, rules, options)
    if "year" in keys.places or all(column.year for column in table.value_columns()):
        return table
    year, how = options.years.year_of(sheet.file, sheet.name, head.titles, rules)
    if year is None:
        reason = "no year in a column, a title or a name; say it with --year"
        return Entry("lost", "sheet", sheet.file, sheet.name, "", reason)
    return replace(table, year=year, year_how=how)


def factor_of(unit: str, variable: Variable) -> float | None:
    """Return the factor from a unit to a variable's own; None where they do not compare."""
    found, wanted = parse_unit(unit), parse_unit(variable.unit)
    return conversion_factor(found, wanted) if found and wanted else None


def _named(sheet: Sheet, keys: Keys, head: Head, rules: SheetRules, options: Options) -> Head:
    """Give columns of years or values the variable that the table's titles or names say."""
    value = keys.places.get("value")
    needy = [c for c in head.columns if not c.match and (c.year or c.position == value)]
    if not needy or "indicator" in keys.places:
        return head
    texts = (*head.titles, sheet.name, _FILE_WORDS.sub("", PurePath(sheet.file).stem))
    matches = (match_header(split_year(text)[0], rules, options.units).match for text in texts)
    match = next(filter(None, matches), None)
    if match is None:
        return head
    label = match.variable.label_zh
    columns = (
        replace(c, match=match, header=label, scope=c.scope or rules.scope_order[0])
        if c in needy
        else c
        for c in head.columns
    )
    return replace(head, columns=tuple(columns))


def _in_units(head: Head, rules: SheetRules, options: Options) -> Head:
    """Apply the user's own columns, and the unit that a title states for the whole table."""
    stated = [title for title in head.titles if is_unit(title)]
    unit = re.split(r"[::]", stated[0].strip("() "))[-1].strip() if stated else ""
    columns = []
    for column in head.columns:
        own = options.own.get(column.header)
        if own is not None:
            scope = column.scope or rules.scope_order[0]
            columns.append(replace(column, match=own, problem="", scope=scope))
        else:
            columns.append(_in_unit(column, unit))
    return replace(head, columns=tuple(columns))


def _in_unit(column: Column, unit: str) -> Column:
    if not unit or column.match is None or column.match.unit_in_header:
        return column
    factor = factor_of(unit, column.match.variable)
    if factor is None:
        return column
    return replace(column, match=replace(column.match, unit_in_header=unit, factor=factor))
