"""Bounds and probabilities of the forecasts of one origin and horizon, laid out as rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.models.intervals import REFERENCE, Calibration

__all__ = [
    "BELOW_TWO",
    "BELOW_ZERO",
    "EVENTS",
    "INNER",
    "INTERVAL_ROWS",
    "WORST",
    "half_widths",
    "interval_columns",
    "interval_rows",
]

Float = NDArray[np.float64]

INNER = 0.8
BELOW_ZERO, BELOW_TWO, WORST = "p_below_0", "p_below_minus_2", "p_worst_tenth"
EVENTS = (BELOW_ZERO, BELOW_TWO, WORST)
INTERVAL_ROWS = (
    *("city", "origin", "horizon", "truth", "forecast", "lower", "upper"),
    *("lower_80", "upper_80", "plain_lower", "plain_upper", *EVENTS, "crps"),
)


def half_widths(
    calibration: Calibration, scale: Float, coverage: float = REFERENCE
) -> dict[str, Float]:
    """Return half the widths of the interval and of the 80 % one, by the ending of its bounds."""
    return {
        "": calibration.half_width(scale, coverage),
        "_80": calibration.half_width(scale, INNER),
    }


def interval_columns(
    calibration: Calibration,
    forecast: Float,
    scale: Float,
    halves: Mapping[str, Float],
    ranked: Float | None = None,
) -> dict[str, Float]:
    """Return the bounds by their half widths, and the probability of each event.

    ``ranked`` are the forecasts among which the worst are told, NaN = not among them.
    """
    found = {
        f"{side}{ending}": forecast + sign * half
        for ending, half in halves.items()
        for side, sign in (("lower", -1), ("upper", 1))
    }
    return found | {
        BELOW_ZERO: calibration.probability_below(forecast, scale, 0.0),
        BELOW_TWO: calibration.probability_below(forecast, scale, -2.0),
        WORST: calibration.probability_worst(forecast if ranked is None else ranked, scale),
    }


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
    plain = calibration.plain_half_width()
    found = interval_columns(calibration, forecast, scale, half_widths(calibration, scale))
    found |= {"plain_lower": forecast - plain, "plain_upper": forecast + plain}
    return pd.DataFrame({"forecast": forecast, **found})[list(INTERVAL_ROWS[4:-1])]
