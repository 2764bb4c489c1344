"""Variables of a panel side by side, so that a panel of thousands is looked at in few steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit.expected import Trajectory
from city_resilience.audit.masking import Masked
from city_resilience.audit.year_moves import YearMoves, moves_of
from city_resilience.catalogue.variables import Variable

__all__ = ["Stack"]


@dataclass(frozen=True)
class Stack:
    """Some variables of the panel under audit.

    Attributes
    ----------
    variables : sequence of Variable
    outcome : str
        Id of the outcome; empty where it is not known.
    values : ndarray, shape (variables, cities, years)
    trajectory : Trajectory
        Of all of them.
    masked : Masked
    """

    variables: Sequence[Variable]
    outcome: str
    values: Float
    trajectory: Trajectory
    masked: Masked

    @cached_property
    def known(self) -> Mask:
        """Where there is a value."""
        return np.isfinite(self.values)

    @cached_property
    def observed(self) -> Mask:
        """Years in which any city has a value, shape (variables, years)."""
        return np.asarray(self.known.any(axis=1))

    @cached_property
    def year_moves(self) -> YearMoves:
        """How the cities moved into each year."""
        return moves_of(self.trajectory.past.logs, self.observed)

    @property
    def is_outcome(self) -> Mask:
        """Which is the variable that becomes the label."""
        return np.array([variable.id == self.outcome for variable in self.variables], dtype=bool)

    def masked_by(self, rule: str) -> Mask:
        """Say which have a cell that a rule masks."""
        by_rule = self.masked.by_rule
        found = [rule in by_rule.get(variable.id, {}) for variable in self.variables]
        return np.array(found, dtype=bool)

    def cells_masked_by(self, rule: str) -> Mask:
        """Return the cells that a rule masks, shape (variables, cities, years)."""
        cells = np.zeros(self.values.shape, dtype=bool)
        for at in np.flatnonzero(self.masked_by(rule)).tolist():
            cells[at] = self.masked.found_by(self.variables[at].id, rule)
        return cells
