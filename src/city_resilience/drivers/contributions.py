"""What a forecast leans on: SHAP contributions per city, by indicator and by family.

The columns of one indicator (its value or deviation, its rank, its age) are summed, so an
indicator has one number in percentage points. Contributions and base value add up to the
forecast. They are associated with the forecast; they say nothing about causes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.forecasting import Forecaster, HorizonModel, ServedRows
from city_resilience.panel import Panel

__all__ = ["BASE", "DRIVER_COLUMNS", "contributions", "family_sums", "leading"]

Float = NDArray[np.float64]

DRIVER_COLUMNS = (
    "city",
    "origin",
    "horizon",
    "indicator",
    "family",
    "value",
    "age",
    "contribution",
)
BASE = "(base)"
NOT_OBSERVED = "(not observed)"


def contributions(
    forecaster: Forecaster, panel: Panel, rows: ServedRows | None = None
) -> pd.DataFrame:
    """Explain the forecast of every city.

    Parameters
    ----------
    forecaster : Forecaster
        The served model.
    panel : Panel
        The panel that was forecast.
    rows : ServedRows, optional
        The rows, when they have been found already.

    Returns
    -------
    DataFrame
        ``DRIVER_COLUMNS``: one row per city, horizon and indicator that the model uses, and one
        named ``(base)``. ``value`` is the indicator as the model read it (its unit), ``age`` how
        many years old it is (0 = of the origin, or the newest year that its publication lag lets
        it read; NaN = no value), ``contribution`` is in pp. The contributions of a city and
        horizon add up to its forecast within 1e-5 pp.
    """
    rows = rows or forecaster.served_rows(panel)
    parts = [_one_horizon(model, rows) for model in forecaster.horizons.values()]
    return pd.concat(parts, ignore_index=True)


def _one_horizon(model: HorizonModel, rows: ServedRows) -> pd.DataFrame:
    features = rows.features(model.spec)
    values, base = model.contributions(features)
    names, shown = rows.indicators(model.spec)
    family = {spec.id: spec.family for spec in rows.facts.specs}
    owner = np.array([names.index(name) for name, _ in model.spec.columns], dtype=np.intp)
    summed = np.zeros((len(values), len(names)))
    np.add.at(summed.T, owner, values.T)
    cities = np.array(rows.facts.cities, dtype=object)[rows.cities]
    width = len(names) + 1
    bases = np.full((len(cities), 1), base)
    nothing = np.full_like(bases, np.nan)
    return pd.DataFrame(
        {
            "city": np.repeat(cities, width),
            "origin": np.repeat(rows.origins, width),
            "horizon": model.horizon,
            "indicator": np.tile([*names, BASE], len(cities)),
            "family": np.tile([*(family[name] for name in names), "base"], len(cities)),
            "value": np.hstack([shown, nothing]).ravel(),
            "age": np.hstack([rows.ages(model.spec), nothing]).ravel(),
            "contribution": np.hstack([summed, bases]).ravel(),
        }
    )


def family_sums(drivers: pd.DataFrame) -> pd.DataFrame:
    """Sum contributions by family.

    An indicator without a value for a city is no driver of its forecast; what the model gives
    for its absence is summed under ``(not observed)``.

    Returns
    -------
    DataFrame
        Columns city, origin, horizon, family, contribution (pp).
    """
    unseen = drivers["value"].isna() & (drivers["indicator"] != BASE)
    named = drivers.assign(family=drivers["family"].mask(unseen, NOT_OBSERVED))
    keys = ["city", "origin", "horizon", "family"]
    return named.groupby(keys, sort=False)["contribution"].sum().reset_index()


def leading(drivers: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the drivers with the largest absolute contributions of each city and horizon.

    Returns
    -------
    DataFrame
        ``DRIVER_COLUMNS`` and ``place`` (1 = largest), base rows left out.
    """
    rows = drivers[drivers["indicator"] != BASE]
    order = rows.assign(size=rows["contribution"].abs()).sort_values(
        ["horizon", "city", "size", "indicator"], ascending=[True, True, False, True]
    )
    order["place"] = order.groupby(["horizon", "city"]).cumcount() + 1
    return order[order["place"] <= most].drop(columns="size").reset_index(drop=True)
