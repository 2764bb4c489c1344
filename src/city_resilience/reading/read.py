"""Read a panel of cities and years from a file, in catalogue units, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.outcome import Outcome
from city_resilience.reading import checks
from city_resilience.reading.account import Account, Aside, RowsAside, spans_of, unread_values
from city_resilience.reading.cells import Cell
from city_resilience.reading.column_cells import as_text, as_years, read_numbers
from city_resilience.reading.corrections import apply_corrections
from city_resilience.reading.headers import Layout, Source, groups_looked_up, lay_out
from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.nations import nation_of_rows, nations_aside
from city_resilience.reading.number_style import Decimal
from city_resilience.reading.opening import RawTable, open_table
from city_resilience.reading.panel import Panel
from city_resilience.reading.places import distinct_names, is_total, place_cities
from city_resilience.reading.size import size_labels
from city_resilience.reading.wording import percent_factor

__all__ = ["Uncorrected", "read_opened", "read_panel", "read_uncorrected"]

SEVERAL_CITIES = 0.5  # share of repeated rows from which a coarser unit holds several cities


@dataclass
class _Rows:
    """The rows of a table that are kept so far, their keys, and what is known of the others."""

    cells: pd.DataFrame
    decimal: Decimal = ""
    keys: dict[str, Any] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aside: list[RowsAside] = field(default_factory=list)

    def keep(self, chosen: NDArray[np.bool_], why: Aside) -> None:
        self.set_aside(~chosen, why)
        self.drop(~chosen)

    def drop(self, rows: NDArray[np.bool_]) -> None:
        if not rows.any():
            return
        chosen = ~rows
        self.cells = self.cells[chosen]
        self.keys = {key: values[chosen] for key, values in self.keys.items()}

    def set_aside(
        self,
        rows: NDArray[np.bool_],
        why: Aside,
        *,
        named: bool = False,
        names: tuple[str, ...] = (),
    ) -> None:
        """Note which rows are not in the panel."""
        if rows.any():
            names = tuple(dict.fromkeys(self.keys["city"][rows])) if named else names
            spans = spans_of(self.cells.index[rows])
            self.aside.append(RowsAside(why, int(rows.sum()), spans, names))


def read_panel(
    source: Path | str | pd.DataFrame, data: Data | None = None, *, outcome: Outcome | str = ""
) -> Panel:
    """Read, name, convert and check a panel.

    Parameters
    ----------
    source : Path or DataFrame
        A text file (its encoding, separator and decimal mark are recognised), a workbook, a Parquet
        or a Stata file whose first row holds the headers, or a frame with the same headers as
        columns; each row is one city in one year. A frame is left as it is.
    data : Data, optional
        Names of the keys where the catalogue does not know them, groups, units, own columns,
        the scope, corrections of cells, and the sheet of a workbook.
    outcome : Outcome or str
        The variable that must be present and, unless its scale is log or rate, positive; not
        checked if empty. The outcome's own column and weight are read as well.

    Returns
    -------
    Panel
        Sorted by city and year, whatever the order of rows and columns in the file. Its issues
        are the rows and cells that could not be read or used, which are left out.

    Raises
    ------
    InputError
        If the file cannot be read, a key or declared column is missing, two columns are the
        same variable, a unit does not fit, there is only one city, or the outcome is absent; with
        a gazetteer, if no row is a city.
    """
    data = data or Data()
    settings = Outcome(variable=outcome) if isinstance(outcome, str) else outcome
    return read_uncorrected(source, data, settings).corrected(data.corrections)


@dataclass(frozen=True)
class Uncorrected:
    """A panel before its corrections, so that they can be changed without reading it again.

    Attributes
    ----------
    panel : Panel
    outcome : Outcome
    scope : str
        That of its experiment.
    found : Series or None
        The outcome as the file has it, by row; None where it is not known.
    """

    panel: Panel
    outcome: Outcome
    scope: str
    found: pd.Series | None

    def corrected(self, corrections: Mapping[str, float | str]) -> Panel:
        """Return the panel as `read_panel` does with these ``[data.corrections]``."""
        panel = _with_size(apply_corrections(self.panel, corrections), self.scope)
        panel = panel.stated(self.outcome)
        if self.found is None:
            return panel
        return _with_outcome(panel, self.outcome, self.found)


def read_uncorrected(
    source: Path | str | pd.DataFrame, data: Data, outcome: Outcome
) -> Uncorrected:
    """Read a panel without its corrections; see `read_panel`."""
    table = open_table(source, data.sheet, data.decimal, encoding=data.encoding)
    return read_opened(table, data, outcome)


def read_opened(table: RawTable, data: Data, outcome: Outcome) -> Uncorrected:
    """Read a panel without its corrections from a table that is open already."""
    try:
        panel, found = _read(table, data, outcome)
    except InputError as error:
        raise InputError(f"{table.name}: {error}", error.paste) from error
    return Uncorrected(panel, outcome, data.scope, found)


def _read(table: RawTable, data: Data, settings: Outcome) -> tuple[Panel, pd.Series | None]:
    """Return the panel before its corrections, and the outcome as the file has it, by row."""
    outcome = settings.variable
    layout = lay_out(table.headers, data, settings)
    text = [*layout.keys.values(), *layout.groups.values()]
    rows = _Rows(table.load(text), data.decimal or table.decimal)
    stood = len(rows.cells)
    blank = _leave_out_blank(rows, layout)
    if rows.cells.empty:
        raise InputError("a header and no rows; export the panel again")
    rows.notes += layout.notes
    _read_keys(rows, table.headers, layout)
    _keep_scope(rows, table.headers, layout, data.scope)
    looked_up = groups_looked_up(table.headers, data)
    if data.gazetteer == "none":
        _leave_out_totals(rows)
        _tell_apart(rows)
    else:
        placed = place_cities(rows.keys, data.gazetteer, looked_up, level=layout.level)
        rows.set_aside(placed.unknown, "name", named=True)
        rows.set_aside(~placed.kept & ~placed.unknown, "territory", named=True)
        rows.drop(~placed.kept)
        nation = {key: rows.keys[key] for key in ("nation",) if key in rows.keys}
        rows.keys = {**placed.keys, **nation}
        rows.notes += placed.notes
        rows.issues += placed.issues
    if "nation" in rows.keys:
        header = table.headers[layout.keys["nation"]]
        rows.keys["nation"] = nation_of_rows(rows.keys["city"], rows.keys["nation"], header)
    groups = {header: as_text(rows.cells[at]) for header, at in layout.groups.items()}
    values = {source.id: _values(rows, source) for source in layout.sources}
    frame = pd.DataFrame({**rows.keys, **groups, **values}, index=rows.cells.index)
    if layout.no_city and frame[["city", "year"]].duplicated(keep=False).mean() > SEVERAL_CITIES:
        raise InputError(layout.no_city)
    frame = _leave_out_nations(rows, frame, data.nation_min_cities, outcome)
    rows.issues += checks.check_duplicates(frame)
    repeated = frame[["city", "year"]].duplicated().to_numpy(dtype=bool)
    rows.set_aside(repeated, "duplicate")
    frame = frame[~repeated]
    checks.check_cities(frame["city"], rows.issues)
    positions = {source.id: source.position for source in layout.sources}
    if outcome and outcome not in positions and outcome in layout.misfits:
        raise InputError(layout.misfits[outcome])
    if outcome:
        checks.check_outcome(outcome, positions, unread_values(layout.columns))
    ordered = frame.sort_values(["city", "year"], kind="stable")
    panel = Panel(
        frame=ordered.reset_index(drop=True),
        variables={source.id: source.match.variable for source in layout.sources},
        groups=(*layout.groups, *looked_up),
        notes=(*table.notes, *rows.notes, *blank),
        source=table.source,
        rows=ordered.index.to_numpy(dtype=np.int64),
        headers={source.id: source.header for source in layout.sources},
        issues=tuple(rows.issues),
        account=Account(layout.columns, stood, tuple(rows.aside), table.encoding),
    )
    return panel, rows.cells[positions[outcome]] if outcome else None


def _leave_out_blank(rows: _Rows, layout: Layout) -> list[str]:
    """Leave out rows in which no column that is read holds anything; return how many there are."""
    cells = rows.cells
    filled = np.zeros(len(cells), dtype=bool)
    for key in ("city", "year"):
        filled |= (as_text(cells[layout.keys[key]]) != "").to_numpy(dtype=bool)
    for source in layout.sources:
        if filled.all():
            return []
        filled |= cells[source.position].notna().to_numpy(dtype=bool)
    if filled.all():
        return []
    rows.keep(filled, "blank")
    return [f"{(~filled).sum()} blank rows left out"]


def _read_keys(rows: _Rows, headers: tuple[str, ...], layout: Layout) -> None:
    """Read the keys; rows whose keys cannot be read are left out."""
    city, year = layout.keys["city"], layout.keys["year"]
    names, years = as_text(rows.cells[city]), as_years(rows.cells[year])
    rows.issues += checks.check_city_names(headers[city], names)
    rows.issues += checks.check_years(headers[year], rows.cells[year], years)
    rows.keys = {"city": names, "year": years}
    for key in {"province", "code", "nation"} & set(layout.keys):
        rows.keys[key] = as_text(rows.cells[layout.keys[key]])
    rows.keep((names != "").to_numpy(dtype=bool) & checks.is_year(years), "keys")


def _keep_scope(rows: _Rows, headers: tuple[str, ...], layout: Layout, scope: str) -> None:
    """Keep the rows of one scope where a column tells it."""
    if "scope" not in layout.keys:
        return
    at, scopes = layout.keys["scope"], load_sheet_rules().scopes
    words = as_text(rows.cells[at])
    found = words.map({word: scopes.get(plain(word), "") for word in words.unique()})
    rows.issues += checks.check_scopes(headers[at], words[(words != "") & (found == "")])
    kept = ((words == "") | (found == scope)).to_numpy(dtype=bool)
    if not kept.any():
        raise InputError(f"no row is about the scope {scope!r}; change scope in [data]")
    if left := int((~kept).sum()):
        rows.notes.append(f"{left} rows of another scope than {scope} left out")
    rows.keep(kept, "scope")


def _leave_out_totals(rows: _Rows) -> None:
    """Leave out the rows whose name says that they are sums or means of others."""
    names = rows.keys["city"]
    sums = [name for name in names.unique() if is_total(name, None)]
    chosen = names.isin(sums).to_numpy(dtype=bool)
    if chosen.any():
        rows.set_aside(chosen, "total", named=True)
        rows.notes.append(f"{chosen.sum()} rows of totals left out: {', '.join(sums)}")
        rows.drop(chosen)


def _leave_out_nations(rows: _Rows, frame: pd.DataFrame, least: int, outcome: str) -> pd.DataFrame:
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


def _tell_apart(rows: _Rows) -> None:
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


def _values(rows: _Rows, source: Source) -> NDArray[np.float64]:
    """Read a column in the unit of its variable; cells that are no number are unknown."""
    cells, match = rows.cells[source.position], source.match
    variable, factor = match.variable, match.factor
    numbers = read_numbers(cells, rows.decimal)
    wrong, values = dict(numbers.wrong), numbers.values
    values = values if factor == 1.0 else values * factor
    if numbers.percent.any():
        factor, fault = percent_factor(variable, match.unit_in_header, factor)
        values = np.where(numbers.percent, numbers.values * factor, values)
        odd = np.flatnonzero(numbers.percent).tolist() if fault else ()
        wrong |= dict.fromkeys(odd, Cell(fault=fault))
    if wrong:
        rows.issues += _unread(rows, source, cells, wrong)
    if variable.kind == "share" and not match.unit_in_header:
        rows.issues += checks.check_share(source.header, variable.id, values)
    rows.notes += (f"column {source.header!r}: {note}" for note in numbers.notes)
    return values


def _unread(
    rows: _Rows, source: Source, cells: pd.Series, wrong: Mapping[int, Cell]
) -> Iterator[Issue]:
    """Yield an issue for each cell of a column that is no number."""
    at, variable = list(wrong), source.match.variable
    cities, years = rows.keys["city"].iloc[at].tolist(), rows.keys["year"][at].tolist()
    faulty = cells.iloc[at]
    for row, found, city, year, cell in zip(
        faulty.index.tolist(), faulty, cities, years, wrong.values(), strict=True
    ):
        place, key = Place(row=row, header=source.header), (str(city), year)
        issue = checks.cell_issue("unreadable", cell.fault, found, place, variable.id, key)
        yield replace(issue, likely=cell.likely) if cell.likely else issue


def _with_size(panel: Panel, scope: str) -> Panel:
    """Add the size class of each city where the experiment names it as a group."""
    if "size" not in panel.groups or "size" in panel.frame:
        return panel
    labels, note = size_labels(panel.frame, panel.variables, scope=scope)
    return replace(panel, frame=panel.frame.assign(size=labels), notes=(*panel.notes, note))


def _with_outcome(panel: Panel, settings: Outcome, found: pd.Series) -> Panel:
    """Check the outcome; values of an amount that are not positive are left out."""
    outcome = settings.variable
    by_row = panel.frame.set_axis(panel.rows, axis="index").sort_index()
    header = panel.headers[outcome]
    if settings.scale in ("log", "rate") or panel.variables[outcome].kind == "log":
        issues = checks.check_filled(header, outcome, by_row)
        return replace(panel, issues=(*panel.issues, *issues))
    issues = checks.check_positive(header, outcome, by_row, found)
    positive = panel.frame[outcome].where(panel.frame[outcome] > 0)
    frame = panel.frame.assign(**{outcome: positive})
    return replace(panel, frame=frame, issues=(*panel.issues, *issues))
