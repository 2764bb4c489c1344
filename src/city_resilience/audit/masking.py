"""Cells that are almost certainly wrong as of their own year: kept out of every calculation.

The mask of a cell depends on its year and earlier ones alone, so that indicators at an origin do
not change when later years are added or corrupted. What only hindsight shows is reported by
`spikes`, and held out by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit.expectation import Past, know_past
from city_resilience.audit.figures import likely_power, shown
from city_resilience.audit.totals import parts_of, wrong_side
from city_resilience.audit.trajectories import Float, Mask
from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.experiment import Audit
from city_resilience.reading.panel import Grid, Panel

__all__ = [
    "CELL_CHECKS",
    "Held",
    "blank_zeros",
    "mask_cells",
    "mask_errors",
    "masked_cells",
    "outside",
]

CELL_CHECKS = ("impossible", "zero", "spike", "contradiction", "outcome")
"""Checks whose errors are about one cell; accepting any of them keeps the cell."""

SIGNED = frozenset({"fdi"})
_KINDS = ("level", "volume", "share", "ratio")
_HELD_LOG, _HELD_SIGMAS = np.log(50.0), 8.0
_FARTHEST_LOG, _FARTHEST_SIGMAS = np.log(500.0), 15.0
_LEFT_LOG, _LEFT_SIGMAS = np.log(2.0), 4.0
_LEAST_SEEN = 3
_ALONE, _ALONE_SHARE = 2, 0.1
_ODD_SHARE = 0.2
_ZERO_LOG = np.log(10.0)


@dataclass(frozen=True)
class Held:
    """Cells held out, and in how many variables a city leaves its path in a year.

    Attributes
    ----------
    cells : mapping of str to mapping of str to ndarray of bool, shape (cities, years)
        Variable and check to cells.
    company : ndarray of int16, shape (cities, years)
    """

    cells: dict[str, dict[str, Mask]] = field(default_factory=dict)
    company: NDArray[np.int16] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int16))


def masked_cells(grid: Grid, variables: Mapping[str, Variable]) -> Mapping[str, Mask]:
    """Return the cells that are almost certainly wrong as of their own year.

    Parameters
    ----------
    grid : Grid
    variables : mapping of str to Variable
        What the grid's values mean.

    Returns
    -------
    mapping of str to ndarray of bool, shape (cities, years)
        One mask for each variable of the grid. A column has the same bits whatever later years
        stand beside it.
    """
    found = mask_cells(grid, variables).cells
    none = np.zeros(grid.shape, dtype=bool)
    return {name: np.any([none, *found[name].values()], axis=0) for name in variables}


def mask_cells(grid: Grid, variables: Mapping[str, Variable]) -> Held:
    """Return the same by check; `masked_cells` is their union."""
    company = np.zeros(grid.shape, dtype=np.int16)
    known = np.zeros(grid.shape, dtype=np.int16)
    cells: dict[str, dict[str, Mask]] = {}
    for name, variable in variables.items():
        values = grid.values[name]
        past = know_past(values)
        cells[name] = {
            "impossible": outside(values, variable),
            "zero": blank_zeros(values, past),
            "spike": _far_off(past),
        }
        company += past.left(_LEFT_LOG, _LEFT_SIGMAS)
        known += np.isfinite(values)
    alone = company <= np.maximum(_ALONE, _ALONE_SHARE * known)
    for masks in cells.values():
        masks["spike"] &= alone
    _hold_contradictions(grid, cells)
    return Held(cells, company)


def outside(values: Float, variable: Variable) -> Mask:
    """Return cells that no city can have: below zero, or a share above one.

    A year in which more than a fifth of the cells are is left out: there the variable is not what
    it is taken for, and no cell is mistyped.
    """
    if variable.id not in load_catalogue().variables or variable.kind not in _KINDS:
        return np.zeros(values.shape, dtype=bool)
    wrong = np.zeros(values.shape, dtype=bool) if variable.id in SIGNED else values < 0
    if variable.kind == "share":
        wrong = wrong | (values > 1.005)
    known = np.isfinite(values).sum(axis=0)
    return np.asarray(wrong & (wrong.sum(axis=0) <= np.maximum(1, _ODD_SHARE * known)))


def blank_zeros(values: Float, past: Past) -> Mask:
    """Return zeros where the city's past and its neighbours let expect far more than rounding."""
    zero = values == 0
    if not zero.any():
        return np.zeros(values.shape, dtype=bool)
    fall = past.expected - past.floor
    wrong = zero & (past.seen >= _LEAST_SEEN) & (fall >= _ZERO_LOG)
    return np.asarray(wrong & (fall >= _HELD_SIGMAS * past.spread))


