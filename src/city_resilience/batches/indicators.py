"""Indicators of a panel in batches of cities, written to disk, with the bits of one frame."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Positions
from city_resilience.batches.cities import CityBatches
from city_resilience.batches.columns import Columns, RowFile
from city_resilience.batches.source import Source
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.family import FAMILIES
from city_resilience.indicators.compute import (
    NO_LAGS,
    IndicatorValues,
    asked_indicators,
    no_value_of,
)
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.indicators.formulas.nation import SUM, Nation
from city_resilience.indicators.formulas.together import asked_by
from city_resilience.indicators.indicator import Indicator
from city_resilience.indicators.outcome import OutcomeSeries
from city_resilience.memory import Rows, rows_of
from city_resilience.reading.panel import Grid, Panel
from city_resilience.tasks.outcome import (
    COMPOSITE,
    check_measure,
    composite_level,
    past_of,
    with_outcome,
)

__all__ = ["Stored", "WholePanel"]

_PEOPLE = "population"  # weighs an outcome per head unless another column is declared


@dataclass(frozen=True)
class Stored:
    """Indicators on disk.

    Attributes
    ----------
    specs : tuple of Indicator
        Those that the panel offers.
    columns : Columns
        Their values, in the same order.
    years : ndarray of int
        Columns of the panel's years that are stored.
    absent : mapping of str to str
        Id of each other indicator to the reason.
    """

    specs: tuple[Indicator, ...]
    columns: Columns
    years: Positions
    absent: Mapping[str, str]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the indicators."""
        return tuple(spec.id for spec in self.specs)


