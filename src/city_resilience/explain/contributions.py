"""What a forecast rests on: SHAP contributions per city, by indicator and by family.

The columns of one indicator (its value or deviation, its rank, its age) are summed, so an
indicator has one number in percentage points. Contributions and base value add up to the
forecast. They are associated with the forecast; they say nothing about causes. As a horizon's
forecast is the sum over the horizons up to it, so are its contributions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.models.forecaster import Forecaster, HorizonModel
from city_resilience.models.nowcast import EARLY_FAMILY
from city_resilience.models.rows import ForecastRows, Moved
from city_resilience.reading.early import EarlyRelease

__all__ = [
    "BASE",
    "BASE_FAMILY",
    "NOT_OBSERVED",
    "Explanation",
    "contributions",
    "early_id",
    "early_labels",
    "explanations",
    "family_sums",
    "leading",
    "mean_sizes",
    "with_early",
]


BASE, BASE_FAMILY = "(base)", "base"
NOT_OBSERVED = "(not observed)"
_VINTAGES_ZH = {"first": "首次公布版", "revised": "修订版"}


def contributions(forecaster: Forecaster, rows: ForecastRows) -> pd.DataFrame:
    """Explain the forecast of every row.

    Returns
    -------
    DataFrame
        ``city, origin, horizon, indicator, family, value, age, contribution``: one row per city,
        horizon and indicator that a model up to the horizon
        uses, and one named ``(base)``. ``value`` is the indicator as the model read it (its unit),
        ``age`` how many years old it is (0 = of the origin, or the newest year that its
        publication lag lets it read; NaN = no value), ``contribution`` is in the unit of the
        measure. The contributions of a city and horizon add up to its forecast within 1e-5 pp.
    """
    found = explanations(forecaster, rows)
    return pd.concat([own.table(h, rows) for h, own in found.items()], ignore_index=True)


def explanations(forecaster: Forecaster, rows: ForecastRows) -> dict[int, Explanation]:
    """Return by horizon what the forecasts of all rows are made of."""
    found = {0: Explanation({}, {}, 0.0)}
    for horizon in sorted(forecaster.horizons):
        added = _explained(forecaster.horizons[horizon], rows)
        found[horizon] = found[forecaster.before(horizon)].plus(added)
    return {horizon: found[horizon] for horizon in sorted(forecaster.horizons)}


def early_id(release: str) -> str:
    """Return the name under which a release stands among the indicators."""
    return f"early:{release}"


def early_labels(releases: Iterable[EarlyRelease], lang: str = "en") -> dict[str, str]:
    """Return the name of each release among the indicators, with its vintage."""
    if lang == "zh":
        return {
            early_id(
                own.name
            ): f"{own.label_zh or own.label_en or own.name}（{_VINTAGES_ZH[own.vintage]}）"
            for own in releases
        }
    return {
        early_id(own.name): f"{own.label_en or own.name} ({own.vintage} vintage)"
        for own in releases
    }


def with_early(drivers: pd.DataFrame, rows: ForecastRows, moved: Moved) -> pd.DataFrame:
    """Put what early releases add beside the contributions to a forecast; they explain the nowcast.

    Parameters
    ----------
    drivers : DataFrame
        Of `contributions`.
    moved : mapping
        Of ``Forecaster.early_moves``.

    Returns
    -------
    DataFrame
        As of `contributions`, with an indicator ``early:RELEASE`` of the family ``early_release``;
        its value is the growth that the city's group published for the first year after the
        origin, in log points. The contributions add up to the nowcast.
    """
    views = {view.name: view for view in rows.dataset.at(rows.origin).early}
    parts = [drivers]
    for horizon, by_release in moved.items():
        for name, by in by_release.items():
            told = np.where(by != 0.0, views[name].ahead(1)[rows.cities], np.nan)
            about = {"horizon": horizon, "indicator": early_id(name), "family": EARLY_FAMILY}
            columns = {"city": rows.names, "origin": rows.origins, **about, "value": told}
            parts.append(pd.DataFrame({**columns, "age": 0.0, "contribution": by}))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class Explanation:
    """What the forecasts of some rows are made of.

    Attributes
    ----------
    read : mapping of str to (ndarray, ndarray), shape (rows,)
        Value and age of each indicator.
    sums : mapping of str to ndarray, shape (rows,)
        What each indicator contributes.
    base : float
    """

    read: Mapping[str, tuple[Float, Float]]
    sums: Mapping[str, Float]
    base: float

    @classmethod
    def of(
        cls, names: tuple[str, ...], values: Float, ages: Float, sums: Float, base: float
    ) -> Explanation:
        """Return that of values, ages and contributions of shape (rows, indicators)."""
        read = {name: (values[:, k], ages[:, k]) for k, name in enumerate(names)}
        return cls(read, dict(zip(names, sums.T, strict=True)), base)

    def plus(self, longer: Explanation) -> Explanation:
        """Return the explanation of the sum; values and ages are those that were read last."""
        read = {**longer.read, **{k: v for k, v in self.read.items() if k not in longer.read}}
        zero = np.zeros(1)
        sums = {name: self.sums.get(name, zero) + longer.sums.get(name, zero) for name in read}
        return Explanation(read, sums, self.base + longer.base)

    def table(self, horizon: int, rows: ForecastRows) -> pd.DataFrame:
        """Lay it out as `contributions`, one row per city and indicator, and one of the base."""
        family = {spec.id: spec.family for spec in rows.dataset.specs}
        base, nothing = np.full(len(rows.cities), self.base), np.full(len(rows.cities), np.nan)
        return pd.DataFrame(
            {
                "city": np.repeat(rows.names, len(self.read) + 1),
                "origin": np.repeat(rows.origins, len(self.read) + 1),
                "horizon": horizon,
                "indicator": np.tile([*self.read, BASE], len(base)),
                "family": np.tile([*(family[k] for k in self.read), BASE_FAMILY], len(base)),
                "value": np.column_stack([*(v for v, _ in self.read.values()), nothing]).ravel(),
                "age": np.column_stack([*(a for _, a in self.read.values()), nothing]).ravel(),
                "contribution": np.column_stack([*self.sums.values(), base]).ravel(),
            }
        )


def _explained(model: HorizonModel, rows: ForecastRows) -> Explanation:
    """Explain what one horizon adds: the columns of an indicator summed."""
    _, by_indicator, base = model.by_indicator(rows.features(model.spec))
    names, values, ages = rows.indicators(model.spec)
    return Explanation.of(names, values, ages, by_indicator, base)


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
    known = (drivers["indicator"] == BASE) | (drivers["family"] == EARLY_FAMILY)
    family = drivers["family"].mask(unseen & ~known, NOT_OBSERVED)
    return drivers.assign(family=family)


def leading(drivers: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the drivers with the largest absolute contributions of each city and horizon.

    Returns
    -------
    DataFrame
        As of `contributions` and ``place`` (1 = largest), base rows left out.
    """
    rows = drivers[drivers["indicator"] != BASE]
    order = rows.assign(size=rows["contribution"].abs()).sort_values(
        ["horizon", "city", "size", "indicator"], ascending=[True, True, False, True]
    )
    order["place"] = order.groupby(["horizon", "city"]).cumcount() + 1
    return order[order["place"] <= most].drop(columns="size").reset_index(drop=True)
