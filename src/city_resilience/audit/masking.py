"""Cells that are almost certainly wrong as of their own year: kept out of every calculation.

The mask of a cell depends on its year and earlier ones alone, so that indicators at an origin do
not change when later years are added or corrupted. What only hindsight shows is reported by
`spikes`, and never masked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Mask, Strings
from city_resilience.audit import thresholds as limit
from city_resilience.audit.expected import Past, past_of
from city_resilience.audit.totals import parts_of, wrong_side
from city_resilience.audit.trajectories import cells_of
from city_resilience.audit.wording import likely_power, shown
from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.experiment.data import Audit
from city_resilience.reading.issues import Issue, accepted_by
from city_resilience.reading.panel import Grid, Panel
from city_resilience.reading.stored_panel import StoredPanel

__all__ = [
    "CELL_RULES",
    "Masked",
    "find_masked",
    "in_one_stack",
    "mask_panel",
    "out_of_range",
    "stacked",
]

_CELLS_AT_ONCE = 300_000

CELL_RULES = ("impossible", "zero", "spike", "contradiction", "outcome")
"""Rules whose errors are about one cell; accepting any of them keeps the cell."""


@dataclass(frozen=True)
class Masked:
    """Cells that are almost certainly wrong as of their own year; arrays are (cities, years).

    Attributes
    ----------
    grid : Grid
        What the cells are of.
    by_rule : mapping of str to mapping of str to ndarray of bool
        Variable and rule to the cells that it finds, where it finds any.
    leaving : ndarray of int16
        Number of variables that leave their trajectory in the city and year.
    cells : mapping of str to ndarray of bool
        Variable to the cells that are masked: those of any rule, less the accepted.
    """

    grid: Grid
    by_rule: Mapping[str, Mapping[str, Mask]]
    leaving: NDArray[np.int16]
    cells: Mapping[str, Mask]

    def found_by(self, variable: str, rule: str) -> Mask:
        """Return the cells of a variable that a rule finds, accepted or not."""
        none = np.zeros(self.grid.shape, dtype=bool)
        return self.by_rule.get(variable, {}).get(rule, none)

    def covers(self, error: Issue) -> bool:
        """Say whether every cell that an error is about is masked."""
        if not error.years or not (error.city or error.kind == "zero"):
            return False
        cities = [self.grid.cities.index(error.city)] if error.city else slice(None)
        years = slice(*map(self.grid.column, (error.years[0], error.years[-1] + 1)))
        found = self.found_by(error.variable, error.kind)[cities, years]
        open_cells = found & ~self.cells[error.variable][cities, years]
        return bool((found.all() or not error.city) and not open_cells.any())

    def touches(self, issue: Issue) -> bool:
        """Say whether any cell that an issue of a city is about is masked."""
        cells = self.cells.get(issue.variable)
        if cells is None or not issue.years or issue.city not in self.grid.cities:
            return False
        first, last = self.grid.column(issue.years[0]), self.grid.column(issue.years[-1])
        return bool(cells[self.grid.cities.index(issue.city), max(first, 0) : last + 1].any())

    def each(self) -> Iterator[tuple[str, list[tuple[int, int]]]]:
        """Yield each variable with masked cells, and their rows and columns of the grid."""
        found = ((name, mask) for name, mask in self.cells.items() if mask.any())
        return ((name, list(cells_of(mask))) for name, mask in found)


def find_masked(
    grid: Grid,
    variables: Mapping[str, Variable],
    settings: Audit | None = None,
    look_back: Callable[[Float, Strings | None], Past] | None = None,
) -> Masked:
    """Return the cells that are almost certainly wrong as of their own year.

    Parameters
    ----------
    grid : Grid
    variables : mapping of str to Variable
        What the grid's values mean.
    settings : Audit, optional
        Accepted issues keep their cell; with ``mask_errors = false`` nothing is masked.
    look_back : callable, optional
        In place of `past_of`, whose result it returns.

    Returns
    -------
    Masked
        A column has the same bits whatever later years stand beside it.
    """
    settings = settings or Audit()
    leaving = np.zeros(grid.shape, dtype=np.int16)
    known = np.zeros(grid.shape, dtype=np.int16)
    by_rule: dict[str, dict[str, Mask]] = {}
    for names, values in stacked(grid, list(variables)):
        past = (look_back or past_of)(values, grid.nation)
        leaving += past.left(limit.LEFT).sum(axis=0, dtype=np.int16)
        known += np.isfinite(values).sum(axis=0, dtype=np.int16)
        own = [variables[name] for name in names]
        by_rule |= {names[one]: masks for one, masks in _condemned(values, past, own)}
    alone = leaving <= np.maximum(limit.ALONE, limit.ALONE_SHARE * known)
    for masks in by_rule.values():
        masks["spike"] &= alone
    none = np.zeros(grid.shape, dtype=bool)
    for part, total in parts_of(grid.values):
        wrong = wrong_side(grid.values[part], grid.values[total], grid.nation)
        for name, side in zip((part, total), wrong, strict=True):
            if side.any():
                before = by_rule.setdefault(name, {}).get("contradiction", none)
                by_rule[name]["contradiction"] = before | side
    cells = {
        name: _undecided(grid, name, by_rule[name], settings) if name in by_rule else none
        for name in variables
    }
    found = {name: {rule: m for rule, m in by_rule[name].items() if m.any()} for name in by_rule}
    return Masked(grid, found, leaving, cells)


def stacked(grid: Grid, names: Sequence[str]) -> Iterator[tuple[Sequence[str], Float]]:
    """Yield some variables at a time, and their values, shape (variables, cities, years)."""
    cells = max(1, grid.shape[0] * grid.shape[1])
    step = max(1, _CELLS_AT_ONCE // cells)
    for first in range(0, len(names), step):
        some = names[first : first + step]
        yield some, np.stack([grid.values[name] for name in some])


def in_one_stack(grid: Grid, names: Collection[str]) -> bool:
    """Whether all variables are looked at together."""
    return len(names) * grid.shape[0] * grid.shape[1] <= _CELLS_AT_ONCE


def _condemned(
    values: Float, past: Past, variables: Sequence[Variable]
) -> Iterator[tuple[int, dict[str, Mask]]]:
    """Yield the position of each variable of a stack that has cells to mask, and those."""
    bounded = [variable.id in load_catalogue().variables for variable in variables]
    negative = [variable.never_negative for variable in variables]
    share = [variable.kind == "share" for variable in variables]
    odd = (values < 0) & _of_each(negative) | (values > limit.MOST_SHARE) & _of_each(share)
    odd &= _of_each(bounded)
    zero = (values == 0) & (past.known >= limit.MASK_KNOWN)
    far = past.left(limit.MASKED) & (past.known >= limit.MASK_KNOWN)
    for one in np.flatnonzero((odd | zero | far).any(axis=(1, 2))).tolist():
        own = past.of(one)
        yield (
            one,
            {
                "impossible": _impossible(values[one], variables[one]),
                "zero": _blank_zeros(values[one], own),
                "spike": _far_off(own),
            },
        )


def _of_each(told: Sequence[bool]) -> Mask:
    """Return what is told of each variable of a stack beside its cells."""
    return np.array(told, dtype=bool)[:, None, None]


def out_of_range(values: Float, variable: Variable) -> Mask:
    """Return cells that no city can have: below zero, or a share above one."""
    wrong = (values < 0) & variable.never_negative
    return np.asarray(wrong | (values > limit.MOST_SHARE) & (variable.kind == "share"))


def _impossible(values: Float, variable: Variable) -> Mask:
    """Return cells out of range, but for years in which more than a fifth of them are.

    There the variable is not what it is taken for, and no cell is mistyped.
    """
    wrong = out_of_range(values, variable) & (variable.id in load_catalogue().variables)
    known = np.isfinite(values).sum(axis=0)
    return np.asarray(wrong & (wrong.sum(axis=0) <= np.maximum(1, limit.ODD_SHARE * known)))


def _blank_zeros(values: Float, past: Past) -> Mask:
    """Return zeros where the city's past and its neighbours let expect far more than rounding."""
    zero: Mask = (values == 0) & (past.known >= limit.MASK_KNOWN)
    if not zero.any():
        return zero
    fall = np.maximum(past.expected - past.floor, 0.0)
    return np.asarray(zero & limit.ZERO.reached(fall, fall / past.usual_move))


