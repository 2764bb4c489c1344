"""Historical analogues of a city: the city-years that were most like it, and what came after them.

Cities are compared by the indicators that the model reads, each standardised among the cities of
its own year, so that a trend of the nation makes no year unlike another. The squared distance is
the mean over families of half the mean squared difference of their indicators (`likeness`).
Only city-years whose outcome was known at the origin are compared, of each other city the nearest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask, Strings
from city_resilience.explain.likeness import square_distance, standardised
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.features import FeatureSpec, read_indicators

__all__ = ["ANALOGUES", "Analogues", "analogues_of"]

ANALOGUES = 10


@dataclass(frozen=True)
class Analogues:
    """The nearest city-years and their outcomes.

    Attributes
    ----------
    table : DataFrame
        ``city, year, target_year, distance, outcome``, the nearest first; the outcome over the
        horizon from the year on is in the unit of the measure.
    compared : int
        City-years that could have been chosen.
    every : float
        Median outcome of those.
    indicators : int
        Indicators that the city has a value of.
    """

    table: pd.DataFrame
    compared: int
    every: float
    indicators: int

    @property
    def summary(self) -> dict[str, float]:
        """Median and range of the outcomes; empty where there is no analogue."""
        outcome = self.table["outcome"]
        if not len(outcome):
            return {}
        return {
            "median": float(outcome.median()),
            "low": float(outcome.min()),
            "high": float(outcome.max()),
        }


def analogues_of(
    rows: ForecastRows, city: str, spec: FeatureSpec, horizon: int, most: int = ANALOGUES
) -> Analogues:
    """Return the city-years that were most like a city at its origin.

    Parameters
    ----------
    rows : ForecastRows
        All rows of a panel.
    city : str
        Name of one of them.
    spec : FeatureSpec
        What the model reads.
    horizon : int
        Years ahead; a city-year is compared if it and its target year are no later than the
        city's origin.
    most : int
        How many analogues.
    """
    dataset = rows.dataset
    own = dataset.cities.index(city)
    view = dataset.at(int(rows.origins[rows.cities == own][0]))
    names, values, _ = read_indicators(view, spec)
    families = {one.id: one.family for one in dataset.specs}
    distance = _distances(
        standardised(values, view.nation),
        own,
        np.array([families[name] for name in names], dtype=np.str_),
    )
    outcome = view.labels(horizon)
    open_to = np.isfinite(outcome) & np.isfinite(distance)
    open_to[own] = False
    table = _nearest(distance, outcome, open_to, view.years)
    table.insert(0, "city", [dataset.cities[k] for k in table.pop("position")])
    table.insert(2, "target_year", table["year"] + horizon)
    return Analogues(
        table=table.sort_values(["distance", "city"], ignore_index=True).head(most),
        compared=int(open_to.sum()),
        every=float(np.median(outcome[open_to])) if open_to.any() else float("nan"),
        indicators=int(np.isfinite(values[own, -1]).sum()),
    )


def _distances(values: Float, own: int, families: Strings) -> Float:
    """Distance of every city-year from a city in the last year, shape (cities, years)."""
    parts = []
    for family in np.unique(families):
        chosen = np.flatnonzero(families == family)
        if np.isfinite(values[own, -1, chosen]).any():
            parts.append(square_distance(values[own, -1, chosen], values[:, :, chosen]))
    if not parts:
        return np.full(values.shape[:2], np.nan)
    # A family that is unknown of a city-year would leave only what is alike.
    mean: Float = np.sqrt(np.mean(parts, axis=0))
    return mean


def _nearest(distance: Float, outcome: Float, open_to: Mask, years: Int) -> pd.DataFrame:
    """Return the nearest year of each city that has one."""
    within = np.where(open_to, distance, np.inf)
    cities = np.flatnonzero(open_to.any(axis=1))
    year = within[cities].argmin(axis=1)
    return pd.DataFrame(
        {
            "position": cities,
            "year": years[year],
            "distance": within[cities, year],
            "outcome": outcome[cities, year],
        }
    )
