"""What changed since the origin before: the same model on the panel as it was a year earlier.

Both forecasts are of the model of today, so that the difference of contributions is about the
city's indicators and not about the model. The earlier one is not the forecast that was issued then:
today's model has since learnt from that year's outcome.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.explain.contributions import contributions
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows

__all__ = ["changed", "rows_before"]

KEYS = ["city", "horizon", "indicator", "family"]


def rows_before(rows: ForecastRows, years: int = 1) -> ForecastRows:
    """Return the same cities at the origins some years earlier, nothing later being visible.

    Raises
    ------
    InputError
        If the panel does not reach so far back.
    """
    first = int(rows.dataset.years[0])
    if len(rows.origins) and int(rows.origins.min()) - years < first:
        raise InputError(
            f"the panel begins in {first}, so there is no origin {years} year(s) before; "
            "give a panel with earlier years"
        )
    return replace(rows, origin=rows.origin - years, origins=rows.origins - years)


def changed(forecaster: Forecaster, rows: ForecastRows, drivers: pd.DataFrame) -> pd.DataFrame:
    """Compare contributions at the origin with those a year earlier.

    Parameters
    ----------
    forecaster : Forecaster
    rows : ForecastRows
        The rows that are explained.
    drivers : DataFrame
        As of `contributions`, of these rows.

    Returns
    -------
    DataFrame
        ``city, horizon, indicator, family, value_before, value, contribution_before,
        contribution, change``: the changes of a city and horizon add up to the change of its
        forecast within 2e-5 pp, the base being the same.
    """
    columns = [*KEYS, "value", "contribution"]
    before = contributions(forecaster, rows_before(rows))[columns]
    both = before.merge(drivers[columns], on=KEYS, suffixes=("_before", ""), validate="1:1")
    both["change"] = both["contribution"] - both["contribution_before"]
    return both[[*KEYS, "value_before", "value", "contribution_before", "contribution", "change"]]
