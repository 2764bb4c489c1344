"""Level breaks that can be seen at an origin, and labels without what they put in.

A restated level enters a label twice: in the growth of its own city, and in that of the nation
which all cities are compared with. The breaks are those of the audit's rule ``jump`` on the
outcome up to the origin; a forecast, or its error, has no part in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.audit.levels import level_shifts
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.outcome import COMPOSITE, label_of

__all__ = ["LevelBreaks", "level_breaks"]

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

    @property
    def newest(self) -> Mask:
        """Cities whose level jumps into the year of the origin, shape (cities,)."""
        return np.asarray(self.size[:, -1] != 0)

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

    def artefact(self) -> Float:
        """Return how far breaks moved the last known yearly label of each city, shape (cities,).

        Against the label that the same city would have, were no level to jump into the year of
        the origin; in the measure's unit, without a sign, 0 where it is not known.
        """
        if not self.newest.any() or self.view.outcome.shape[1] < 2:
            return np.zeros(len(self.size))
        undone = self.view.outcome.copy()
        undone[:, -1] /= np.exp(self.size[:, -1])
        smooth = label_of(self.view.measure, undone, 1, nation=self.view.nation)[:, -2]
        return np.nan_to_num(np.abs(self.view.labels(1)[:, -2] - smooth))


def level_breaks(view: AsOf) -> LevelBreaks:
    """Find the level breaks of the outcome up to the origin; a composite has none.

    A city is looked at beside all others, and in a panel of more than `TOGETHER` cities beside so
    many, those of its nation before others.
    """
    if view.measure == COMPOSITE:
        return LevelBreaks(view, np.zeros(view.outcome.shape))
    nation, is_amount = view.nation, view.nation.way != "mean_of_logs"
    own = None if nation.own is None else nation.own.astype(np.str_)
    if len(view.outcome) <= TOGETHER:
        return LevelBreaks(view, level_shifts(view.outcome, own, is_amount=is_amount))
    order = np.arange(len(view.outcome)) if own is None else np.argsort(own, kind="stable")
    size = np.empty(view.outcome.shape)
    for cities in np.array_split(order, -(-len(order) // TOGETHER)):
        among = None if own is None else own[cities]
        size[cities] = level_shifts(view.outcome[cities], among, is_amount=is_amount)
    return LevelBreaks(view, size)
