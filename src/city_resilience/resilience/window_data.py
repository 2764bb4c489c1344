"""What a measure over a window may read, and the change between two years of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Positions
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.indicators.formulas.nation import SUM, Nation
from city_resilience.resilience.counterfactual import excess_change, excess_over_mix
from city_resilience.resilience.growth import FLOOR, vanished_cities, years_over
from city_resilience.resilience.horizons import Between
from city_resilience.resilience.reasons import Measured, measured, overruled

__all__ = ["Counterfactual", "WindowData"]

Counterfactual = Literal["plain", "industry_mix"]


@dataclass(frozen=True)
class WindowData:
    """A panel as the measures over windows read it.

    Attributes
    ----------
    years : ndarray of int64, shape (years,)
        Consecutive years.
    outcome : ndarray, shape (cities, years)
        NaN = unknown.
    industries : ndarray, shape (cities, years, k)
        Empty (k = 0) when no measure needs them.
    counterfactual : {"plain", "industry_mix"}
        What resistance and recovery expect of a city.
    floor : float
        Least national growth of a ratio, as a fraction.
    composite : FittedComposite, optional
    components : ndarray, shape (k, cities, years), optional
        Its components.
    nation : Nation
        How the cities make up the nation.
    """

    years: Int
    outcome: Float
    industries: Float
    counterfactual: Counterfactual = "plain"
    floor: float = FLOOR
    composite: FittedComposite | None = None
    components: Float | None = None
    nation: Nation = SUM

    def of(self, cities: Positions | slice, nation: Nation) -> WindowData:
        """Return what the measures read of the cities of one nation."""
        components = None if self.components is None else self.components[:, cities]
        return replace(
            self,
            outcome=self.outcome[cities],
            industries=self.industries[cities],
            components=components,
            nation=nation,
        )

    def column(self, year: int) -> int:
        """Return the position of a year of the panel."""
        return year - int(self.years[0])

    def at(self, values: NDArray[np.generic], year: int) -> Float:
        """Return the values of a year, shape (cities, ...); NaN for a year after the panel."""
        if year > self.years[-1]:
            return np.full(np.delete(values.shape, 1), np.nan)
        return values[:, self.column(year)].astype(np.float64)

    def between(self, kernel: Between, start: int, end: int | None) -> Measured:
        """Measure the outcome between two years; a year with no city yet is ``not_yet``.

        Without an end the window has no recovery.
        """
        if end is None:
            return self.nowhere("no_recovery_window")
        gone = self.at(vanished_cities(self.outcome), end) == 1.0
        first, last = self.at(self.outcome, start), self.at(self.outcome, end)
        nation = self.nation.at(lambda weight: (self.at(weight, start), self.at(weight, end)))
        return self._once_over(kernel(first, last, self.floor, gone, nation), self.outcome, end)

    def between_industries(
        self, kernel: Callable[[Float, Float], Measured], start: int, end: int
    ) -> Measured:
        """Measure the industries between two years."""
        found = kernel(self.at(self.industries, start), self.at(self.industries, end))
        return self._once_over(found, self.industries.sum(axis=2), end)

    def excess(self, start: int, end: int | None) -> Measured:
        """Change over the expected change, by the counterfactual chosen."""
        if self.counterfactual == "plain" or end is None:
            return self.between(excess_change, start, end)
        return self.between_industries(
            lambda first, last: excess_over_mix(first, last, self.floor), start, end
        )

    def nowhere(self, reason: str) -> Measured:
        """Return no value for any city, for one reason."""
        return measured(np.full(len(self.outcome), np.nan), (reason, np.array(True)))

    def _once_over(self, found: Measured, values: Float, year: int) -> Measured:
        over = self.at(years_over(values)[None], year) == 1.0
        return overruled(found, ("not_yet", ~over))
