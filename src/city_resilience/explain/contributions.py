"""What a forecast leans on: SHAP contributions per city, by indicator and by family.

The columns of one indicator (its value or deviation, its rank, its age) are summed, so an
indicator has one number in percentage points. Contributions and base value add up to the
forecast. They are associated with the forecast; they say nothing about causes. As a horizon's
forecast is the sum over the horizons up to it, so are its contributions.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.models.forecaster import Forecaster, ForecastRows, HorizonModel
from city_resilience.reading.panel import Panel

__all__ = [
    "BASE",
    "BASE_FAMILY",
    "DRIVER_COLUMNS",
    "NOT_OBSERVED",
    "contributions",
    "family_sums",
    "leading",
    "mean_sizes",
]

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
BASE, BASE_FAMILY = "(base)", "base"
NOT_OBSERVED = "(not observed)"


def contributions(
    forecaster: Forecaster, panel: Panel, rows: ForecastRows | None = None
) -> pd.DataFrame:
    """Explain the forecast of every city.

    Parameters
    ----------
    forecaster : Forecaster
        The served model.
    panel : Panel
        The panel that was forecast.
    rows : ForecastRows, optional
        The rows, when they have been found already.

    Returns
    -------
    DataFrame
        ``DRIVER_COLUMNS``: one row per city, horizon and indicator that a model up to the horizon
        uses, and one named ``(base)``. ``value`` is the indicator as the model read it (its unit),
        ``age`` how many years old it is (0 = of the origin, or the newest year that its
        publication lag lets it read; NaN = no value), ``contribution`` is in the unit of the
        measure. The contributions of a city and horizon add up to its forecast within 1e-5 pp.
    """
    rows = rows or forecaster.rows(panel)
    parts, found = [], {0: _Explained.nothing(len(rows.cities))}
    for horizon in sorted(forecaster.horizons):
        added = _Explained.of(forecaster.horizons[horizon], rows)
        found[horizon] = found[forecaster.before(horizon)].plus(added)
        parts.append(found[horizon].table(horizon, rows))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class _Explained:
    """Contributions of indicators to the forecasts of some rows.

    Attributes
    ----------
    names : tuple of str
        Indicators.
    values, ages, sums : ndarray, shape (rows, indicators)
        What was read, its age, and what it contributes.
    base : float
    """

    names: tuple[str, ...]
    values: Float
    ages: Float
    sums: Float
    base: float

    @classmethod
    def nothing(cls, rows: int) -> _Explained:
        """Explain a forecast of zero."""
        empty = np.empty((rows, 0))
        return cls((), empty, empty, empty, 0.0)

    @classmethod
    def of(cls, model: HorizonModel, rows: ForecastRows) -> _Explained:
        """Explain what one horizon adds."""
        by_column, base = model.contributions(rows.features(model.spec))
        names, values, ages = rows.indicators(model.spec)
        owner = np.array([names.index(name) for name, _ in model.spec.columns], dtype=np.intp)
        sums = np.zeros((len(by_column), len(names)))
        np.add.at(sums.T, owner, by_column.T)
        return cls(names, values, ages, sums, base)

    def plus(self, longer: _Explained) -> _Explained:
        """Return the explanation of the sum; values and ages are those that were read last."""
        names = tuple(dict.fromkeys((*longer.names, *self.names)))
        size = (len(self.sums), len(names))
        values, ages, sums = np.full(size, np.nan), np.full(size, np.nan), np.zeros(size)
        for part in (self, longer):
            place = [names.index(name) for name in part.names]
            values[:, place], ages[:, place] = part.values, part.ages
            sums[:, place] += part.sums
        return _Explained(names, values, ages, sums, self.base + longer.base)

    def table(self, horizon: int, rows: ForecastRows) -> pd.DataFrame:
        """Lay it out as ``DRIVER_COLUMNS``, one row per city and indicator, and one of the base."""
        family = {spec.id: spec.family for spec in rows.dataset.specs}
        cities = np.array(rows.dataset.cities, dtype=object)[rows.cities]
        width = len(self.names) + 1
        bases = np.full((len(cities), 1), self.base)
        nothing = np.full_like(bases, np.nan)
        return pd.DataFrame(
            {
                "city": np.repeat(cities, width),
                "origin": np.repeat(rows.origins, width),
                "horizon": horizon,
                "indicator": np.tile([*self.names, BASE], len(cities)),
                "family": np.tile(
                    [*(family[name] for name in self.names), BASE_FAMILY], len(cities)
                ),
                "value": np.hstack([self.values, nothing]).ravel(),
                "age": np.hstack([self.ages, nothing]).ravel(),
                "contribution": np.hstack([self.sums, bases]).ravel(),
            }
        )


def family_sums(drivers: pd.DataFrame, observed: Collection[str] | None = None) -> pd.DataFrame:
    """Sum contributions by family.

    An indicator without a value for a city is no driver of its forecast; what the model gives
    for its absence is summed under ``(not observed)``.

    Parameters
    ----------
    drivers : DataFrame
        See `contributions`.
    observed : collection of str, optional
        The families that may be named; the others are summed under ``(not observed)`` too.

    Returns
    -------
    DataFrame
        Columns city, origin, horizon, family, contribution (pp); the base is the family ``base``.
    """
    keys = ["city", "origin", "horizon", "family"]
    named = _named(drivers, observed)
    return named.groupby(keys, sort=False)["contribution"].sum().reset_index()


def mean_sizes(
    drivers: pd.DataFrame, by: str = "family", observed: Collection[str] | None = None
) -> pd.Series:
    """Return mean absolute contributions over the cities of one horizon, largest first.

    Parameters
    ----------
    drivers : DataFrame
        See `contributions`; rows of one horizon.
    by : str
        ``family``, whose indicators are summed before the absolute value, or ``indicator``.
    observed : collection of str, optional
        As for `family_sums`.

    Returns
    -------
    Series
        Family or indicator to pp, a city without a value counting as 0; the base and what is not
        observed are left out.
    """
    named = _named(drivers, observed)
    named = named[~named["family"].isin((BASE_FAMILY, NOT_OBSERVED))]
    sums = named.groupby(["city", by])["contribution"].sum().abs().groupby(by).sum()
    return (sums / max(drivers["city"].nunique(), 1)).sort_values(ascending=False, kind="stable")


def _named(drivers: pd.DataFrame, observed: Collection[str] | None) -> pd.DataFrame:
    """Put contributions that no indicator may be named for under ``(not observed)``."""
    unseen = drivers["value"].isna()
    if observed is not None:
        unseen |= ~drivers["family"].isin(set(observed))
    family = drivers["family"].mask(unseen & (drivers["indicator"] != BASE), NOT_OBSERVED)
    return drivers.assign(family=family)


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
