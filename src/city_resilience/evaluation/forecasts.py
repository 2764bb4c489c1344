"""Forecasts: one long frame, a row for each model, city, origin and horizon, beside its truth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.models.rows import FORECAST
from city_resilience.tasks.dataset import Dataset

__all__ = ["BACKTEST_COLUMNS", "forecast_frame"]

BACKTEST_COLUMNS = (
    *("model", "city", "origin", "horizon", "target_year"),
    *("truth", "forecast", "lower", "upper", "information"),
)


def forecast_frame(
    dataset: Dataset,
    horizon: int,
    forecasts: Mapping[str, Mapping[int, Float]],
    information: str = FORECAST,
) -> pd.DataFrame:
    """Lay out the forecasts of a horizon beside what came to pass.

    Parameters
    ----------
    forecasts : mapping of str to mapping of int to ndarray, shape (cities,)
        Model → origin → forecast; NaN for a city that was not asked.
    information : str
        What they know: ``forecast``, the panel alone, or ``nowcast``, early releases as well.

    Returns
    -------
    DataFrame
        ``BACKTEST_COLUMNS``, in the unit of the measure: rows with a truth and a forecast, the
        bounds empty.
    """
    cities = np.array(dataset.cities, dtype=object)
    parts = []
    for model, by_origin in forecasts.items():
        for origin, values in by_origin.items():
            truth = dataset.truth(origin, horizon)
            known = np.isfinite(truth) & np.isfinite(values)
            rows = {"city": cities[known], "truth": truth[known], "forecast": values[known]}
            parts.append(pd.DataFrame({"model": model, "origin": origin, **rows}))
    if not parts:
        return pd.DataFrame(columns=list(BACKTEST_COLUMNS))
    frame = pd.concat(parts, ignore_index=True).assign(horizon=horizon, lower=np.nan, upper=np.nan)
    frame["information"] = information
    frame["target_year"] = frame["origin"] + horizon
    return frame[list(BACKTEST_COLUMNS)]
