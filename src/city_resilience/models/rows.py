"""Rows of a panel that are forecast, and the columns of their table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask, Positions, Strings
from city_resilience.experiment.experiment import Experiment
from city_resilience.models.intervals import EVENTS
from city_resilience.tasks.dataset import Dataset, common_origin
from city_resilience.tasks.features import FeatureSpec, features_in_year, indicators_in_year

__all__ = [
    "FORECAST",
    "FORECASTING",
    "FORECAST_COLUMNS",
    "NOWCAST",
    "STRUCTURAL",
    "ForecastRows",
    "Moved",
    "forecast_columns",
]

FORECAST_COLUMNS: Mapping[str, str] = {
    "city": "str",
    "province": "str",
    "origin": "int64",
    "horizon": "int64",
    "target_year": "int64",
    "forecast": "float64",
    "lower": "float64",
    "upper": "float64",
    "coverage": "float64",
    "rank": "Int64",
    "flags": "str",
    "lower_80": "float64",
    "upper_80": "float64",
    **dict.fromkeys(EVENTS, "float64"),
    "information": "str",
    "early_release": "float64",
}
FORECAST, NOWCAST = "forecast", "nowcast"
"""What a row knows: the panel alone, or early releases as well."""
FORECASTING, STRUCTURAL = "forecasting", "structural"
"""The two views of a model: with the past of the outcome, and without it."""
Moved = Mapping[int, Mapping[str, Float]]
"""Horizon → early release → by how much it moves each row, pp."""


def forecast_columns(experiment: Experiment) -> dict[str, str]:
    """Return the columns of a forecast and their types; places of several nations name theirs."""
    columns = dict(FORECAST_COLUMNS)
    if not experiment.data.nation:
        return columns
    return {
        "city": columns.pop("city"),
        "province": columns.pop("province"),
        "nation": "str",
    } | columns


@dataclass(frozen=True)
class ForecastRows:
    """Rows of a panel that are forecast: one per city, at its own newest usable year.

    Attributes
    ----------
    origin : int
        The common origin of the run.
    cities : ndarray of int
        Positions in ``dataset.cities``.
    origins : ndarray of int64
        Origin of each row; older than the common one for a stale city.
    """

    dataset: Dataset
    origin: int
    cities: Positions
    origins: Int

    @classmethod
    def of(cls, dataset: Dataset, origin: int | None = None) -> ForecastRows:
        """Find the common origin, unless given, and each city's own."""
        if origin is None:
            origin = common_origin(dataset.outcome, dataset.years)
        known = np.isfinite(dataset.at(origin).outcome)
        cities = np.flatnonzero(known.any(axis=1))
        newest = known.shape[1] - 1 - known[cities, ::-1].argmax(axis=1)
        return cls(dataset, origin, cities, dataset.years[newest])

    def part(self, rows: slice) -> ForecastRows:
        """Return some of the rows, which read what all of them read once."""
        if rows == slice(None):
            return self
        return _Part(
            self.dataset, self.origin, self.cities[rows], self.origins[rows], whole=self, own=rows
        )

    def parts(self, size: int) -> Iterator[slice]:
        """Yield the rows in parts of so many, one of none where there is no row."""
        for first in range(0, max(1, len(self.cities)), size):
            yield slice(first, min(first + size, len(self.cities)))

    def among(self, cities: Positions) -> ForecastRows:
        """Return the rows of some cities, given as positions in ``dataset.cities``."""
        own = np.isin(self.cities, cities)
        if own.all():
            return self
        return ForecastRows(self.dataset, self.origin, self.cities[own], self.origins[own])

    @property
    def names(self) -> NDArray[np.object_]:
        """City of each row."""
        cities = self.dataset.cities
        return np.array([cities[at] for at in self.cities.tolist()], dtype=object)

    @property
    def stale(self) -> Mask:
        """Whether the series of the city ends before the common origin."""
        return self.origins < self.origin

    def of_group(self, name: str) -> Strings:
        """Return the level of each row in a group of the cities, "" where there is none."""
        levels = self.dataset.groups.get(name)
        return np.full(len(self.cities), "") if levels is None else levels[self.cities]

    def features(self, spec: FeatureSpec) -> Float:
        """Features of the rows, shape (rows, columns), read through the as-of view."""
        view = self.dataset.at(self.origin)
        found = np.empty((len(self.cities), len(spec.columns)))
        for year, rows in self._years():
            found[rows] = features_in_year(view, spec, year)[self.cities[rows]]
        return found

    def indicators(self, spec: FeatureSpec) -> tuple[tuple[str, ...], Float, Float]:
        """Return ids of the indicators, and values and ages as the model reads them.

        Both of shape (rows, indicators). An age is in years: 0 is the origin of the row, or the
        newest year that the publication lag lets it read; NaN where there is no value.
        """
        view, names = self.dataset.at(self.origin), spec.indicators
        found = np.empty((2, len(self.cities), len(names)))
        for year, rows in self._years():
            _, *read = indicators_in_year(view, spec, year)
            found[:, rows] = np.stack(read)[:, self.cities[rows]]
        return names, *found

    def _years(self) -> Iterator[tuple[int, Mask]]:
        """Yield each year that some rows are forecast from, and which rows those are."""
        for year in np.unique(self.origins).tolist():
            yield year, self.origins == year

    @cached_property
    def kept(self) -> Kept:
        """What parts of the rows have read of all of them."""
        return Kept(self)


@dataclass(frozen=True)
class Kept:
    """Features and indicators of rows, each read once.

    Attributes
    ----------
    rows : ForecastRows
    """

    rows: ForecastRows
    _features: list[tuple[FeatureSpec, Float]] = field(default_factory=list)
    _indicators: list[tuple[FeatureSpec, Any]] = field(default_factory=list)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process empty; it reads its own."""
        return Kept, (self.rows,)

    def features(self, spec: FeatureSpec) -> Float:
        """Return what `ForecastRows.features` does."""
        found: Float = _once(self._features, spec, self.rows.features)
        return found

    def indicators(self, spec: FeatureSpec) -> tuple[tuple[str, ...], Float, Float]:
        """Return what `ForecastRows.indicators` does."""
        found: tuple[tuple[str, ...], Float, Float]
        found = _once(self._indicators, spec, self.rows.indicators)
        return found


def _once(kept: list[tuple[FeatureSpec, Any]], spec: FeatureSpec, read: Callable[..., Any]) -> Any:
    for own, found in kept:
        if own is spec:
            return found
    kept.append((spec, read(spec)))
    return kept[-1][1]


@dataclass(frozen=True)
class _Part(ForecastRows):
    """Some rows of others."""

    whole: ForecastRows = field(kw_only=True)
    own: slice = field(kw_only=True)

    def features(self, spec: FeatureSpec) -> Float:
        return self.whole.kept.features(spec)[self.own]

    def indicators(self, spec: FeatureSpec) -> tuple[tuple[str, ...], Float, Float]:
        names, values, ages = self.whole.kept.indicators(spec)
        return names, values[self.own], ages[self.own]
