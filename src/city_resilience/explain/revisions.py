"""How far the forecasts of a model move because figures were revised after it was trained.

The same model forecasts from the same origin again, on a later panel cut at that origin. Whatever
differs from what it forecast then comes from cells that say something else now: a city's own, and
those of others through national totals and ranks.
"""

from __future__ import annotations

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.explain.beside import forecasts_beside
from city_resilience.explain.contributions import contributions
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import build_dataset

__all__ = ["forecasts_moved"]

_ROW = ["city", "origin", "horizon"]


def forecasts_moved(
    forecaster: Forecaster, panel: Panel, forecast: pd.DataFrame, drivers: pd.DataFrame
) -> pd.DataFrame:
    """Forecast again from the model's origin on a later panel, beside what was forecast then.

    Parameters
    ----------
    forecaster : Forecaster
        The model as it was trained.
    panel : Panel
        A later one, read and audited as the model's experiment says; cut at the model's origin
        here.
    forecast : DataFrame
        What the model forecast then from the panel alone: ``city, origin, horizon, forecast``.
    drivers : DataFrame
        What that rested on, as of `contributions`.

    Returns
    -------
    DataFrame
        As of `forecasts_beside`. Cities that only one of the panels can forecast from that origin
        are left out.

    Raises
    ------
    InputError
        If the panel does not reach the model's origin or lacks an indicator of the model.
    """
    rows = _rows_at_origin(forecaster, panel)
    again = forecaster.forecast(rows)
    common = again.merge(forecast[_ROW], on=_ROW)
    return forecasts_beside(forecast, common, drivers, contributions(forecaster, rows))


def _rows_at_origin(forecaster: Forecaster, panel: Panel) -> ForecastRows:
    origin = forecaster.origin
    if origin not in panel.years:
        raise InputError(
            f"the panel has the years {panel.years[0]}-{panel.years[-1]}, and the model stands on "
            f"{origin}; bring a panel with that year"
        )
    cut = panel.truncate(origin)
    dataset = build_dataset(cut, forecaster.experiment, forecaster.composite)
    return ForecastRows.of(dataset, origin)
