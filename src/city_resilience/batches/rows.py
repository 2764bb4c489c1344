"""Rows of a panel that are forecast, their features built in batches of cities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np

from city_resilience.arrays import Float, Int, Positions, Strings
from city_resilience.batches.cities import CityBatches
from city_resilience.batches.columns import Columns
from city_resilience.batches.indicators import Stored, WholePanel
from city_resilience.indicators.compute import IndicatorValues
from city_resilience.indicators.formulas.nation import Nation
from city_resilience.memory import BATCH, give_back, rows_of
from city_resilience.models.rows import ForecastRows
from city_resilience.reading.early import EarlyRelease
from city_resilience.tasks.dataset import AsOf, Dataset, dated
from city_resilience.tasks.features import (
    FeatureSpec,
    check_offered,
    indicators_in_year,
    laid_out,
)
from city_resilience.tasks.indices import FittedIndex
from city_resilience.tasks.series import ranks_of

__all__ = ["BatchedRows", "batched_rows"]

_CELLS = 1 << 20  # of the columns that are ranked at once

Read = tuple[tuple[str, ...], Float, Float]
"""Indicators, and their values and ages, shape (cities, indicators)."""
Ranked = tuple[str, int, int, FittedIndex | None]
"""An indicator as a model reads it: its id, youngest and oldest age, and an index as fitted."""


@dataclass(frozen=True)
class _Store:
    """Indicators and ranks of all cities, on disk.

    Attributes
    ----------
    stored : Stored
        Indicators in the years that any row is read from.
    ranks : Columns
        Ranks by `places` and, in place of years, by `origins`.
    places : mapping of Ranked to int
    origins : ndarray of int
        Years that rows are forecast from.
    """

    stored: Stored
    ranks: Columns
    places: Mapping[Ranked, int]
    origins: Int

    def ranks_in(self, spec: FeatureSpec, names: Sequence[str], year: int, rows: slice) -> Float:
        """Return ranks of indicators of a spec, shape (cities, names); NaN where none is asked."""
        ranked = {name for name, form in spec.columns if form == "rank"}
        asked = [k for k, name in enumerate(names) if name in ranked]
        found = np.full((rows.stop - rows.start, len(names)), np.nan)
        columns = np.array([self.places[_ranked(spec, names[k])] for k in asked], dtype=np.intp)
        at = np.flatnonzero(self.origins == year)
        found[:, asked] = self.ranks.read(columns, at, rows)[:, 0]
        return found


@dataclass(frozen=True)
class BatchedRows(ForecastRows):
    """Rows of a panel that are forecast, whose features are read from disk.

    Its dataset has the outcome and the nations of all cities, and no values of indicators: these
    are reached through `features` and `indicators`, for any `part` of the rows, with the bits of
    `ForecastRows` of one frame.

    Attributes
    ----------
    store : _Store
        What is on disk.
    is_part : bool
        Whether they are some rows of others; what these read is kept with them.
    """

    store: _Store = field(repr=False, kw_only=True)
    is_part: bool = field(default=False, kw_only=True)

    def part(self, rows: slice) -> BatchedRows:
        """Return some of the rows, which read for themselves."""
        own = self.cities[rows], self.origins[rows]
        return replace(self, cities=own[0], origins=own[1], is_part=True)

    def among(self, cities: Positions) -> BatchedRows:
        """Return the rows of some cities, given as positions in ``dataset.cities``."""
        own = np.isin(self.cities, cities)
        return replace(self, cities=self.cities[own], origins=self.origins[own])

    def features(self, spec: FeatureSpec) -> Float:
        """Features of the rows, shape (rows, columns), read through the as-of view."""
        found = np.empty((len(self.cities), len(spec.columns)))
        for year, rows, near in self._near():
            names, values, age = self._read(near, year, spec)
            ranks = self.store.ranks_in(spec, names, year, near)
            found[rows] = laid_out(spec, names, values, ranks, age)[self.cities[rows] - near.start]
        return found

    def indicators(self, spec: FeatureSpec) -> tuple[tuple[str, ...], Float, Float]:
        """Return ids of the indicators, and values and ages as the model reads them.

        See `ForecastRows.indicators`.
        """
        found = np.empty((2, len(self.cities), len(spec.indicators)))
        for year, rows, near in self._near():
            _, *read = self._read(near, year, spec)
            found[:, rows] = np.stack(read)[:, self.cities[rows] - near.start]
        return spec.indicators, *found

    def _near(self) -> Iterator[tuple[int, Positions, slice]]:
        """Yield rows of one origin whose cities lie near one another, and those cities."""
        for year, mask in self._years():
            rows = np.flatnonzero(mask)
            order = rows[np.argsort(self.cities[rows], kind="stable")]
            block = self.cities[order] // BATCH
            for part in np.split(order, np.flatnonzero(np.diff(block)) + 1):
                own = self.cities[part]
                yield year, part, slice(int(own[0]), int(own[-1]) + 1)

    def _read(self, near: slice, year: int, spec: FeatureSpec) -> Read:
        """Read indicators of some cities in a year; once, for those of a part."""
        key = near.start, near.stop, year, id(spec)
        if key not in self._known:
            view = _view_in_year(self.dataset, self.store.stored, near, year, spec)
            read = indicators_in_year(view, spec, year)
            if not self.is_part:
                return read
            self._known[key] = read
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[int, int, int, int], Read]:
        return {}


def batched_rows(
    panel: WholePanel,
    specs: Sequence[FeatureSpec],
    *,
    groups: Mapping[str, Strings] | None = None,
    early: tuple[EarlyRelease, ...] = (),
    as_of: dt.date | None = None,
    origin: int | None = None,
) -> BatchedRows:
    """Build the features of the rows that are forecast, in batches of cities.

    Parameters
    ----------
    panel : WholePanel
        Its folder must stay for as long as the rows are read.
    specs : sequence of FeatureSpec
        Those that the rows will be asked for; only what they need is computed.
    early, as_of
        As of `city_resilience.tasks.dataset.build_dataset`.
    groups : mapping of str to ndarray of str, shape (cities,)
        Slices of the cities, as `Panel.slices` returns them.
    origin : int, optional
        As of `ForecastRows.of`.

    Raises
    ------
    InputError
        As of `build_dataset`, and if the panel does not offer an indicator that a spec needs.
    """
    give_back()
    batches, experiment = panel.batches, panel.experiment
    features = experiment.features
    asked = {spec.id: spec for spec in panel.asked(features.families, features.exclude)}
    needed = list(dict.fromkeys(name for spec in specs for name in spec.needed))
    check_offered(needed, asked)
    nothing = IndicatorValues((), np.empty((*batches.grid.shape, 0)), {})
    dataset = Dataset(
        cities=batches.grid.cities,
        years=batches.grid.years,
        outcome=panel.level,
        indicators=nothing,
        groups=groups or {},
        measure=experiment.outcome.measure,
        composite=panel.composite,
        nation=panel.nation,
        early=early,
        scored_on=experiment.evaluation.truth,
    )
    outline = replace(dataset, outcome=_outline(dataset.outcome, batches))
    outline = dated(outline, experiment.outcome.publication_delay_days, as_of)
    rows = ForecastRows.of(outline, origin)
    origins = np.unique(rows.origins)
    wanted = [asked[name] for name in asked if name in set(needed)]
    stored = panel.store(wanted, _years_read(origins - batches.grid.years[0], specs))
    check_offered(needed, stored.ids)
    store = _ranked_store(batches, dataset, stored, specs, origins, panel.new("ranks"))
    known = IndicatorValues(stored.specs, nothing.values, stored.absent)
    dataset = replace(outline, outcome=panel.level, indicators=known)
    give_back()
    return BatchedRows(dataset, rows.origin, rows.cities, rows.origins, store=store)


def _outline(level: Float, batches: CityBatches) -> Float:
    """Return 0 where a level in a file is known and NaN elsewhere, in a quarter of its memory."""
    outline = np.full(level.shape, np.nan, dtype=np.float16)
    for rows in batches.slices():
        outline[rows][np.isfinite(rows_of(level, rows))] = 0.0
    return cast(Float, outline)


def _years_read(origins: Int, specs: Sequence[FeatureSpec]) -> Positions:
    """Return the years that features of some origins are read from, as columns of the panel."""
    oldest = max((years for spec in specs for years in spec.limits.values()), default=0)
    return np.unique(np.maximum(origins[:, None] - np.arange(oldest + 1), 0))


def _view_in_year(
    dataset: Dataset, stored: Stored, cities: slice, year: int, spec: FeatureSpec
) -> AsOf:
    """Return the view of some cities on what a spec reads in a year."""
    last = int(year - dataset.years[0])
    read = np.arange(max(last - max(spec.limits.values(), default=0), 0), last + 1)
    place = {name: k for k, name in enumerate(stored.ids)}
    columns = np.array([place[name] for name in spec.needed], dtype=np.intp)
    return AsOf(
        origin=year,
        years=dataset.years[read],
        outcome=rows_of(dataset.outcome, cities)[:, read],
        indicators=stored.columns.read(columns, np.searchsorted(stored.years, read), cities),
        ids=spec.needed,
        families=tuple(stored.specs[k].family for k in columns.tolist()),
        measure=dataset.measure,
    )


def _ranked(spec: FeatureSpec, name: str) -> Ranked:
    index = next((own for own in spec.indices if own.id == name), None)
    return name, spec.shifts[name], spec.limits[name], index


def _ranked_store(
    batches: CityBatches,
    dataset: Dataset,
    stored: Stored,
    specs: Sequence[FeatureSpec],
    origins: Int,
    path: Path,
) -> _Store:
    """Rank the cities by each indicator of the specs in each year that rows are forecast from."""
    places: dict[Ranked, int] = {}
    asked = [_not_yet(spec, places) for spec in specs]
    ranks = Columns(path, len(places), len(origins), len(dataset.cities))
    for rows in batches.slices():
        for at, year in enumerate(origins.tolist()):
            for spec in asked:
                view = _view_in_year(dataset, stored, rows, year, spec)
                for name, values in zip(
                    spec.indicators, indicators_in_year(view, spec, year)[1].T, strict=True
                ):
                    ranks.write(places[_ranked(spec, name)], rows, values[:, None], at)
    _rank(ranks, replace(dataset.nation, weight=None))
    return _Store(stored, ranks, places, origins)


def _not_yet(spec: FeatureSpec, places: dict[Ranked, int]) -> FeatureSpec:
    """Return the spec on the ranks that have no place yet, and give them one."""
    columns = []
    for k, (name, form) in enumerate(spec.columns):
        if form == "rank" and _ranked(spec, name) not in places:
            places[_ranked(spec, name)] = len(places)
            columns.append(k)
    return spec.only(np.array(columns, dtype=np.intp))


def _rank(columns: Columns, nation: Nation) -> None:
    """Put ranks within the nation in the place of values, some columns at a time."""
    every, size = slice(0, columns.cities), max(1, _CELLS // max(columns.cities, 1))
    for year in range(columns.years):
        for start in range(0, columns.columns, size):
            some = np.arange(start, min(start + size, columns.columns))
            ranks = ranks_of(columns.read(some, np.array([year]), every)[:, 0], nation)
            for column, own in zip(some.tolist(), ranks.T, strict=True):
                columns.write(column, every, own[:, None], year)
