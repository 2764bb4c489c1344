"""The audit of a panel whose columns lie in files: its cities are looked at in batches.

A city is judged beside the cities of its batch. What is about a variable as a whole is found in
each batch and said once, with the number of batches that show it; where series start, stop and
have holes is counted over all cities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask
from city_resilience.audit import gaps
from city_resilience.audit.masking import Masked
from city_resilience.audit.rule import PanelView, VariableView
from city_resilience.catalogue.variables import Variable
from city_resilience.reading.issues import Issue
from city_resilience.reading.panel import Grid
from city_resilience.reading.stored_panel import StoredPanel

__all__ = [
    "WHOLE",
    "MaskedCells",
    "batch_view",
    "flat_cells",
    "listed_first",
    "merge_batches",
    "positions_of",
    "whole_gaps",
]

WHOLE = tuple(rule.id for rule in gaps.RULES)
"""Rules that count the values of all cities, and are not asked about a batch."""
MOST_LISTED = 500
"""Warnings of one kind about one variable that are listed one by one in a panel of any size."""
Flat = Mapping[str, Int]
Found = Mapping[tuple[str, str], Int]


@dataclass(frozen=True)
class MaskedCells(Masked):
    """Masked cells of a panel of any size, by their place in its grid laid flat.

    Attributes
    ----------
    flat : mapping of str to ndarray of int
        Variable to its masked cells, ascending.
    found : mapping of (str, str) to ndarray of int
        Variable and rule to the cells that the rule finds, accepted or not, ascending.
    """

    flat: Mapping[str, Int] = field(default_factory=dict)
    found: Mapping[tuple[str, str], Int] = field(default_factory=dict)

    @classmethod
    def of(cls, grid: Grid, batches: Sequence[tuple[Flat, Found]]) -> MaskedCells:
        """Put what `flat_cells` returned of each batch together."""
        flat: dict[str, list[Int]] = {}
        found: dict[tuple[str, str], list[Int]] = {}
        for cells, by_rule in batches:
            for name, at in cells.items():
                flat.setdefault(name, []).append(at)
            for key, at in by_rule.items():
                found.setdefault(key, []).append(at)
        none = np.zeros((0, grid.shape[1]), dtype=np.int16)
        joined = {name: np.sort(np.concatenate(parts)) for name, parts in flat.items()}
        rules = {key: np.sort(np.concatenate(parts)) for key, parts in found.items()}
        return cls(grid, {}, none, {}, flat=joined, found=rules)

    def covers(self, error: Issue) -> bool:
        """Say whether every cell that an error is about is masked."""
        if not error.years or not (error.city or error.kind == "zero"):
            return False
        found = self.found.get((error.variable, error.kind), np.empty(0, dtype=np.int64))
        about = self._about(error)
        if about is None:
            first, last = map(self.grid.column, (error.years[0], error.years[-1]))
            year = found % self.grid.shape[1]
            about = found[(year >= first) & (year <= last)]
        elif not np.isin(about, found).all():
            return False
        return bool(np.isin(about, self.flat.get(error.variable, [])).all())

    def touches(self, issue: Issue) -> bool:
        """Say whether any cell that an issue of a city is about is masked."""
        about = self._about(issue) if issue.years else None
        return about is not None and bool(np.isin(about, self.flat.get(issue.variable, [])).any())

    def each(self) -> Iterator[tuple[str, list[tuple[int, int]]]]:
        """Yield each variable with masked cells, and their rows and columns of the grid."""
        for name, at in self.flat.items():
            rows, columns = np.divmod(at, self.grid.shape[1])
            yield name, list(zip(rows.tolist(), columns.tolist(), strict=True))

    def _about(self, issue: Issue) -> Int | None:
        """Return the cells of an issue of a city; None where it is about many."""
        row = self._rows.get(issue.city)
        if row is None:
            return None
        first, last = map(self.grid.column, (issue.years[0], issue.years[-1]))
        return row * self.grid.shape[1] + np.arange(max(first, 0), last + 1)

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {city: at for at, city in enumerate(self.grid.cities)}


def flat_cells(masked: Masked, cities: Int) -> tuple[Flat, Found]:
    """Return the masked cells of a batch, and those of each rule, by their place in the panel.

    Parameters
    ----------
    masked : Masked
    cities : ndarray of int
        Positions of its cities in the grid of the panel.
    """
    cells = {name: _flat(mask, cities) for name, mask in masked.cells.items() if mask.any()}
    rules = masked.by_rule.items()
    return cells, {(n, rule): _flat(m, cities) for n, own in rules for rule, m in own.items()}


def _flat(mask: Mask, cities: Int) -> Int:
    rows, columns = np.nonzero(mask)
    return np.asarray(cities[rows] * mask.shape[1] + columns)


def batch_view(panel: StoredPanel, cities: Int, outcome: str, masked: Masked) -> PanelView:
    """Return the view of a batch, whose cells are placed in the whole panel."""
    rows = panel.store.rows.rows(cities)
    flat = cities[:, None] * rows.shape[1] + np.arange(rows.shape[1])
    return PanelView(panel, masked.grid, outcome, np.where(rows > 0, flat, -1), masked)


@dataclass(frozen=True)
class WholeVariable(VariableView):
    """A variable of a whole panel, of which is asked where it has values and how far they reach."""

    @cached_property
    def known(self) -> Mask:
        """Where it has a value."""
        parts = self._parts()
        return np.concatenate([np.isfinite(part) for part in parts])

    @cached_property
    def span(self) -> tuple[float, float]:
        """Its least and its largest value."""
        ends = [
            (np.where(np.isfinite(v), v, np.inf).min(), np.where(np.isfinite(v), v, -np.inf).max())
            for v in self._parts()
        ]
        return float(min(least for least, _ in ends)), float(max(most for _, most in ends))

    def _parts(self) -> Iterator[Float]:
        panel = self.panel_view.panel
        assert isinstance(panel, StoredPanel)
        return (panel.store.numbers[self.id].rows(rows) for rows in panel.in_order())

    @property
    def variable(self) -> Variable:
        """What it means."""
        return self.panel_view.panel.variables[list(self.panel_view.panel.variables)[self.position]]


def whole_gaps(panel: StoredPanel, outcome: str, masked: Masked) -> Iterator[Issue]:
    """Find where series start, stop, have holes or never move, over all cities."""
    view = PanelView(panel, panel.grid(), outcome, np.empty((0, 0), dtype=np.int64), masked)
    for position in range(len(panel.variables)):
        one = WholeVariable(view, None, position)  # type: ignore[arg-type]
        for rule in gaps.RULES:
            if rule.each is not None:
                yield from rule.each(one)


def merge_batches(batches: Sequence[Sequence[Issue]]) -> list[Issue]:
    """Say once what several batches show of a variable; issues of a city stay as they are.

    The reason is that of the batch with the greatest surprise.
    """
    alone: list[Issue] = []
    shared: dict[tuple[str, str], list[Issue]] = {}
    for issues in batches:
        for issue in issues:
            if issue.city:
                alone.append(issue)
            else:
                shared.setdefault((issue.level, issue.id), []).append(issue)
    return alone + [_said_once(group, len(batches)) for group in shared.values()]


def _said_once(group: Sequence[Issue], batches: int) -> Issue:
    worst = max(group, key=lambda issue: issue.surprise)
    if batches == 1:
        return worst
    reason = f"in {len(group)} of {batches} batches of cities, such as: {worst.reason}"
    return replace(worst, reason=reason, cities=sum(issue.cities for issue in group))


def listed_first(issues: Sequence[Issue]) -> list[Issue]:
    """Keep every error, and of the others of one kind and variable the most surprising.

    One issue says how many more there are.
    """
    kept: list[Issue] = []
    groups: dict[tuple[str, str, str], list[Issue]] = {}
    for issue in issues:
        if issue.level == "error" or not issue.city:
            kept.append(issue)
        else:
            groups.setdefault((issue.level, issue.kind, issue.variable), []).append(issue)
    for group in groups.values():
        first = sorted(group, key=lambda issue: (-issue.surprise, issue.city, issue.years))
        kept += first[:MOST_LISTED]
        if more := first[MOST_LISTED:]:
            kept.append(_rest(more))
    return kept


def _rest(more: Sequence[Issue]) -> Issue:
    years = [year for issue in more for year in issue.years]
    return Issue(
        more[0].level,
        more[0].kind,
        f"{len(more)} more such city-years, which surprise less, are not listed one by one",
        variable=more[0].variable,
        years=(min(years), max(years)) if years else (),
        cities=len({issue.city for issue in more}),
    )


def positions_of(panel: StoredPanel, cities: slice | NDArray[np.intp]) -> Int:
    """Return the positions of a batch as numbers."""
    if isinstance(cities, slice):
        return np.arange(*cities.indices(panel.store.shape[0]))
    return cities.astype(np.int64)
