"""Level breaks that can be seen at an origin, and labels without what they put in.

A restated level enters a label twice: in the growth of its own city, and in that of the nation
which all cities are compared with. The breaks are those of the audit's rule ``jump`` on the
outcome up to the origin; a forecast, or its error, has no part in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit.levels import level_shifts
from city_resilience.memory import Rows, batches_of, rows_of
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.outcome import COMPOSITE, label_of
from city_resilience.tasks.yearly import yearly_labels

__all__ = ["LevelBreaks", "NewestBreaks", "level_breaks", "newest_breaks"]

TOGETHER = 50_000
"""Cities whose usual moves are looked at together, some 200 MB over 20 years."""


@dataclass(frozen=True)
class LevelBreaks:
    """Level breaks of the outcome as they can be seen at an origin.

    Attributes
    ----------
    view : AsOf
        The panel at the origin.
    size : ndarray, shape (cities, years)
        By how much the level jumps into a year, in logarithms; 0 where it does not.
    """

    view: AsOf
    size: Float

    @cached_property
    def newest(self) -> NewestBreaks:
        """Those into the year of the origin."""
        return NewestBreaks.of(self.view, self.size[:, -1])

    def labels(self, horizon: int) -> Float:
        """Labels known at the origin without breaks, shape (cities, years), in the measure's unit.

        NaN where a city's level jumps between the two years; the nation is then made of the
        other cities.
        """
        broken = np.cumsum(self.size != 0, axis=1)
        if not broken.any():
            return self.view.labels(horizon)
        part, city = np.nonzero(broken.max(axis=1) >= np.arange(broken.max() + 1)[:, None])
        level = np.where(broken[city] == part[:, None], self.view.outcome[city], np.nan)
        labels = label_of(self.view.measure, level, horizon, nation=self.view.nation.of(city))
        found = np.full(broken.shape, np.nan)
        for number in np.unique(part):
            own = part == number
            known = np.where(np.isfinite(labels[own]), labels[own], found[city[own]])
            found[city[own]] = known
        return found


@dataclass(frozen=True)
class NewestBreaks:
    """Level breaks into the year of the origin, and what they put into the newest labels.

    Attributes
    ----------
    found : ndarray of bool, shape (cities,)
        Cities whose level jumps into that year.
    last : ndarray, shape (cities,)
        The last known yearly label, in the measure's unit; NaN everywhere without a break.
    artefact : ndarray, shape (cities,)
        How far breaks moved that label: against the label that the same city would have, were no
        level to jump into that year; without a sign, 0 where it is not known.
    """

    found: Mask
    last: Float
    artefact: Float

    @classmethod
    def of(cls, view: AsOf, size: Float) -> NewestBreaks:
        """Return those of a view by how much levels jump into its last year, shape (cities,)."""
        cities, years = view.outcome.shape
        found = np.asarray(size != 0)
        last, artefact = np.full(cities, np.nan), np.zeros(cities)
        if not found.any() or years < 2:
            return cls(found, last, artefact)

        def undone(rows: slice) -> Float:
            level = np.array(rows_of(view.outcome, rows))
            level[:, -1] /= np.exp(size[rows])
            return level

        labels, smooth = yearly_labels(view), yearly_labels(view, undone)
        for rows in batches_of(cities):
            last[rows] = labels(rows)[:, -2]
            artefact[rows] = np.nan_to_num(np.abs(last[rows] - smooth(rows)[:, -2]))
        return cls(found, last, artefact)


def level_breaks(view: AsOf) -> LevelBreaks:
    """Find the level breaks of the outcome up to the origin; a composite has none."""
    size = np.zeros(view.outcome.shape)
    for cities, own in _sizes(view):
        size[cities] = own
    return LevelBreaks(view, size)


def newest_breaks(view: AsOf) -> NewestBreaks:
    """Find the level breaks into the year of the origin alone, as `level_breaks` has them."""
    size = np.zeros(len(view.outcome))
    for cities, own in _sizes(view):
        size[cities] = own[:, -1]
    return NewestBreaks.of(view, size)


def _sizes(view: AsOf) -> Iterator[tuple[Rows, Float]]:
    """Yield cities that are looked at together, and by how much their levels jump.

    A city is looked at beside all others, and in a panel of more than `TOGETHER` cities beside so
    many, those of its nation before others.
    """
    if view.measure == COMPOSITE:
        return
    is_amount, count = view.nation.way != "mean_of_logs", len(view.outcome)
    own = None if view.nation.own is None else view.nation.own.astype(np.str_)
    order = None if own is None or count <= TOGETHER else np.argsort(own, kind="stable")
    parts = np.array_split(np.arange(count), max(1, -(-count // TOGETHER)))
    for rows in (slice(int(own[0]), int(own[-1]) + 1) for own in parts if own.size):
        cities = rows if order is None else order[rows]
        among = None if own is None else own[cities]
        outcome = rows_of(view.outcome, cities)
        yield cities, level_shifts(outcome, among, is_amount=is_amount)
