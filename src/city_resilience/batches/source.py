"""What a batch of cities holds: its variables and its outcome, and the indicators of both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from city_resilience.arrays import Float
from city_resilience.batches.cities import CityBatches
from city_resilience.batches.passes import Passes
from city_resilience.indicators.compute import Computer, missing_inputs
from city_resilience.indicators.formulas.nation import SUM
from city_resilience.indicators.formulas.together import Pending
from city_resilience.indicators.indicator import OUTPUT, POINTS, Indicator
from city_resilience.indicators.inputs import variables_behind
from city_resilience.indicators.outcome import OutcomeSeries
from city_resilience.memory import Rows
from city_resilience.reading.panel import Grid

__all__ = ["Emit", "Read", "Source"]

Read = Callable[[Rows, Collection[str]], tuple[Grid, OutcomeSeries]]
"""Reads some variables of the cities of a batch, and their outcome."""
Emit = Callable[[Indicator, Rows, Float], None]
"""Takes an indicator of the cities of a batch, shape (cities, years)."""


class Source:
    """Batches of cities, and what was noticed in passing over them.

    Parameters
    ----------
    batches : CityBatches
    read : callable
        What a batch holds; it may ask about all cities.
    folder : Path
        Where columns of all cities are kept.
    """

    def __init__(self, batches: CityBatches, read: Read, folder: Path) -> None:
        self._batches, self._read = batches, read
        self._passes = Passes(batches, folder)
        self._present: set[str] = set()

    def each(self, take: Callable[[Rows, OutcomeSeries], None]) -> None:
        """Give the outcome of each batch, without any variable beside."""

        def work(rows: Rows, pending: list[str]) -> set[str]:
            try:
                grid, series = self._read(rows, ())
            except Pending:
                return set(pending)
            self._notice(grid, series)
            take(rows, series)
            return set()

        self._passes.until_done(["outcome"], work)

    def compute(
        self,
        specs: Sequence[Indicator],
        outcome: str,
        lags: Mapping[str, int],
        exclude: Collection[str],
        emit: Emit,
    ) -> dict[str, str]:
        """Compute indicators of every batch, shifted by their publication lags.

        An indicator of a batch may come more than once; the last time counts.

        Returns
        -------
        dict of str to str
            The indicators that the panel cannot have, with the reason; they may have come as well.
        """
        absent = self._missing(
            specs, outcome, exclude, {*self._present, *self._batches.grid.values}
        )
        specs = [spec for spec in specs if spec.id not in absent]
        table = {spec.id: spec for spec in specs}

        def work(rows: Rows, pending: list[str]) -> set[str]:
            names = {name for id in pending for name in variables_behind(table[id])}
            try:
                grid, series = self._read(rows, names)
            except Pending:
                return set(pending)
            self._notice(grid, series)
            computer, waiting = Computer(grid, series), set()
            for id in pending:
                try:
                    values = computer.values(table[id], lags)
                except Pending:
                    waiting.add(id)
                else:
                    emit(table[id], rows, values)
            return waiting

        self._passes.until_done(table, work)
        return absent | self._missing(specs, outcome, exclude, self._present)

    def _missing(
        self,
        specs: Sequence[Indicator],
        outcome: str,
        exclude: Collection[str],
        present: Collection[str],
    ) -> dict[str, str]:
        """Return which indicators cannot be where only some variables have a value."""
        some, none = np.ones((1, 1)), np.full((1, 1), np.nan)
        grid = self._batches.grid
        one = Grid(
            ("",),
            grid.years[:1],
            {name: some if name in present else none for name in (*grid.values, outcome)},
            grid.province,
            grid.coordinates,
        )
        output, points = (some if name in present else None for name in (OUTPUT, POINTS))
        series = OutcomeSeries(outcome, one.values[outcome], SUM, output, points)
        return missing_inputs(specs, one, series, exclude)

    def _notice(self, grid: Grid, series: OutcomeSeries) -> None:
        """Notice what has a value at all."""
        arrays = {**grid.values, OUTPUT: series.output, POINTS: series.points}
        for name, values in arrays.items():
            if values is not None and name not in self._present and np.isfinite(values).any():
                self._present.add(name)
