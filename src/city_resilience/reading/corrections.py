"""Corrections that an experiment declares, applied to a panel and noted: no silent repair."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.errors import InputError, nearest
from city_resilience.reading.account import RowsAside, spans_of
from city_resilience.reading.issues import Issue
from city_resilience.reading.panel import Panel
from city_resilience.reading.stored_panel import StoredPanel

__all__ = ["apply_corrections"]

_YEARS = re.compile(r"\*|(\d{4})(?:-(\d{4}))?")
_SHOWN = 3
_ZEROS = "drop zeros"

Rows = NDArray[np.intp]
Correction = float | str
AnyPanel = TypeVar("AnyPanel", bound=Panel)


def apply_corrections(panel: Panel, corrections: Mapping[str, Correction]) -> Panel:
    """Return a panel with the declared corrections, one after another, and a note for each.

    Parameters
    ----------
    panel : Panel
        Left as it is.
    corrections : mapping of str to float or str
        ``"variable/city/year"`` to a number in the variable's unit, to ``"drop"`` (the cell
        becomes unknown), ``"drop zeros"`` or a factor such as ``"*0.001"``. City and year may be
        ``*``, the year also a range such as ``2011-2014``. A number also fills blank cells of rows
        that exist.

    Returns
    -------
    Panel
        Notes say what each correction found, what stands there now, and in how many cells; also
        that a correction matched none. A cell that could not be read and is dropped or replaced
        is no issue any more.

    Raises
    ------
    InputError
        If a variable is neither in the panel nor in the catalogue, or a key or value cannot be
        read.
    """
    if not corrections:
        return panel
    for key in corrections:
        _check_variable(key, _parts(key)[0], panel.variables)
    if isinstance(panel, StoredPanel):
        return _in_batches(panel, corrections)
    cells = _Cells(panel)
    notes = [
        _note(key, panel, made)
        for key, made in zip(corrections, _made(cells, corrections), strict=True)
    ]
    left = tuple(issue for issue in panel.issues if id(issue) not in cells.settled)
    frame = panel.frame.assign(**cells.changed)
    corrected = replace(panel, frame=frame, issues=left, notes=(*panel.notes, *notes))
    return _without_emptied(panel, corrected)


@dataclass(frozen=True)
class _Made:
    """What a correction changed: how many cells, and what it did to the first."""

    count: int = 0
    said: tuple[str, ...] = ()

    def __add__(self, other: _Made) -> _Made:
        return _Made(self.count + other.count, (*self.said, *other.said)[:_SHOWN])


def _made(cells: _Cells, corrections: Mapping[str, Correction]) -> list[_Made]:
    """Correct the cells of a panel; return what each correction changed."""
    made = []
    for key, value in corrections.items():
        variable, city, years = _parts(key)
        known = variable in cells.panel.variables
        made.append(_apply(cells, key, value, cells.rows(city, years)) if known else _Made())
    return made


def _in_batches(panel: StoredPanel, corrections: Mapping[str, Correction]) -> StoredPanel:
    """Correct a panel whose columns lie in files."""
    totals, settled = [_Made()] * len(corrections), set()

    def change(batch: Panel) -> Mapping[str, NDArray[np.float64]]:
        cells = _Cells(batch)
        made = _made(cells, corrections)
        totals[:] = [old + new for old, new in zip(totals, made, strict=True)]
        settled.update(cells.settled)
        return cells.changed

    named = dict.fromkeys(_parts(key)[0] for key in corrections)
    corrected = panel.changed([name for name in named if name in panel.variables], change)
    notes = [_note(key, panel, made) for key, made in zip(corrections, totals, strict=True)]
    left = tuple(issue for issue in panel.issues if id(issue) not in settled)
    corrected = replace(corrected, issues=left, notes=(*panel.notes, *notes))
    emptied = panel.emptied_in(corrected)
    if not emptied or len(emptied) == len(panel.store.cities):
        return corrected
    rows = panel.of(panel.positions(emptied), ()).rows
    return _without(corrected, corrected.without(emptied), emptied, rows)


class _Cells:
    """The cells of a panel as far as they are corrected."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.cities = panel.frame["city"].to_numpy()
        self.years = panel.frame["year"].to_numpy()
        self.every = np.arange(len(self.years))
        self.changed: dict[str, NDArray[np.float64]] = {}
        self.settled: set[int] = set()
        self._unread: dict[str, dict[int, list[Issue]]] = {}

    @cached_property
    def _of_city(self) -> Mapping[str, Rows]:
        found: Mapping[str, Rows] = pd.Series(self.cities).groupby(self.cities).indices
        return found

    def rows(self, city: str, years: tuple[int, int] | None) -> Rows:
        """Return the rows of a city and of some years, ``*`` and None for all."""
        rows = self.every if city == "*" else self._of_city.get(city, self.every[:0])
        if years is None:
            return rows
        found, (first, last) = self.years[rows], years
        return np.asarray(rows[(found >= first) & (found <= last)])

    def values(self, variable: str) -> NDArray[np.float64]:
        """Return the values of a variable, which may be written to."""
        if variable not in self.changed:
            self.changed[variable] = self.panel.frame[variable].to_numpy(np.float64, copy=True)
        return self.changed[variable]

    def unread(self, variable: str) -> dict[int, list[Issue]]:
        """Return what is open about the cells of a variable that could not be read, by row."""
        if variable not in self._unread:
            self._unread[variable] = self._unread_of(variable)
        return self._unread[variable]

    def _unread_of(self, variable: str) -> dict[int, list[Issue]]:
        about = [one for one in self.panel.issues if one.variable == variable and one.city]
        found: dict[int, list[Issue]] = {}
        if about:
            keys = pd.MultiIndex.from_arrays([self.cities, self.years])
            at = keys.get_indexer([(issue.city, issue.years[0]) for issue in about]).tolist()
            for row, issue in zip(at, about, strict=True):
                found.setdefault(row, []).append(issue)
        return {row: issues for row, issues in found.items() if row >= 0}


