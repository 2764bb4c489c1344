"""A made-up panel in which provinces move their cities, and what the provinces publish of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from city_resilience.arrays import Float, Positions, Strings
from city_resilience.indicators.compute import IndicatorValues
from city_resilience.indicators.formulas.together import totals
from city_resilience.reading.early import EarlyRelease
from city_resilience.tasks.dataset import Dataset

FIRST, YEARS, DELAY = 2000, 16, 90
SIZES = (1, 4, 6, 8, 5)
PROVINCES = tuple("ABCDE")


@dataclass(frozen=True)
class Made:
    """A panel without indicators, and the growth of its provinces.

    Attributes
    ----------
    growth : ndarray, shape (provinces, years)
        Of the sum of a province's cities, log points; NaN in the first year.
    """

    dataset: Dataset
    growth: Float
    member: Positions

    def release(self, growth: Float | None = None, name: str = "provinces") -> EarlyRelease:
        """Return what the provinces publish 45 days after the end of a year."""
        figures = self.growth if growth is None else growth
        years = self.dataset.years
        days = [dt.date(int(year), 12, 31).toordinal() + 45 for year in years]
        published = np.where(np.isfinite(figures), np.array(days)[None], 0).astype(np.int64)
        return EarlyRelease(name, "province", PROVINCES, self.member, years, figures, published)

    def with_early(self, *releases: EarlyRelease) -> Dataset:
        """Return the panel with releases."""
        return replace(self.dataset, early=releases)


def make_panel(seed: int = 0, shock: float = 2.0, sizes: Sequence[int] = SIZES) -> Made:
    """Grow cities by a shock of their province and one of their own, standard deviation 1 pp."""
    rng = np.random.default_rng(seed)
    member = np.repeat(np.arange(len(sizes)), sizes)
    province: Strings = np.array(PROVINCES)[member]
    yearly = rng.normal(0.0, shock, (len(sizes), YEARS))[member]
    steps = 5.0 + yearly + rng.normal(0.0, 1.0, yearly.shape)
    start = rng.uniform(1.0, 3.0, (len(member), 1))
    outcome = start * np.exp(np.cumsum(steps, axis=1) / 100.0)
    total = np.stack([totals(outcome[member == k])[0] for k in range(len(sizes))])
    growth = np.full(total.shape, np.nan)
    growth[:, 1:] = 100.0 * np.diff(np.log(total), axis=1)
    years = np.arange(FIRST, FIRST + YEARS)
    nothing = IndicatorValues((), np.zeros((*outcome.shape, 0)), {})
    names = tuple(f"{province[k]}{k:02d}" for k in range(len(member)))
    groups = {"province": province}
    dataset = Dataset(names, years, outcome, nothing, groups, "growth_gap", delay_days=DELAY)
    return Made(dataset, growth, member)


def no_gap(dataset: Dataset, horizons: Sequence[int] = (1, 2)) -> dict[int, dict[int, Float]]:
    """Return forecasts of zero at every origin whose outcome is known: horizon → origin."""
    last = int(dataset.years[-1])
    return {
        h: {o: np.zeros(len(dataset.cities)) for o in range(FIRST + 4, last - h + 1)}
        for h in horizons
    }
