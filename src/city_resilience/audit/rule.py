"""An audit rule, and what it looks at: the panel under audit, or one of its variables at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask
from city_resilience.audit import thresholds as limit
from city_resilience.audit.expected import Trajectory
from city_resilience.audit.masking import Masked
from city_resilience.audit.stack import Stack
from city_resilience.audit.wording import (
    compared,
    correction_factor,
    listed,
    shown,
    span,
    with_unit,
)
from city_resilience.audit.year_moves import YearMove
from city_resilience.catalogue.variables import Variable
from city_resilience.reading.issues import Issue, Level, Place, correction_line
from city_resilience.reading.panel import Grid, Panel

__all__ = ["PanelView", "Rule", "VariableView", "view_panel"]


@dataclass(frozen=True)
class PanelView:
    """The panel under audit.

    Attributes
    ----------
    panel : Panel
    grid : Grid
        The panel's numbers.
    outcome : str
        Id of the outcome; empty where it is not known.
    positions : ndarray of int64, shape (cities, years)
        Row of the frame; -1 where the panel has none.
    masked : Masked
        The cells that are almost certainly wrong as of their own year.
    """

    panel: Panel
    grid: Grid
    outcome: str
    positions: Int
    masked: Masked

    @property
    def variables(self) -> Mapping[str, Variable]:
        """Variables of the panel by id."""
        return self.panel.variables

    @property
    def years(self) -> tuple[int, int]:
        """First and last year of the panel."""
        return int(self.grid.years[0]), int(self.grid.years[-1])

    def issue(
        self,
        level: Level,
        kind: str,
        reason: str,
        *,
        variable: str = "",
        city: str = "",
        years: tuple[int, ...] = (),
        at: tuple[int, int] | None = None,
        correct: str = "",
        surprise: float = 0.0,
        **more: Any,
    ) -> Issue:
        """Return an issue with its address and the line that corrects it.

        Parameters
        ----------
        level, kind, reason, variable, city, years, surprise
            As in `Issue`.
        at : tuple of int
            Row and column of the grid: names city, year, place and, of a variable, the value.
        correct : str
            Right side of the line for ``[data.corrections]``.
        **more
            Further fields of `Issue`.
        """
        if at is not None:
            city, years = self.grid.cities[at[0]], years or (int(self.grid.years[at[1]]),)
            position = int(self.positions[at])
            place = self.panel.place(position, variable) if position >= 0 else Place()
            more = {"place": place} | more
            if variable:
                more["value"] = float(self.grid.values[variable][at])
        if correct:
            when = span(years, "-") or "*"
            more["correction"] = correction_line(variable, city or "*", when, correct)
        more |= {"variable": variable, "city": city, "years": years}
        return Issue(
            level, kind, reason, surprise=float(min(surprise, limit.MOST_SURPRISE)), **more
        )

    def reach(self, cells: Mask) -> dict[str, Any]:
        """Return ``years``, first and last, and the number of ``cities`` of some cells."""
        years = self.grid.years[np.flatnonzero(cells.any(axis=0))]
        return {"years": (int(years[0]), int(years[-1])), "cities": int(cells.any(axis=1).sum())}

    def named(self, cities: Iterable[int], most: int = limit.NAMED) -> str:
        """Return the names of the first cities, and how many more there are."""
        return listed([self.grid.cities[city] for city in cities], most)


@dataclass(frozen=True)
class VariableView:
    """One variable of the panel under audit.

    Attributes
    ----------
    panel_view : PanelView
    stack : Stack
        The variables that it is looked at with.
    position : int
        Where it stands among them.
    """

    panel_view: PanelView
    stack: Stack
    position: int

    @property
    def variable(self) -> Variable:
        """What it means."""
        return self.stack.variables[self.position]

    @cached_property
    def values(self) -> Float:
        """Its values, shape (cities, years)."""
        return self.panel_view.grid.values[self.id]

    @cached_property
    def known(self) -> Mask:
        """Where it has a value, shape (cities, years)."""
        return np.isfinite(self.values)

    @cached_property
    def span(self) -> tuple[float, float]:
        """Its least and its largest value; infinite where it has none."""
        known = self.values[self.known]
        return float(known.min(initial=np.inf)), float(known.max(initial=-np.inf))

    @cached_property
    def trajectory(self) -> Trajectory:
        """What its own years and cities let expect."""
        return self.stack.trajectory.of(self.position)

    @property
    def id(self) -> str:
        """Id of the variable."""
        return self.variable.id

    @property
    def is_outcome(self) -> bool:
        """Whether it is the variable that becomes the label."""
        return self.id == self.panel_view.outcome

    @property
    def is_amount(self) -> bool:
        """Whether it becomes the label and moves in percent, as all but a rate does."""
        return self.is_outcome and self.variable.scale != "rate"

    @property
    def years(self) -> Int:
        """Years of the panel, the columns of ``values``."""
        return self.panel_view.grid.years

    @cached_property
    def year_moves(self) -> list[YearMove]:
        """How its cities moved into each year."""
        return self.stack.year_moves.of(self.position)

    def observed(self) -> Int:
        """Return the columns in which any city has a value."""
        return np.flatnonzero(self.known.any(axis=0))

    def masked_by(self, rule: str) -> Mask:
        """Return the cells that a rule masks."""
        return self.panel_view.masked.found_by(self.id, rule)

    def issue(self, level: Level, kind: str, reason: str, **more: Any) -> Issue:
        """Return an issue of this variable; see `PanelView.issue`."""
        return self.panel_view.issue(level, kind, reason, variable=self.id, **more)

    def off(
        self,
        level: Level,
        kind: str,
        at: tuple[int, int],
        witnesses: str,
        expected: float,
        *,
        ratio: float | None = None,
        why: str = "",
        power: int = 0,
        surprise: float,
    ) -> Issue:
        """Return an issue of a cell that is far from what is expected in its place.

        Parameters
        ----------
        witnesses : str
            What lets expect it: ``the years before``.
        expected : float
            In the variable's unit.
        ratio : float, optional
            ln of how far the cell is off; that of value and expectation if not given.
        why : str
            End of the sentence.
        power : int
            Power of ten that the cell is off by, and that corrects it; 0 where it is none.
        """
        value = float(self.values[at])
        ratio = float(np.log(value / expected)) if ratio is None else ratio
        reason = (
            f"{with_unit(value, self.variable.unit)} is {compared(ratio)} the value "
            f"expected from {witnesses} ({shown(expected, 3)}){why}"
        )
        more = {"factor": 10.0**power if power else None, "expected": expected}
        correct = correction_factor(power) if power else "drop"
        return self.issue(level, kind, reason, at=at, correct=correct, surprise=surprise, **more)


@dataclass(frozen=True)
class Rule:
    """One rule of the audit.

    Attributes
    ----------
    id : str
        Name in issues (as their ``kind``) and in experiment files.
    label_en, label_zh : str
        Names for people.
    each : callable or None
        Issues of one variable.
    whole : callable or None
        Issues of the whole panel.
    may : callable or None
        Which of several variables ``each`` is asked about, shape (variables,): all that have an
        issue, and few others. All where it is None.
    may_err : callable or None
        The same where errors alone are asked for; None where ``each`` finds none.
    whole_errs : bool
        Whether ``whole`` finds errors.
    """

    id: str
    label_en: str
    label_zh: str
    each: Callable[[VariableView], Iterator[Issue]] | None = None
    whole: Callable[[PanelView], Iterator[Issue]] | None = None
    may: Callable[[Stack], Mask] | None = None
    may_err: Callable[[Stack], Mask] | None = None
    whole_errs: bool = False


def view_panel(panel: Panel, outcome: str, masked: Masked) -> PanelView:
    """Lay out where each cell of the grid stands in the panel's frame."""
    grid = masked.grid
    positions = np.full(grid.shape, -1, dtype=np.int64)
    row = pd.Index(grid.cities).get_indexer(panel.frame["city"])
    column = panel.frame["year"].to_numpy() - grid.years[0]
    positions[row, column] = np.arange(len(panel.frame))
    return PanelView(panel, grid, outcome, positions, masked)