class WholePanel:
    """A panel in batches of cities, its outcome, and what an experiment makes of it.

    Parameters
    ----------
    batches : CityBatches
    experiment : Experiment
    folder : Path
        An empty folder, where what concerns all cities is kept; it must stay for as long as
        results are read.
    composite : FittedComposite, optional
        Of a stored model whose outcome is a composite.

    Attributes
    ----------
    level : ndarray, shape (cities, years)
        The outcome as a positive series, on disk.
    nation : Nation
        How the cities make up the nation, or each its own.
    composite : FittedComposite or None
    """

    def __init__(
        self,
        batches: CityBatches,
        experiment: Experiment,
        folder: Path,
        composite: FittedComposite | None = None,
    ) -> None:
        check_measure(experiment.outcome)
        self.batches, self.experiment, self.folder = batches, experiment, folder
        self._numbers = count()
        panel = Panel(pd.DataFrame(), batches.variables, headers=batches.headers)
        self._outcome = panel.resolved(experiment.outcome)
        self._source = Source(batches, self._read, folder / "panel")
        (folder / "panel").mkdir()
        self._series = self._read_outcome()
        self.level, self.nation, self.composite = self._series.level, self._series.nation, composite
        if experiment.outcome.measure == COMPOSITE:
            self.level, self.composite = self._composite_level()
            self.nation = SUM.within(batches.grid.nation)

    def asked(self, families: Collection[str], exclude: Sequence[str] = ()) -> list[Indicator]:
        """Return the indicators that may be computed."""
        return asked_indicators(
            {*self.batches.grid.values, self._series.id},
            self._series,
            self._variables,
            publication_lag=self.experiment.features.publication_lag,
            families=families,
            exclude=exclude,
        )

    def indicators(self) -> IndicatorValues:
        """Compute the indicators that a dataset of one frame has, on disk.

        The values of an indicator and year lie in one piece.
        """
        features, years = self.experiment.features, np.arange(len(self.batches.grid.years))
        stored = self.store(self.asked(features.families, features.exclude), years)
        return IndicatorValues(stored.specs, stored.columns.mapped(), stored.absent)

    def store(self, specs: Sequence[Indicator], years: Positions) -> Stored:
        """Compute indicators and keep some of the years."""
        features = self.experiment.features
        own = {s.id for s in specs if s.family == "history" and self.composite is not None}
        of_past = [spec for spec in specs if spec.id in own]
        rest = [spec for spec in specs if spec.id not in own]
        writer = _Writer(self.new("indicators"), specs, years, self.batches.grid)
        absent = self._source.compute(
            rest, self._series.id, features.publication_lag, features.exclude, writer.take
        )
        if of_past:
            absent |= self._past.compute(of_past, COMPOSITE, NO_LAGS, features.exclude, writer.take)
        return writer.stored(absent)

    def _read(self, rows: Rows, names: Collection[str]) -> tuple[Grid, OutcomeSeries]:
        outcome, known = self._outcome, self.batches.grid.values
        own = {outcome.variable, outcome.deflator, outcome.weight, _PEOPLE, *names}
        grid = self.batches.read(rows, [name for name in known if name in own])
        with asked_by("", "@series"):
            grid, self._variables, series = with_outcome(
                grid,
                self.batches.variables,
                outcome,
                self.batches.source,
                self.experiment.features.publication_lag,
            )
        return grid, series

    def _read_outcome(self) -> OutcomeSeries:
        level, weight = self._new_file("outcome"), self._new_file("weight")
        found: list[OutcomeSeries] = []

        def take(rows: Rows, series: OutcomeSeries) -> None:
            level.put(rows, series.level)
            if series.nation.weight is not None:
                weight.put(rows, series.nation.weight)
            found[:] = [series]

        self._source.each(take)
        (last,) = found
        weights = None if last.nation.weight is None else weight.whole()
        nation = Nation(last.nation.way, weights).within(self.batches.grid.nation)
        return replace(last, level=level.whole(), nation=nation)

    def _composite_level(self) -> tuple[Float, FittedComposite]:
        settings, evaluation = self.experiment.outcome.composite, self.experiment.evaluation
        assert settings is not None  # a composite has them
        first = evaluation.first_origin - evaluation.warmup_origins
        specs = [spec for spec in self.asked(FAMILIES) if spec.id in settings.components]
        years = np.arange(len(self.batches.grid.years))
        writer = _Writer(self.new("components"), specs, years, self.batches.grid)
        stored = writer.stored(
            self._source.compute(specs, self._series.id, NO_LAGS, (), writer.take)
        )
        whole = IndicatorValues(stored.specs, stored.columns.mapped(), stored.absent)
        years, frozen = self.batches.grid.years, self.composite
        level = self._new_file("level")
        if frozen is None:
            found, frozen = composite_level(whole, years, settings, first)
            level.put(slice(0, len(found)), found)
        else:
            for rows in self.batches.slices():
                part = replace(whole, values=np.asarray(whole.values[rows]))
                level.put(rows, composite_level(part, years, settings, first, frozen)[0])
        return level.whole(), frozen

    @cached_property
    def _past(self) -> Source:
        """The past of a composite, in place of that of a variable."""
        (self.folder / "past").mkdir()

        def read(rows: Rows, names: Collection[str]) -> tuple[Grid, OutcomeSeries]:
            del names
            grid = self.batches.read(rows, ())
            values = past_of(rows_of(self.level, rows))
            past = replace(grid, values={COMPOSITE: values})
            return past, OutcomeSeries(COMPOSITE, values, output=values)

        return Source(self.batches, read, self.folder / "past")

    def _new_file(self, name: str) -> RowFile:
        return RowFile(self.new(name), self.batches.grid.shape)

    def new(self, name: str) -> Path:
        """Return a path in the folder that nothing has yet."""
        return self.folder / f"{name}_{next(self._numbers)}"


class _Writer:
    """Writes indicators of batches as they come."""

    def __init__(
        self, path: Path, specs: Sequence[Indicator], years: Positions, grid: Grid
    ) -> None:
        self._specs, self._years = specs, years
        self._place = {spec.id: k for k, spec in enumerate(specs)}
        self._columns = Columns(path, len(specs), len(years), len(grid.cities))
        self._seen: set[str] = set()

    def take(self, spec: Indicator, rows: Rows, values: Float) -> None:
        if spec.id not in self._seen and np.isfinite(values).any():
            self._seen.add(spec.id)
        self._columns.write(self._place[spec.id], rows, values[:, self._years])

    def stored(self, absent: dict[str, str]) -> Stored:
        empty = [s for s in self._specs if s.id not in absent and s.id not in self._seen]
        absent |= {spec.id: no_value_of(spec) for spec in empty}
        kept = np.flatnonzero([spec.id not in absent for spec in self._specs])
        specs = tuple(self._specs[k] for k in kept.tolist())
        return Stored(specs, self._columns.only(kept), self._years, absent)
