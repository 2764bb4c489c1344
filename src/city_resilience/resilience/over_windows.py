"""Measures over a window: each a function of the material of a panel and the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from city_resilience.resilience import counterfactual, growth
from city_resilience.resilience.composite import FrozenComposite
from city_resilience.resilience.reasons import Measured, measured, overruled
from city_resilience.resilience.trajectories import time_to_recover, trend_deviation
from city_resilience.resilience.window import Window

__all__ = [
    "Counterfactual",
    "Material",
    "OverWindow",
    "RecoveryLevel",
    "agency",
    "composite",
    "gap",
    "quadrant",
    "recovery",
    "recovery_gap",
    "recovery_time",
    "relative",
    "resistance",
    "sensitive",
    "structure",
    "trend",
]

Float = NDArray[np.float64]
Counterfactual = Literal["plain", "industry_mix"]
RecoveryLevel = Literal["peak", "nation"]


@dataclass(frozen=True)
class Material:
    """What a window measure may read.

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
    recovery_level : {"peak", "nation"}
        Level that ends a recovery.
    composite : FrozenComposite, optional
    components : ndarray, shape (k, cities, years), optional
        Its components.
    """

    years: NDArray[np.int64]
    outcome: Float
    industries: Float
    counterfactual: Counterfactual = "plain"
    floor: float = growth.FLOOR
    recovery_level: RecoveryLevel = "peak"
    composite: FrozenComposite | None = None
    components: Float | None = None

    def at(self, values: Float, year: int) -> Float:
        """Return the values of a year, shape (cities, ...); NaN for a year after the panel."""
        column = year - int(self.years[0])
        if column >= len(self.years):
            return np.full(np.delete(values.shape, 1), np.nan)
        return np.asarray(values[:, column])

    def between(
        self, kernel: Callable[[Float, Float, NDArray[np.bool_]], Measured], start: int, end: int
    ) -> Measured:
        """Measure the outcome between two years; a year with no city yet is ``not_yet``."""
        gone = self.at(growth.vanished_cities(self.outcome).astype(np.float64), end) == 1.0
        found = kernel(self.at(self.outcome, start), self.at(self.outcome, end), gone)
        return overruled(found, ("not_yet", self._not_yet(self.outcome, end)))

    def between_industries(
        self, kernel: Callable[[Float, Float], Measured], start: int, end: int
    ) -> Measured:
        """Measure the industries between two years."""
        found = kernel(self.at(self.industries, start), self.at(self.industries, end))
        total = self.industries.sum(axis=2)
        return overruled(found, ("not_yet", self._not_yet(total, end)))

    def _not_yet(self, values: Float, year: int) -> NDArray[np.bool_]:
        over = growth.years_over(values)[None].astype(np.float64)
        return np.asarray(self.at(over, year) != 1.0)

    def excess(self, start: int, end: int) -> Measured:
        """Change over the expected change, by the counterfactual chosen."""
        if self.counterfactual == "industry_mix":
            return self.between_industries(
                lambda a, b: counterfactual.excess_over_mix(a, b, self.floor), start, end
            )
        return self.between(
            lambda a, b, gone: counterfactual.excess_change(a, b, self.floor, gone), start, end
        )

    def nowhere(self, reason: str) -> Measured:
        """Return no value for any city, for one reason."""
        return measured(np.full(len(self.outcome), np.nan), (reason, np.array(True)))


OverWindow = Callable[[Material, Window], Measured]


def gap(material: Material, window: Window) -> Measured:
    """Growth gap from the start to the end, pp."""
    return material.between(growth.growth_gap_between, window.start, window.end)


def recovery_gap(material: Material, window: Window) -> Measured:
    """Growth gap from the end to the end of the recovery, pp."""
    if window.recovery_end is None:
        return material.nowhere("no_recovery_window")
    return material.between(growth.growth_gap_between, window.end, window.recovery_end)


def relative(material: Material, window: Window) -> Measured:
    """Relative resistance from the start to the end."""
    return material.between(
        lambda a, b, gone: growth.relative_resistance(a, b, material.floor, gone),
        window.start,
        window.end,
    )


def sensitive(material: Material, window: Window) -> Measured:
    """Sensitivity from the start to the end."""
    return material.between(
        lambda a, b, gone: growth.sensitivity(a, b, material.floor, gone),
        window.start,
        window.end,
    )


def resistance(material: Material, window: Window) -> Measured:
    """Change over the expected change in the contraction."""
    return material.excess(window.start, window.end)


def recovery(material: Material, window: Window) -> Measured:
    """Change over the expected change in the expansion."""
    if window.recovery_end is None:
        return material.nowhere("no_recovery_window")
    return material.excess(window.end, window.recovery_end)


def quadrant(material: Material, window: Window) -> Measured:
    """Signs of resistance and recovery."""
    return counterfactual.quadrant(resistance(material, window), recovery(material, window))


def structure(material: Material, window: Window) -> Measured:
    """Structure effect from the start to the end."""
    return material.between_industries(counterfactual.structure_effect, window.start, window.end)


def agency(material: Material, window: Window) -> Measured:
    """Agency effect from the start to the end."""
    return material.between_industries(counterfactual.agency_effect, window.start, window.end)


def recovery_time(material: Material, window: Window) -> Measured:
    """Years from the start until the city is back, followed to the panel's newest year."""
    return time_to_recover(
        material.outcome,
        window.start - int(material.years[0]),
        with_nation=material.recovery_level == "nation",
    )


def trend(material: Material, window: Window) -> Measured:
    """Deviation at the end from the trend of the years up to the start, pp."""
    found = trend_deviation(material.outcome, window.end - window.start)
    column = window.start - int(material.years[0])
    return Measured(found.values[:, column], found.reasons[:, column])


def composite(material: Material, window: Window) -> Measured:
    """Composite index at the end; beside it the index at the start."""
    if material.composite is None or material.components is None:
        return material.nowhere("no_components")
    scores = material.composite.measure(material.components)
    start = material.at(scores.values, window.start)
    found = measured(
        material.at(scores.values, window.end),
        ("not_yet", np.array(window.end > material.years[-1])),
        ("no_components", ~np.isfinite(material.at(scores.values, window.end))),
    )
    return Measured(found.values, found.reasons, {"start": start})
