"""The leading drivers of many rows as arrays, and as the texts beside their forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float
from city_resilience.explain.contributions import Explanation, early_id, explanations
from city_resilience.explain.forecast_table import LEAST_SHOWN
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows, Moved
from city_resilience.progress import silent
from city_resilience.workers import spread

__all__ = ["PART", "Leading", "leading_drivers"]

PART = 4096
"""Rows that are explained together; `tree_values` explains them as it does all rows at once."""


@dataclass(frozen=True)
class Leading:
    """The leading drivers of the rows of a horizon that may be named; see `shown_drivers`.

    Attributes
    ----------
    names : tuple of str
        Indicators, releases among them.
    which : ndarray of int16, shape (rows, drivers)
        Position of each among the names, the largest first; -1 where a row has fewer.
    contribution : ndarray, shape (rows, drivers)
        In the unit of the measure.
    """

    names: tuple[str, ...]
    which: NDArray[np.int16]
    contribution: Float

    @classmethod
    def of(cls, own: Explanation, moved: Mapping[str, Float], most: int, rows: int) -> Leading:
        """Return those of an explanation and of what early releases add to it, shape (rows,)."""
        sums = {**own.sums, **{early_id(name): by for name, by in moved.items()}}
        names = tuple(sorted(sums))
        by_row = np.column_stack([np.broadcast_to(sums[name], rows) for name in names])
        size = np.abs(by_row)
        for k, name in enumerate(names):
            if name in own.read:
                size[np.isnan(own.read[name][0]), k] = 0.0
        first = np.argsort(-size, axis=1, kind="stable")[:, :most]
        shown = np.take_along_axis(size, first, axis=1) >= LEAST_SHOWN
        which = np.where(shown, first, -1).astype(np.int16)
        return cls(names, which, np.take_along_axis(by_row, first, axis=1))

    def texts(self, labels: Mapping[str, str], part: slice) -> dict[str, list[str]]:
        """Return columns ``driver_1`` and so on of some rows, as `add_drivers` writes them."""
        named = [f"{labels.get(name, name)}: " for name in self.names]
        columns = {}
        for k in range(self.which.shape[1]):
            places, values = (own[part, k].tolist() for own in (self.which, self.contribution))
            columns[f"driver_{k + 1}"] = [
                f"{named[at]}{value:+.2f}" if at >= 0 else ""
                for at, value in zip(places, values, strict=True)
            ]
        return columns


def leading_drivers(
    forecaster: Forecaster, rows: ForecastRows, moved: Moved, most: int
) -> dict[int, Leading]:
    """Explain all rows, part after part, and return the leading drivers of each by horizon.

    Parameters
    ----------
    moved : mapping
        Of `Forecaster.early_moves`.
    most : int
        Drivers of a row and horizon.
    """
    found: dict[int, Leading] = {}
    shape = (len(rows.cities), most)

    def take(made: tuple[slice, dict[int, Leading]]) -> None:
        part, leading = made
        for horizon, some in leading.items():
            if horizon not in found:
                which, by = np.full(shape, -1, dtype=np.int16), np.zeros(shape)
                found[horizon] = Leading(some.names, which, by)
            found[horizon].which[part, : some.which.shape[1]] = some.which
            found[horizon].contribution[part, : some.which.shape[1]] = some.contribution

    calls = [partial(_leading, part, _part_of(moved, part), most) for part in rows.parts(PART)]
    spread(calls, (forecaster, rows), "", silent, take, at_once=False)
    return found


def _part_of(moved: Moved, part: slice) -> Moved:
    return {horizon: {name: by[part] for name, by in own.items()} for horizon, own in moved.items()}


def _leading(
    part: slice, moved: Moved, most: int, forecaster: Forecaster, rows: ForecastRows
) -> tuple[slice, dict[int, Leading]]:
    """Explain a part of the rows."""
    own = rows.part(part)
    return part, {
        horizon: Leading.of(explained, moved.get(horizon, {}), most, len(own.cities))
        for horizon, explained in explanations(forecaster, own).items()
    }
