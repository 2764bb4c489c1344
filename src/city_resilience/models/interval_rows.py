"""Bounds and probabilities of the forecasts of one origin and horizon, laid out as rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.models.intervals import Calibration

__all__ = ["BELOW_TWO", "BELOW_ZERO", "EVENTS", "INNER", "INTERVAL_ROWS", "WORST", "interval_rows"]

Float = NDArray[np.float64]

INNER = 0.8
BELOW_ZERO, BELOW_TWO, WORST = "p_below_0", "p_below_minus_2", "p_worst_tenth"
EVENTS = (BELOW_ZERO, BELOW_TWO, WORST)
INTERVAL_ROWS = (
    *("city", "origin", "horizon", "truth", "forecast", "lower", "upper"),
    *("lower_80", "upper_80", "plain_lower", "plain_upper", *EVENTS, "crps"),
)


def interval_rows(calibration: Calibration, forecast: Float, scale: Float) -> pd.DataFrame:
    """Return bounds and probabilities of the forecasts of one origin and horizon.

    Parameters
    ----------
    calibration : Calibration
        As it stood at the origin.
    forecast, scale : ndarray, shape (cities,)

    Returns
    -------
    DataFrame
        ``INTERVAL_ROWS`` from ``forecast`` on but ``crps``, one row per city.
    """
    half, inner = calibration.half_width(scale), calibration.half_width(scale, INNER)
    plain = calibration.plain_half_width()
    return pd.DataFrame(
        {
            "forecast": forecast,
            "lower": forecast - half,
            "upper": forecast + half,
            "lower_80": forecast - inner,
            "upper_80": forecast + inner,
            "plain_lower": forecast - plain,
            "plain_upper": forecast + plain,
            BELOW_ZERO: calibration.probability_below(forecast, scale, 0.0),
            BELOW_TWO: calibration.probability_below(forecast, scale, -2.0),
            WORST: calibration.probability_worst(forecast, scale),
        }
    )
