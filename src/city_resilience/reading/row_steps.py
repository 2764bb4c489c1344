"""The rows of a table on their way into a panel: what each step keeps, sets aside and has to say.

A table that is read at once takes these steps with all its rows, one that is read in blocks with
the rows of each block, or with one row for each place (see `streamed`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.errors import InputError
from city_resilience.reading import checks
from city_resilience.reading.account import Aside, RowsAside, spans_of
from city_resilience.reading.cells import Cell
from city_resilience.reading.column_cells import Numbers, as_text, as_years, read_numbers
from city_resilience.reading.headers import Layout, Source
from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.nations import nations_aside
from city_resilience.reading.number_style import Decimal
from city_resilience.reading.places import distinct_names, is_total
from city_resilience.reading.wording import percent_factor

__all__ = [
    "Rows",
    "blank_note",
    "keep_scope",
    "leave_out_blank",
    "leave_out_nations",
    "leave_out_totals",
    "read_keys",
    "read_values",
    "refuse_other_scopes",
    "scope_note",
    "tell_apart",
    "values_of",
]

Mask = NDArray[np.bool_]


@dataclass
class Rows:
    """The rows of a table that are kept so far, their keys, and what is known of the others.

    Attributes
    ----------
    cells : DataFrame
        Columns by position in the file; the index is the row in the file.
    decimal : str
        What is said about its mark of decimals.
    keys : dict of str to Series or ndarray
        Keys of the rows.
    issues : dict of str to list of Issue
        What is wrong, by what it is about, in the order in which that was looked at.
    notes : list of str
    aside : list of RowsAside
    """

    cells: pd.DataFrame
    decimal: Decimal = ""
    keys: dict[str, Any] = field(default_factory=dict)
    issues: dict[str, list[Issue]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    aside: list[RowsAside] = field(default_factory=list)

    @property
    def every_issue(self) -> list[Issue]:
        """All issues, in their order."""
        return [issue for found in self.issues.values() for issue in found]

    def count(self, chosen: Mask) -> int:
        """Return how many rows of the table are chosen."""
        return int(chosen.sum())

    def found(self, about: str, issues: Iterator[Issue] | Sequence[Issue]) -> None:
        """Add what is wrong."""
        self.issues.setdefault(about, []).extend(issues)

    def keep(self, chosen: Mask, why: Aside) -> None:
        """Keep some rows and set the others aside."""
        self.set_aside(~chosen, why)
        self.drop(~chosen)

    def drop(self, rows: Mask) -> None:
        """Leave out some rows."""
        if not rows.any():
            return
        chosen = ~rows
        self.cells = self.cells[chosen]
        self.keys = {key: values[chosen] for key, values in self.keys.items()}

    def set_aside(
        self, rows: Mask, why: Aside, *, named: bool = False, names: tuple[str, ...] = ()
    ) -> None:
        """Note which rows are not in the panel."""
        if rows.any():
            names = tuple(dict.fromkeys(self.keys["city"][rows])) if named else names
            spans = spans_of(self.cells.index[rows])
            self.aside.append(RowsAside(why, self.count(rows), spans, names))


def leave_out_blank(rows: Rows, layout: Layout) -> None:
    """Leave out rows in which no column that is read holds anything."""
    cells = rows.cells
    filled = np.zeros(len(cells), dtype=bool)
    for key in ("city", "year"):
        filled |= (as_text(cells[layout.keys[key]]) != "").to_numpy(dtype=bool)
    for source in layout.sources:
        if filled.all():
            return
        filled |= cells[source.position].notna().to_numpy(dtype=bool)
    rows.keep(filled, "blank")


def blank_note(aside: Sequence[RowsAside]) -> list[str]:
    """Say how many rows are blank, if any are."""
    return [f"{one.rows} blank rows left out" for one in aside if one.why == "blank"]


def read_keys(rows: Rows, headers: tuple[str, ...], layout: Layout) -> None:
    """Read the keys; rows whose keys cannot be read are left out."""
    city, year = layout.keys["city"], layout.keys["year"]
    names, years = as_text(rows.cells[city]), as_years(rows.cells[year])
    rows.found("city", checks.check_city_names(headers[city], names))
    rows.found("year", checks.check_years(headers[year], rows.cells[year], years))
    rows.keys = {"city": names, "year": years}
    for key in ("province", "code", "nation"):
        if key in layout.keys:
            rows.keys[key] = as_text(rows.cells[layout.keys[key]])
    rows.keep((names != "").to_numpy(dtype=bool) & checks.is_year(years), "keys")


def keep_scope(rows: Rows, headers: tuple[str, ...], layout: Layout, scope: str) -> None:
    """Keep the rows of one scope where a column tells it."""
    if "scope" not in layout.keys:
        return
    at, scopes = layout.keys["scope"], load_sheet_rules().scopes
    words = as_text(rows.cells[at])
    found = words.map({word: scopes.get(plain(word), "") for word in words.unique()})
    rows.found("scope", checks.check_scopes(headers[at], words[(words != "") & (found == "")]))
    rows.keep(((words == "") | (found == scope)).to_numpy(dtype=bool), "scope")


def refuse_other_scopes(kept: int, layout: Layout, scope: str) -> None:
    """Refuse a table that tells scopes and has no row of the one that is asked for."""
    if "scope" in layout.keys and not kept:
        raise InputError(f"no row is about the scope {scope!r}; change scope in [data]")


def scope_note(aside: Sequence[RowsAside], scope: str) -> list[str]:
    """Say how many rows are about another scope, if any are."""
    said = "rows of another scope than"
    return [f"{one.rows} {said} {scope} left out" for one in aside if one.why == "scope"]


def leave_out_totals(rows: Rows) -> None:
    """Leave out the rows whose name says that they are sums or means of others."""
    names = rows.keys["city"]
    sums = [name for name in names.unique() if is_total(name, None)]
    chosen = names.isin(sums).to_numpy(dtype=bool)
    if chosen.any():
        rows.set_aside(chosen, "total", named=True)
        rows.notes.append(f"{rows.count(chosen)} rows of totals left out: {', '.join(sums)}")
        rows.drop(chosen)


def leave_out_nations(rows: Rows, frame: pd.DataFrame, least: int, outcome: str) -> pd.DataFrame:
    """Leave out places without a nation and nations of too few places, where there are several.

    Provinces of one name carry the nation that tells them apart.
    """
    if "nation" not in frame:
        return frame
    gone = np.zeros(len(frame), dtype=bool)
    for one in nations_aside(frame, least, outcome):
        rows.set_aside(one.rows, one.why, names=one.names)
        rows.notes.insert(0, one.note)
        gone |= one.rows
    rows.drop(gone)
    frame = frame[~gone]
    if "province" not in frame:
        return frame
    marks = dict(enumerate(frame["nation"].mask(frame["province"] == "", "")))
    told = distinct_names(dict(enumerate(frame["province"])), dict.fromkeys(marks), marks)
    return frame.assign(province=list(told.values()))


def tell_apart(rows: Rows) -> None:
    """Give places of one name the code, the province or the nation that tells them apart.

    Codes are no column of the panel.
    """
    names, years = rows.keys["city"], rows.keys["year"]
    marks = {"code": rows.keys.pop("code", None)}
    marks |= {key: rows.keys.get(key) for key in ("province", "nation")}
    for what, mark in marks.items():
        stands = pd.DataFrame({"city": names.to_numpy(), "year": years})
        if mark is None or not stands.duplicated().any():
            continue
        listed = (dict(enumerate(column)) for column in (names, years, mark))
        told = distinct_names(*listed)
        apart = pd.Series(list(told.values()), index=names.index, dtype=str)
        if shared := sorted(names[apart != names].unique()):
            more = f" and {len(shared) - 3} more" if len(shared) > 3 else ""
            shown = ", ".join(map(repr, shared[:3])) + more
            rows.notes.append(f"names of several places carry their {what}: {shown}")
        names = apart
    rows.keys["city"] = names


def read_values(rows: Rows, source: Source) -> NDArray[np.float64]:
    """Read a column of the whole table in the unit of its variable."""
    numbers = read_numbers(rows.cells[source.position], rows.decimal)
    values = values_of(rows, source, numbers)
    if source.match.variable.kind == "share" and not source.match.unit_in_header:
        rows.found(source.id, checks.check_share(source.header, source.id, values))
    rows.notes += (f"column {source.header!r}: {note}" for note in numbers.notes)
    return values


def values_of(rows: Rows, source: Source, numbers: Numbers) -> NDArray[np.float64]:
    """Return numbers in the unit of a variable; cells that are no number are unknown."""
    match = source.match
    variable, factor = match.variable, match.factor
    wrong, values = dict(numbers.wrong), numbers.values
    values = values if factor == 1.0 else values * factor
    if numbers.percent.any():
        factor, fault = percent_factor(variable, match.unit_in_header, factor)
        values = np.where(numbers.percent, numbers.values * factor, values)
        odd = np.flatnonzero(numbers.percent).tolist() if fault else ()
        wrong |= dict.fromkeys(odd, Cell(fault=fault))
    rows.found(source.id, _unread(rows, source, wrong) if wrong else ())
    return values


def _unread(rows: Rows, source: Source, wrong: Mapping[int, Cell]) -> Iterator[Issue]:
    """Yield an issue for each cell of a column that is no number."""
    at, variable = list(wrong), source.match.variable
    cities, years = rows.keys["city"].iloc[at].tolist(), rows.keys["year"][at].tolist()
    faulty = rows.cells[source.position].iloc[at]
    for row, found, city, year, cell in zip(
        faulty.index.tolist(), faulty, cities, years, wrong.values(), strict=True
    ):
        place, key = Place(row=row, header=source.header), (str(city), year)
        issue = checks.cell_issue("unreadable", cell.fault, found, place, variable.id, key)
        yield replace(issue, likely=cell.likely) if cell.likely else issue
