"""What the checks look at: the panel under audit, and one of its variables at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.audit.expectation import Path
from city_resilience.audit.finding import Finding, Severity, correction_line
from city_resilience.audit.trajectories import Float, Mask
from city_resilience.catalogue.variables import Variable
from city_resilience.reading.panel import Grid, Panel

__all__ = ["Look", "Subject", "subject_of"]


@dataclass(frozen=True)
class Subject:
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
    masked : mapping of str to mapping of str to ndarray of bool
        Variable and check to the cells that are held out; see `masking.mask_cells`.
    company : ndarray of int16, shape (cities, years)
        Number of variables that leave their path in the city and year.
    """

    panel: Panel
    grid: Grid
    outcome: str
    positions: NDArray[np.int64]
    masked: Mapping[str, Mapping[str, Mask]]
    company: NDArray[np.int16]

    @property
    def variables(self) -> Mapping[str, Variable]:
        """Variables of the panel by id."""
        return self.panel.variables

    @property
    def years(self) -> tuple[int, int]:
        """First and last year of the panel."""
        return int(self.grid.years[0]), int(self.grid.years[-1])

    def masked_by(self, variable: str, check: str) -> Mask:
        """Return the cells of a variable that a check holds out."""
        none = np.zeros(self.grid.shape, dtype=bool)
        return self.masked.get(variable, {}).get(check, none)

    def cell(
        self,
        check: str,
        severity: Severity,
        variable: str,
        at: tuple[int, int],
        reason: str,
        *,
        correction: str = "drop",
        **more: Any,
    ) -> Finding:
        """Return a finding about one cell, with its address and the line that corrects it.

        Parameters
        ----------
        check, severity, variable, reason
            As in `Finding`.
        at : tuple of int
            Row and column in the grid.
        correction : str
            Right side of the line for ``[data.corrections]``.
        **more
            Further fields of `Finding`.
        """
        city, year = self.grid.cities[at[0]], int(self.grid.years[at[1]])
        position = int(self.positions[at])
        return Finding(
            check,
            severity,
            variable,
            city,
            (year,),
            reason,
            value=float(self.grid.values[variable][at]),
            cell=self.panel.cell(position, variable) if position >= 0 else "",
            correction=correction_line(variable, city, year, correction),
            **more,
        )

    def named(self, cities: Sequence[int], most: int = 3) -> str:
        """Return the names of the first cities, and how many more there are."""
        names = ", ".join(self.grid.cities[city] for city in cities[:most])
        return names + (f" and {len(cities) - most} more" if len(cities) > most else "")


@dataclass(frozen=True)
class Look:
    """One variable of the panel under audit."""

    subject: Subject
    variable: Variable
    values: Float
    path: Path

    @property
    def id(self) -> str:
        """Id of the variable."""
        return self.variable.id

    @property
    def years(self) -> NDArray[np.int64]:
        """Years of the panel, the columns of ``values``."""
        return self.subject.grid.years

    @property
    def unit(self) -> str:
        """Unit as it follows a number, or nothing: `` km``, `` × 10k persons``."""
        unit = self.variable.unit
        if unit in ("", "index", "log", "fraction", "count"):
            return ""
        return f" × {unit}" if unit[0].isdigit() else f" {unit}"

    def observed(self) -> NDArray[np.int64]:
        """Return the columns in which any city has a value."""
        return np.flatnonzero(np.isfinite(self.values).any(axis=0))


def subject_of(
    panel: Panel,
    grid: Grid,
    outcome: str,
    masked: Mapping[str, Mapping[str, Mask]],
    company: NDArray[np.int16],
) -> Subject:
    """Lay out where each cell of the grid stands in the panel's frame."""
    positions = np.full(grid.shape, -1, dtype=np.int64)
    row = pd.Index(grid.cities).get_indexer(panel.frame["city"])
    column = panel.frame["year"].to_numpy() - grid.years[0]
    positions[row, column] = np.arange(len(panel.frame))
    return Subject(panel, grid, outcome, positions, masked, company)
