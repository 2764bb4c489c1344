"""A sheet with all that is known of it before its cells are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath
from typing import Any

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer
from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.catalogue.variables import Match
from city_resilience.reading.cells import BLANK, Cell, cell_year
from city_resilience.reading.column_cells import parse_column
from city_resilience.reading.issues import Issue, Level, Place
from city_resilience.reading.sheet import Position, Row, Sheet
from city_resilience.reading.sheets.context import denied, in_unit, scope_stated, units_stated
from city_resilience.reading.sheets.header_rows import Column, read_columns
from city_resilience.reading.sheets.keys import Keys
from city_resilience.reading.sheets.options import Options
from city_resilience.reading.sheets.shapes import unread_shape
from city_resilience.reading.wording import match_header, place_name, split_year, without_currency

__all__ = ["Table", "lay_out_sheet"]

_FILE_WORDS = re.compile(
    r"\d{4}(?:\s*[-—~至到]\s*\d{4})?年?|各?(?:地级及以上|地级)?城?市|全国|数据"
)


@dataclass(frozen=True)
class Table:
    """A sheet with its keys and columns.

    Attributes
    ----------
    sheet : Sheet
    keys : Keys
    columns : tuple of Column
    titles : tuple of str
        Lines above the header rows, or else above those of the first table of the sheet.
    options : Options
    year : int or None
        Year of the data, where rows and columns do not say it.
    year_how : str
        How that year was found.
    """

    sheet: Sheet
    keys: Keys
    columns: tuple[Column, ...]
    titles: tuple[str, ...]
    options: Options
    year: int | None = None
    year_how: str = ""

    def issue(
        self,
        level: Level,
        kind: str,
        found: str,
        reason: str,
        *,
        row: int = -1,
        column: int = -1,
        **about: Any,
    ) -> Issue:
        """Return an issue of this sheet; row and column count from 0."""
        place = Place(self.sheet.file, self.sheet.name, row + 1, column + 1)
        return Issue(level, kind, reason, place=place, found=found, **about)

    @property
    def gazetteer(self) -> Gazetteer | None:
        """What names are resolved with; None where they are taken as they stand."""
        return self.options.gazetteer

    @cached_property
    def rows(self) -> Sequence[int]:
        """Rows below the header rows that hold any text; all where merged cells cover some."""
        if self.sheet.covered:
            return range(self.keys.body, self.sheet.end)
        return tuple(self.sheet.filled(self.keys.body))

    def text(self, row: int, key: str) -> str:
        """Return the text of a key column in a row; "" where there is no such column."""
        if key not in self._texts:
            self._texts[key] = self._texts_of(key)
        return self._texts[key].get(row, "")

    def _texts_of(self, key: str) -> dict[int, str]:
        at = self.keys.names if key == "name" else self.keys.places.get(key)
        if at is None:
            return {}
        found = list(self.sheet.lines(at, self.rows))
        if self.sheet.covered:
            found = [self.sheet.text(*self._key(row, at)) for row in self.rows]
        if key == "name" and self.gazetteer:
            names = {text: place_name(text) for text in set(found)}
            found = [names[text] for text in found]
        return dict(zip(self.rows, found, strict=True))

    @cached_property
    def _texts(self) -> dict[str, dict[int, str]]:
        return {}

    def _key(self, row: int, at: int) -> Position:
        """Return where a cell of a key column stands, which may be merged over several rows."""
        top, left = self.sheet.covered.get((row, at), (row, at))
        return (top if left == at and top >= self.keys.body else row), at

    def scope(self, row: int, column: Column, match: Match) -> str:
        """Return the scope of a cell, "" where a column of scopes says none that is known."""
        if "scope" in self.keys.places:
            return load_sheet_rules().scopes.get(plain(self.text(row, "scope")), "")
        return match.scope or column.scope or match.variable.scope

    def value_columns(self) -> list[Column]:
        """Columns that hold values of a variable."""
        columns = (c for c in self.columns if c.position not in self.keys.positions)
        return [c for c in columns if c.match or "indicator" in self.keys.places]

    def cell(self, row: int, at: int) -> Cell:
        """Return what a cell below the header rows says; its column decides about commas."""
        return self.parsed(at).get(row, BLANK)

    def parsed(self, at: int) -> Mapping[int, Cell]:
        """Return what the cells of a column say, by row; a row without any text is not there."""
        if at not in self._parsed:
            cells = [row[at] if at < len(row) else None for row in self._cells]
            self._whole[at] = any(type(cell) is int for cell in cells)
            read = parse_column(cells, self.options.decimal or self.sheet.decimal)
            self._parsed[at] = dict(zip(self.rows, read, strict=True))
        return self._parsed[at]

    def is_exact(self, row: int, at: int) -> bool:
        """Tell whether a whole number is no rounded one.

        A workbook keeps no zeros behind the point, so it is exact where most numbers of its column
        have decimals.
        """
        if at not in self._exact:
            known = [cell for cell in self.parsed(at).values() if cell.known]
            fractions = sum(cell.digits > 0 for cell in known)
            self._exact[at] = self._whole[at] and fractions * 2 >= len(known)
        return self._exact[at] and type(self.sheet.at(row, at)) is int

    @cached_property
    def _cells(self) -> list[Row]:
        return [self.sheet.cells(row) for row in self.rows]

    @cached_property
    def _whole(self) -> dict[int, bool]:
        """Whether a column that was read holds a whole number as such, and not as text."""
        return {}

    @cached_property
    def _exact(self) -> dict[int, bool]:
        return {}

    @cached_property
    def _parsed(self) -> dict[int, dict[int, Cell]]:
        return {}

    @cached_property
    def meanings(self) -> dict[tuple[int, str, str], tuple[Match | None, str]]:
        """What is known so far by column, indicator and unit; see `columns.meaning`."""
        return {}

    def numbers(self, row: int) -> list[float]:
        """Return the numbers of a row outside its key columns."""
        cells = (parsed[row] for parsed in self._of_values if row in parsed)
        return [cell.value for cell in cells if cell.known]

    @cached_property
    def _of_values(self) -> list[Mapping[int, Cell]]:
        """What the columns say that are no keys."""
        kept = (at for at in range(self.sheet.width) if at not in self.keys.positions)
        return [self.parsed(at) for at in kept]

    def row_years(self) -> dict[int, int | None]:
        """Return each row's year: its own, the sheet's, or None where columns say it."""
        if "year" not in self.keys.places:
            return dict.fromkeys(self.rows, self.year)
        texts = {row: self.text(row, "year") for row in self.rows}
        years = {text: cell_year(text) for text in set(texts.values())}
        return {row: years[text] for row, text in texts.items()}


def lay_out_sheet(sheet: Sheet, keys: Keys | None, options: Options) -> Table | Issue:
    """Find the columns and year of a sheet; an issue where it is no table of cities."""
    place = Place(sheet.file, sheet.name)
    reason = unread_shape(sheet, keys, options.gazetteer)
    if keys is None or reason:
        return Issue("lost", "sheet", reason, place=place)
    columns, own_titles = read_columns(sheet, keys, options.units)
    titles = own_titles or sheet.above
    columns = _named(columns, keys, sheet, titles, options)
    table = Table(sheet, keys, _in_context(columns, sheet, titles, options), titles, options)
    if "year" in keys.places or all(column.year for column in table.value_columns()):
        return table
    stated = (*own_titles, *sheet.above)
    year, how = options.years.year_of(sheet.file, sheet.name, stated)
    if year is None:
        reason = "no year in a column, a title or a name; say it with --year"
        return Issue("lost", "sheet", reason, place=place)
    return replace(table, year=year, year_how=how)


def _named(
    columns: tuple[Column, ...],
    keys: Keys,
    sheet: Sheet,
    titles: Sequence[str],
    options: Options,
) -> tuple[Column, ...]:
    """Give columns of years or values the variable that the table's titles or names say."""
    value = keys.places.get("value")
    needy = [c for c in columns if not c.match and (c.year or c.position == value)]
    if not needy or "indicator" in keys.places:
        return columns
    texts = (options.variable, *titles, sheet.name, _FILE_WORDS.sub("", PurePath(sheet.file).stem))
    named = (split_year(text)[0] for text in texts)
    matches = ((match_header(text, options.units, carry=True).match, text) for text in named)
    match, said = next((found for found in matches if found[0]), (None, ""))
    if match is None:
        return columns
    if not units_stated(titles) and "unit" not in keys.places:
        match = without_currency(match, said, china=options.yuan)
    label = match.variable.label_zh
    return tuple(replace(c, match=match, header=label) if c in needy else c for c in columns)


def _in_context(
    columns: Sequence[Column], sheet: Sheet, titles: Sequence[str], options: Options
) -> tuple[Column, ...]:
    """Give columns the scope and unit that are stated for the table, and doubt plain names."""
    scope, units = scope_stated(titles, sheet.name, sheet.file), units_stated(titles)
    meant = (_with_meaning(c, units, (*titles, sheet.name), options) for c in columns)
    return tuple(_with_scope(column, scope) for column in meant)


def _with_meaning(
    column: Column, units: Sequence[str], titles: Sequence[str], options: Options
) -> Column:
    """Give a column the table's unit; the user's own columns are what the user says."""
    match = column.match
    for header, year in ((column.header, column.year), split_year(column.header)):
        own = options.own_column(header)
        if own is not None and header:
            return replace(column, match=own, year=year or column.year, problem="")
    if match is None:
        return column
    problem = denied(titles, column.header, match, group=False)
    if not problem:
        match, problem = in_unit(match, units)
    return replace(column, match=None if problem else match, problem=problem or column.problem)


def _with_scope(column: Column, stated: str) -> Column:
    default = column.match.variable.scope if column.match else ""
    scope = column.scope or stated or default
    return column if scope == column.scope else replace(column, scope=scope)
