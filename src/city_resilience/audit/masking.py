"""Cells that are almost certainly wrong as of their own year: kept out of every calculation.

The mask of a cell depends on its year and earlier ones alone, so that indicators at an origin do
not change when later years are added or corrupted. What only hindsight shows is reported by
`spikes`, and never masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from city_resilience.audit.expectation import Past, know_past
from city_resilience.audit.figures import likely_power, shown
from city_resilience.audit.finding import Finding
from city_resilience.audit.totals import parts_of, wrong_side
from city_resilience.audit.trajectories import Float, Mask
from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.experiment import Audit
from city_resilience.reading.panel import Grid, Panel

__all__ = [
    "CELL_CHECKS",
    "Masked",
    "blank_zeros",
    "find_masked",
    "mask_errors",
    "mask_panel",
    "outside",
]

CELL_CHECKS = ("impossible", "zero", "spike", "contradiction", "outcome")
"""Checks whose errors are about one cell; accepting any of them keeps the cell."""

SIGNED = frozenset({"fdi"})
_KINDS = ("level", "volume", "share", "ratio")
_MASKED_LOG, _MASKED_SIGMAS = np.log(50.0), 8.0
_FARTHEST_LOG, _FARTHEST_SIGMAS = np.log(500.0), 15.0
_LEFT_LOG, _LEFT_SIGMAS = np.log(2.0), 4.0
_LEAST_SEEN = 3
_ALONE, _ALONE_SHARE = 2, 0.1
_ODD_SHARE = 0.2
_ZERO_LOG = np.log(10.0)


@dataclass(frozen=True)
class Masked:
    """Cells that are almost certainly wrong as of their own year; arrays are (cities, years).

    Attributes
    ----------
    grid : Grid
        What the cells are of.
    by_rule : mapping of str to mapping of str to ndarray of bool
        Variable and rule to the cells that it finds.
    departing : ndarray of int16
        In how many variables a city leaves its path in a year.
    cells : mapping of str to ndarray of bool
        Variable to the cells that are masked: those of any rule, less the accepted.
    """

    grid: Grid
    by_rule: Mapping[str, Mapping[str, Mask]]
    departing: NDArray[np.int16]
    cells: Mapping[str, Mask]

    def covers(self, finding: Finding) -> bool:
        """Say whether every cell that an error is about is masked."""
        found = self.by_rule.get(finding.variable, {}).get(finding.check)
        if found is None or not finding.years or not (finding.city or finding.check == "zero"):
            return False
        rows = [self.grid.cities.index(finding.city)] if finding.city else slice(None)
        first, last = (self.grid.column(year) for year in (finding.years[0], finding.years[-1]))
        about = found[rows, first : last + 1]
        masked = self.cells[finding.variable][rows, first : last + 1]
        return bool((about | (not finding.city)).all() and not (about & ~masked).any())


def find_masked(
    grid: Grid, variables: Mapping[str, Variable], settings: Audit | None = None
) -> Masked:
    """Return the cells that are almost certainly wrong as of their own year.

    Parameters
    ----------
    grid : Grid
    variables : mapping of str to Variable
        What the grid's values mean.
    settings : Audit, optional
        Accepted findings keep their cell; with ``mask_errors = false`` nothing is masked.

    Returns
    -------
    Masked
        A column has the same bits whatever later years stand beside it.
    """
    settings = settings or Audit()
    departing = np.zeros(grid.shape, dtype=np.int16)
    known = np.zeros(grid.shape, dtype=np.int16)
    by_rule: dict[str, dict[str, Mask]] = {}
    for name, variable in variables.items():
        values = grid.values[name]
        past = know_past(values)
        by_rule[name] = {
            "impossible": outside(values, variable),
            "zero": blank_zeros(values, past),
            "spike": _far_off(past),
        }
        departing += past.left(_LEFT_LOG, _LEFT_SIGMAS)
        known += np.isfinite(values)
    alone = departing <= np.maximum(_ALONE, _ALONE_SHARE * known)
    for masks in by_rule.values():
        masks["spike"] &= alone
    _mask_contradictions(grid, by_rule)
    cells = {name: _undecided(grid, name, by_rule[name], settings) for name in variables}
    return Masked(grid, by_rule, departing, cells)


def _undecided(grid: Grid, name: str, masks: Mapping[str, Mask], settings: Audit) -> Mask:
    found = np.any([*masks.values()], axis=0)
    if not settings.mask_errors:
        return np.zeros(grid.shape, dtype=bool)
    return np.asarray(found & ~_accepted(grid, name, found, settings.accept))


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
    return np.asarray(wrong & (fall >= _MASKED_SIGMAS * past.spread))


def _far_off(past: Past) -> Mask:
    """Return cells unlike any before: a hundred or more times off, by a power of ten.

    Five hundred times and fifteen usual moves need no power of ten.
    """
    far = past.left(_MASKED_LOG, _MASKED_SIGMAS) & (past.seen >= _LEAST_SEEN)
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


def _mask_contradictions(grid: Grid, cells: Mapping[str, dict[str, Mask]]) -> None:
    for masks in cells.values():
        masks["contradiction"] = np.zeros(grid.shape, dtype=bool)
    for part, whole in parts_of({name: grid.values[name] for name in cells}):
        part_wrong, whole_wrong = wrong_side(grid.values[part], grid.values[whole])
        cells[part]["contradiction"] |= part_wrong
        cells[whole]["contradiction"] |= whole_wrong


def mask_errors(panel: Panel, settings: Audit | None = None) -> Panel:
    """Return a panel in which the cells that are almost certainly wrong are unknown.

    See `find_masked` and `mask_panel`; where an audit was made, its ``masked`` is the first.
    """
    return mask_panel(panel, find_masked(panel.grid(), panel.variables, settings))


def mask_panel(panel: Panel, masked: Masked) -> Panel:
    """Return a panel in which the masked cells are unknown.

    Parameters
    ----------
    panel : Panel
        Left as it is.
    masked : Masked
        Of this panel.

    Returns
    -------
    Panel
        With a note for each variable that lost cells; the same one where none did.
    """
    cells = {name: mask for name, mask in masked.cells.items() if mask.any()}
    notes = [_note(masked.grid, name, mask) for name, mask in cells.items()]
    return panel.mask(cells, notes) if cells else panel


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
    return f"{name}: masked as almost certainly wrong: {', '.join(shown_cells)}"
