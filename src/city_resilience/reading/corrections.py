"""Corrections that an experiment declares, applied to a panel and noted: no silent repair."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.errors import InputError, nearest
from city_resilience.reading.account import RowsAside, spans_of
from city_resilience.reading.issues import Issue
from city_resilience.reading.panel import Panel

__all__ = ["apply_corrections"]

_YEARS = re.compile(r"\*|(\d{4})(?:-(\d{4}))?")
_SHOWN = 3
_ZEROS = "drop zeros"

Rows = NDArray[np.intp]
Correction = float | str


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
    cells, notes = _Cells(panel), []
    for key, value in corrections.items():
        variable, city, years = _parts(key)
        _check_variable(key, variable, panel.variables)
        if variable in panel.variables:
            notes.append(_apply(cells, key, value, cells.rows(city, years)))
        else:
            notes.append(f"correction {key}: the panel has no {variable}; nothing changed")
    left = tuple(issue for issue in panel.issues if id(issue) not in cells.settled)
    frame = panel.frame.assign(**cells.changed)
    corrected = replace(panel, frame=frame, issues=left, notes=(*panel.notes, *notes))
    return _without_emptied(panel, corrected)


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


def _apply(cells: _Cells, key: str, value: Correction, rows: Rows) -> str:
    """Correct some rows of the variable of a key; return the note."""
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
    return _note(cells, key, rows[matched], old[matched], new[matched], found)


def _without_emptied(before: Panel, panel: Panel) -> Panel:
    """Leave out the cities all of whose values the corrections dropped, such as a total."""
    names = list(panel.variables)
    known = (one.frame[names].notna().any(axis=1) for one in (before, panel))
    had, has = (set(panel.frame["city"][rows.to_numpy()]) for rows in known)
    if not has or not had - has:
        return panel
    emptied = panel.frame["city"].isin(had - has).to_numpy(dtype=bool)
    left = panel.frame[~emptied].reset_index(drop=True)
    note = f"every value of {', '.join(sorted(had - has))} is dropped; left out"
    panel = replace(panel, frame=left, notes=(*panel.notes, note))
    if panel.rows is None:
        return panel
    spans = spans_of(panel.rows[emptied])
    aside = RowsAside("dropped", int(emptied.sum()), spans, tuple(sorted(had - has)))
    account = replace(panel.account, aside=(*panel.account.aside, aside))
    return replace(panel, rows=panel.rows[~emptied], account=account)


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


def _note(
    cells: _Cells,
    key: str,
    rows: Rows,
    old: NDArray[np.float64],
    new: NDArray[np.float64],
    found: Mapping[int, str],
) -> str:
    count = len(rows)
    if not count:
        return f"correction {key}: no cell matches; nothing changed"
    said = [
        f"{cells.cities[row]} {cells.years[row]}: {found.get(row) or _text(was)} → {_text(now)}"
        for row, was, now in zip(rows[:_SHOWN].tolist(), old, new, strict=False)
    ]
    more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
    return f"correction {key} changed {count} cell{'s'[: count > 1]}: {'; '.join(said)}{more}"


def _text(value: float) -> str:
    return "blank" if np.isnan(value) else f"{value:.10g}"