def _far_off(past: Past) -> Mask:
    """Return cells unlike any before: a hundred or more times off, by a power of ten.

    Five hundred times and fifteen usual moves need no power of ten.
    """
    far = past.left(_HELD_LOG, _HELD_SIGMAS) & (past.seen >= _LEAST_SEEN)
    if not far.any():
        return far
    near_power = likely_power(past.logs - past.expected) + likely_power(past.logs - past.last) != 0
    far &= near_power | past.left(_FARTHEST_LOG, _FARTHEST_SIGMAS)
    city, at = np.nonzero(far)
    detrended = (past.logs - past.national)[city]
    distance = np.abs(detrended - detrended[np.arange(len(city)), at][:, None])
    earlier = np.arange(distance.shape[1]) < at[:, None]
    similar = earlier & (distance < np.abs(past.departure[city, at])[:, None] / 2)
    far[city, at] = similar.sum(axis=1) <= 1
    return far


def _hold_contradictions(grid: Grid, cells: Mapping[str, dict[str, Mask]]) -> None:
    for masks in cells.values():
        masks["contradiction"] = np.zeros(grid.shape, dtype=bool)
    for part, whole in parts_of({name: grid.values[name] for name in cells}):
        part_wrong, whole_wrong = wrong_side(grid.values[part], grid.values[whole])
        cells[part]["contradiction"] |= part_wrong
        cells[whole]["contradiction"] |= whole_wrong


def mask_errors(panel: Panel, settings: Audit | None = None) -> Panel:
    """Return a panel in which the cells that are held out are unknown.

    Parameters
    ----------
    panel : Panel
        Left as it is.
    settings : Audit, optional
        Accepted findings keep their cell; with ``mask_errors = false`` nothing is held out.

    Returns
    -------
    Panel
        With a note for each variable that lost cells.
    """
    settings = settings or Audit()
    if not settings.mask_errors:
        return panel
    grid = panel.grid()
    frame, notes = panel.frame, []
    row = {city: at for at, city in enumerate(grid.cities)}
    rows = frame["city"].map(row).to_numpy()
    columns = frame["year"].to_numpy() - grid.years[0]
    for name, mask in masked_cells(grid, panel.variables).items():
        kept = mask & ~_accepted(grid, name, mask, settings.accept)
        if kept.any():
            masked = kept[rows, columns]
            frame = frame.assign(**{name: frame[name].mask(masked)})
            notes.append(_note(grid, name, kept))
    if not notes:
        return panel
    return replace(panel, frame=frame, notes=(*panel.notes, *notes), masked=tuple(notes))


def _accepted(grid: Grid, name: str, mask: Mask, patterns: Iterable[str]) -> Mask:
    accepted = np.zeros(mask.shape, dtype=bool)
    split = [pattern.rsplit("/", 1) for pattern in patterns if "/" in pattern]
    for city, at in zip(*np.nonzero(mask), strict=True):
        ids = [f"{check}/{name}/{grid.cities[city]}" for check in CELL_CHECKS]
        year = int(grid.years[at])
        accepted[city, at] = any(
            _within(year, when) and any(id == what or fnmatchcase(id, what) for id in ids)
            for what, when in split
        )
    return accepted


def _within(year: int, when: str) -> bool:
    """Say whether a year is meant by ``*``, a year, or a range such as 2011-2014."""
    first, _, last = when.partition("-")
    if first.isdigit() and (last or first).isdigit():
        return int(first) <= year <= int(last or first)
    return fnmatchcase(str(year), when)


def _note(grid: Grid, name: str, mask: Mask) -> str:
    shown_cells = [
        f"{grid.cities[city]} {grid.years[at]} ({shown(grid.values[name][city, at])})"
        for city, at in zip(*np.nonzero(mask), strict=True)
    ]
    return f"{name}: held out as almost certainly wrong: {', '.join(shown_cells)}"