def _far_off(past: Past) -> Mask:
    """Return cells unlike any before: a hundred or more times off, by a power of ten.

    Five hundred times and fifteen usual moves need no power of ten.
    """
    far = past.left(limit.MASKED) & (past.known >= limit.MASK_KNOWN)
    if not far.any():
        return far
    near_power = likely_power(past.logs - past.expected) + likely_power(past.logs - past.last) != 0
    far &= near_power | past.left(limit.MASKED_ANYHOW)
    city, at = np.nonzero(far)
    detrended = (past.logs - past.national)[city]
    distance = np.abs(detrended - detrended[np.arange(len(city)), at][:, None])
    earlier = np.arange(distance.shape[1]) < at[:, None]
    similar = earlier & (distance < np.abs(past.departure[city, at])[:, None] / 2)
    far[city, at] = similar.sum(axis=1) <= 1
    return far


def _undecided(grid: Grid, name: str, masks: Mapping[str, Mask], settings: Audit) -> Mask:
    """Return the cells of any rule that the experiment does not accept."""
    if not settings.mask_errors:
        return np.zeros(grid.shape, dtype=bool)
    found = np.any([*masks.values()], axis=0)
    for city, at in cells_of(found):
        cell = Issue(
            "error", "", "", variable=name, city=grid.cities[city], years=(int(grid.years[at]),)
        )
        issues = (replace(cell, kind=rule) for rule in CELL_RULES)
        found[city, at] = all(accepted_by(issue, settings.accept) is None for issue in issues)
    return np.asarray(found)


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
    cells = dict(masked.each())
    notes = [_note(masked.grid, name, own) for name, own in cells.items()]
    if not cells:
        return panel
    if isinstance(panel, StoredPanel):
        years = masked.grid.shape[1]
        flat = {name: np.array([r * years + c for r, c in own]) for name, own in cells.items()}
        return panel.unknown(flat, notes)
    return panel.mask({name: masked.cells[name] for name in cells}, notes)


def _note(grid: Grid, name: str, cells: Sequence[tuple[int, int]]) -> str:
    values = grid.values[name]
    said = [
        f"{grid.cities[city]} {grid.years[at]} ({shown(values[city, at])})" for city, at in cells
    ]
    return f"{name}: masked as almost certainly wrong: {', '.join(said)}"