def _apply(cells: _Cells, key: str, value: Correction, rows: Rows) -> _Made:
    """Correct some rows of the variable of a key; return what that changed."""
    variable = _parts(key)[0]
    values, unread = cells.values(variable), cells.unread(variable)
    old = values[rows]
    new = _corrected(key, old, value)
    known = np.array([row in unread for row in rows.tolist()], dtype=bool)
    blank = np.isnan(old) & np.isnan(new)
    matched = ~(blank & ~known) if value == "drop" else ~blank
    matched &= (old == 0) | (value != _ZEROS)
    values[rows[matched]] = new[matched]
    found = {}
    for row in rows[matched & known].tolist():
        issue = unread[row].pop()
        found[row] = repr(issue.found)
        cells.settled.add(id(issue))
        if not unread[row]:
            del unread[row]
    return _told(cells, rows[matched], (old[matched], new[matched]), found)


def _without_emptied(before: Panel, panel: Panel) -> Panel:
    """Leave out the cities all of whose values the corrections dropped, such as a total."""
    names = list(panel.variables)
    known = (one.frame[names].notna().any(axis=1) for one in (before, panel))
    had, has = (set(panel.frame["city"][rows.to_numpy()]) for rows in known)
    if not has or not had - has:
        return panel
    emptied = panel.frame["city"].isin(had - has).to_numpy(dtype=bool)
    left = replace(panel, frame=panel.frame[~emptied].reset_index(drop=True))
    if panel.rows is None:
        return _without(panel, left, had - has, None)
    left = replace(left, rows=panel.rows[~emptied])
    return _without(panel, left, had - has, panel.rows[emptied])


def _without(
    panel: AnyPanel, left: AnyPanel, cities: Collection[str], rows: NDArray[np.int64] | None
) -> AnyPanel:
    """Return what is left of a panel without some cities, which stood in these rows."""
    note = f"every value of {', '.join(sorted(cities))} is dropped; left out"
    left = replace(left, notes=(*panel.notes, note))
    if rows is None:
        return left
    aside = RowsAside("dropped", len(rows), spans_of(rows), tuple(sorted(cities)))
    account = replace(panel.account, aside=(*panel.account.aside, aside))
    return replace(left, account=account)


def _parts(key: str) -> tuple[str, str, tuple[int, int] | None]:
    """Split a key into variable, city and first and last year; None for all years."""
    variable, _, rest = key.partition("/")
    city, slash, years = rest.rpartition("/")
    found = _YEARS.fullmatch(years)
    if not variable or not city or not slash or found is None:
        raise InputError(
            f"[data.corrections] {key!r} is not 'variable/city/year' with a year, a range such as "
            "2011-2014, or *; rewrite the key"
        )
    if years == "*":
        return variable, city, None
    return variable, city, (int(found[1]), int(found[2] or found[1]))


def _check_variable(key: str, variable: str, known: Collection[str]) -> None:
    if variable not in known and variable not in load_catalogue().variables:
        ids = [*known, *load_catalogue().variables]
        raise InputError(
            f"[data.corrections] {key!r}: no variable {variable!r} in the panel or the catalogue"
            f"{nearest(variable, ids)}; correct the key"
        )


def _corrected(key: str, old: NDArray[np.float64], value: Correction) -> NDArray[np.float64]:
    """Return what every cell would be; a cell stays blank under ``drop`` and under a factor."""
    if value == "drop":
        return np.full(len(old), np.nan)
    if value == _ZEROS:
        return np.where(old == 0, np.nan, old)
    try:
        times = isinstance(value, str) and value.strip().startswith("*")
        number = float(str(value).strip().removeprefix("*"))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise InputError(
            f"[data.corrections] {key!r} = {value!r}: a number, 'drop', 'drop zeros' or a factor "
            "such as '*0.001' expected; change the value"
        )
    return old * number if times else np.full(len(old), number)


def _told(
    cells: _Cells,
    rows: Rows,
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    found: Mapping[int, str],
) -> _Made:
    """Return how many cells were changed, and what stood and stands in the first."""
    said = [
        f"{cells.cities[row]} {cells.years[row]}: {found.get(row) or _text(was)} → {_text(now)}"
        for row, was, now in zip(rows[:_SHOWN].tolist(), *values, strict=False)
    ]
    return _Made(len(rows), tuple(said))


def _note(key: str, panel: Panel, made: _Made) -> str:
    if (variable := _parts(key)[0]) not in panel.variables:
        return f"correction {key}: the panel has no {variable}; nothing changed"
    if not made.count:
        return f"correction {key}: no cell matches; nothing changed"
    more = f" and {made.count - _SHOWN} more" if made.count > _SHOWN else ""
    cells = f"{made.count} cell{'s'[: made.count > 1]}"
    return f"correction {key} changed {cells}: {'; '.join(made.said)}{more}"


def _text(value: float) -> str:
    return "blank" if np.isnan(value) else f"{value:.10g}"
