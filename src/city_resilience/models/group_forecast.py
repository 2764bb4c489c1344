"""The forecast of each group of a panel, with bands for its total."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.models.artefacts import break_stretch
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.intervals import REFERENCE, city_positions, city_scale
from city_resilience.models.joint import Grouping, band_draws, group_bands, joint_parts
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.breaks import newest_breaks

__all__ = ["GROUP_COLUMNS", "forecast_groups"]

GROUP_COLUMNS: Mapping[str, str] = {
    "group": "str",
    "level": "str",
    "cities": "int64",
    "origin": "int64",
    "horizon": "int64",
    "target_year": "int64",
    "forecast": "float64",
    "lower": "float64",
    "upper": "float64",
    "coverage": "float64",
}


def forecast_groups(
    forecaster: Forecaster, rows: ForecastRows, table: pd.DataFrame, coverage: float = REFERENCE
) -> pd.DataFrame:
    """Forecast the total of each group of cities, to first order.

    Parameters
    ----------
    table : DataFrame
        Of ``Forecaster.forecast`` for all rows.

    Returns
    -------
    DataFrame
        ``GROUP_COLUMNS``, by horizon, group and level: the mean of the cities' forecasts, each by
        its weight in the nation; stale cities do not count. A band is never narrower than that of
        a shorter horizon, and empty for a model without intervals.
    """
    parts = [
        bands.assign(horizon=horizon, group=name)
        for horizon, part in table.groupby("horizon", sort=True)
        for name, bands in _bands(forecaster, rows, int(horizon), part, coverage)
    ]
    if not parts:
        return pd.DataFrame(columns=list(GROUP_COLUMNS)).astype(dict(GROUP_COLUMNS))
    table = pd.concat(parts, ignore_index=True).assign(origin=rows.origin)
    half = table.groupby(["group", "level"])["half"].cummax()
    table = table.assign(
        target_year=rows.origin + table["horizon"],
        lower=table["forecast"] - half,
        upper=table["forecast"] + half,
        coverage=np.where(half.notna(), coverage, np.nan),
    )
    return table[list(GROUP_COLUMNS)].astype(dict(GROUP_COLUMNS))


def _bands(
    forecaster: Forecaster, rows: ForecastRows, horizon: int, part: pd.DataFrame, coverage: float
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each group of the panel, and the forecasts of its levels with half their bands."""
    view = rows.dataset.at(rows.origin)
    forecast, scale = np.full(len(rows.dataset.cities), np.nan), city_scale(view)
    forecast[rows.cities] = np.where(rows.stale, np.nan, part["forecast"].to_numpy())
    position = city_positions(forecaster.cities, rows.dataset.cities)
    calibration = forecaster.horizons[horizon].calibration
    if calibration is not None:
        stretch = break_stretch(calibration, forecast, scale, newest_breaks(view))
        calibration = calibration.numbered(position).stretched(stretch)
    for name, levels in rows.dataset.groups.items():
        grouping = Grouping.of(levels, view)
        samples: Iterable[Float] = ()
        if calibration is not None:
            samples = joint_parts(
                calibration, forecast, scale, grouping, draws=band_draws(len(forecast))
            )
        yield name, group_bands(samples, forecast, grouping, coverage)
