"""Intervals after a level break: a forecast carries on part of what the break put into the past."""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float
from city_resilience.models.intervals import Calibration
from city_resilience.tasks.breaks import NewestBreaks

__all__ = ["break_stretch"]


def break_stretch(
    calibration: Calibration, forecast: Float, scale: Float, breaks: NewestBreaks
) -> Float:
    """Return the factor by which each city's interval is wider after breaks at the origin.

    Half the width grows by the artefact in the city's last known label times the part of such a
    label that the forecasts carry on: the slope of the forecasts on it over the cities without a
    break. Other cities have an artefact too when the nation jumps with the restated ones.

    Parameters
    ----------
    calibration : Calibration
        As it stood at the origin.
    forecast, scale : ndarray, shape (cities,)
        Of all cities of the breaks' view; NaN for one that is not forecast.

    Returns
    -------
    ndarray, shape (cities,)
        1 or more, and 1 for all where no level jumps into the year of the origin.
    """
    factor = np.ones(len(forecast))
    if not breaks.found.any():
        return factor
    half = calibration.half_width(scale)
    longer = _carried(forecast, breaks) * breaks.artefact / half
    return np.asarray(factor + np.where(np.isfinite(longer), longer, 0.0))


def _carried(forecast: Float, breaks: NewestBreaks) -> float:
    """Slope of the forecasts on the last known label, over cities without a break; 0 or more.

    Sums of products by numpy, which no number of threads changes.
    """
    last = breaks.last
    smooth = np.isfinite(forecast) & np.isfinite(last) & ~breaks.found
    away = last[smooth] - last[smooth].mean() if smooth.any() else np.empty(0)
    spread = float((away * away).sum())
    if spread == 0.0:
        return 1.0
    return float(max((away * forecast[smooth]).sum() / spread, 0.0))
