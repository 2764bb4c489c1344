"""Intervals and probabilities of the forecasts of all rows, laid out for any part of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float
from city_resilience.models.artefacts import break_stretch
from city_resilience.models.intervals import (
    WORST,
    Calibration,
    city_scale,
    half_widths,
    interval_columns,
)
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.breaks import newest_breaks

__all__ = ["Bands", "OneBand"]


@dataclass(frozen=True)
class OneBand:
    """What the intervals of a horizon stand on.

    Attributes
    ----------
    calibration : Calibration
        Its stretch is that of each row, or None.
    worst : float
        Limit of the worst tenth of the rows that are ranked.
    """

    calibration: Calibration
    worst: float

    def of(self, part: slice) -> Calibration:
        """Return the calibration of some of the rows."""
        stretch = self.calibration.stretch
        return self.calibration if stretch is None else self.calibration.stretched(stretch[part])


@dataclass(frozen=True)
class Bands:
    """Intervals and probabilities of the forecasts of all rows.

    Attributes
    ----------
    rows : ForecastRows
    scale : ndarray, shape (rows,)
        Of the city of each row, see `city_scale`.
    by_horizon : mapping of int to OneBand
        In the order of the horizons; one without a calibration is not there.
    """

    rows: ForecastRows
    scale: Float
    by_horizon: Mapping[int, OneBand]

    @classmethod
    def of(
        cls,
        rows: ForecastRows,
        forecasts: Mapping[int, Float],
        calibrations: Mapping[int, Calibration | None],
    ) -> Bands:
        """Return those of forecasts by horizon, shape (rows,)."""
        if not any(calibrations.values()):
            return cls(rows, np.ones(len(rows.cities)), {})
        view = rows.dataset.at(rows.origin)
        every, breaks = city_scale(view), newest_breaks(view)
        scale, found = every[rows.cities], {}
        for horizon in sorted(forecasts):
            calibration = calibrations.get(horizon)
            if calibration is None:
                continue
            if breaks.found.any():
                placed = np.full(len(every), np.nan)
                placed[rows.cities] = forecasts[horizon]
                stretch = break_stretch(calibration, placed, every, breaks)
                calibration = calibration.stretched(stretch[rows.cities])
            ranked = np.where(rows.stale, np.nan, forecasts[horizon])
            found[horizon] = OneBand(calibration, calibration.worst_limit(ranked, scale))
        return cls(rows, scale, found)

    def columns(
        self, horizon: int, forecast: Float, coverage: float, part: slice
    ) -> dict[str, Float]:
        """Return bounds, their coverage and the probability of each event of some rows.

        An interval is never narrower than that of a shorter horizon. ``forecast`` is that of
        these rows; empty for a horizon without a calibration.
        """
        if horizon not in self.by_horizon:
            return {}
        one, scale, halves = self.by_horizon[horizon], self.scale[part], dict[str, Float]()
        for shorter in (own for own in self.by_horizon if own <= horizon):
            before = halves
            halves = half_widths(self.by_horizon[shorter].of(part), scale, coverage)
            for name, half in halves.items():
                least = before.get(name, np.zeros(len(scale)))
                known = np.isfinite(half) | (shorter == horizon)
                halves[name] = np.where(known, np.maximum(half, least), least)
        found = interval_columns(one.of(part), forecast, scale, halves, one.worst)
        found[WORST] = np.where(self.rows.stale[part], np.nan, found[WORST])
        return found | {"coverage": np.where(np.isnan(found["upper"]), np.nan, coverage)}
