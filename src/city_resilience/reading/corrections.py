"""Corrections that an experiment declares, applied to a panel and noted: no silent repair."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

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

Mask = NDArray[np.bool_]
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
    frame, issues, notes = panel.frame, panel.issues, []
    for key, value in corrections.items():
        variable, city, years = _parts(key)
        _check_variable(key, variable, panel.variables)
        if variable not in panel.variables:
            notes.append(f"correction {key}: the panel has no {variable}; nothing changed")
            continue
        old = frame[variable].to_numpy(dtype=np.float64)
        new = _corrected(key, old, value)
        unread = _unread(frame, issues, variable)
        blank = np.isnan(old) & np.isnan(new)
        if value == "drop":
            blank[list(unread)] = False
        matched = _rows(frame, city, years) & ~blank
        matched &= (old == 0) | (value != _ZEROS)
        if matched.any():
            frame = frame.assign(**{variable: np.where(matched, new, old)})
            settled = {id(issue) for at, issue in unread.items() if matched[at]}
            issues = tuple(issue for issue in issues if id(issue) not in settled)
        found = {at: repr(issue.found) for at, issue in unread.items()}
        notes.append(_note(panel, key, old, new, matched, found))
    corrected = replace(panel, frame=frame, issues=issues, notes=(*panel.notes, *notes))
    return _without_emptied(panel, corrected)


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


def _unread(frame: pd.DataFrame, issues: Iterable[Issue], variable: str) -> dict[int, Issue]:
    """Return the cells of a variable that could not be read, by their row of the frame."""
    about = [issue for issue in issues if issue.variable == variable and issue.city]
    if not about:
        return {}
    keys = pd.MultiIndex.from_frame(frame[["city", "year"]])
    rows = keys.get_indexer([(issue.city, issue.years[0]) for issue in about])
    return {int(at): issue for at, issue in zip(rows, about, strict=True) if at >= 0}


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


def _check_variable(key: str, variable: str, known: Iterable[str]) -> None:
    ids = [*known, *load_catalogue().variables]
    if variable not in ids:
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


def _rows(frame: pd.DataFrame, city: str, years: tuple[int, int] | None) -> Mask:
    matched = np.ones(len(frame), dtype=bool)
    if city != "*":
        matched &= (frame["city"] == city).to_numpy(dtype=bool)
    if years is not None:
        matched &= frame["year"].between(*years).to_numpy(dtype=bool)
    return matched


def _note(
    panel: Panel,
    key: str,
    old: NDArray[np.float64],
    new: NDArray[np.float64],
    matched: Mask,
    found: Mapping[int, str],
) -> str:
    count = int(matched.sum())
    if not count:
        return f"correction {key}: no cell matches; nothing changed"
    rows = np.flatnonzero(matched)[:_SHOWN]
    cities, years = panel.frame["city"].to_numpy(), panel.frame["year"].to_numpy()
    cells = [
        f"{cities[row]} {years[row]}: {found.get(row) or _text(old[row])} → {_text(new[row])}"
        for row in rows.tolist()
    ]
    more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
    return f"correction {key} changed {count} cell{'s'[: count > 1]}: {'; '.join(cells)}{more}"


def _text(value: float) -> str:
    return "blank" if np.isnan(value) else f"{value:.10g}"
