"""What is known of the forecast of a city, as tables: ranks, drivers, peers, analogues, the past.

With the panel everything is computed; from the tables that a run left, only what they hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from city_resilience.arrays import Strings
from city_resilience.explain.analogues import Analogues, analogues_of
from city_resilience.explain.changes import changed
from city_resilience.explain.peers import Peers, peers_of
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.intervals import EVENTS
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.dataset import Dataset

__all__ = [
    "CityExplanation",
    "at_horizon",
    "explain_rows",
    "of_cities",
    "rank_among",
    "summed_table",
    "with_ranks",
]

PAST = 15
INTERVAL = ("lower", "upper", "lower_80", "upper_80", "coverage", *EVENTS)


@dataclass(frozen=True)
class CityExplanation:
    """The forecast of a city and what stands around it.

    Attributes
    ----------
    city : str
    horizon : int
        What drivers, changes, peers and analogues are about.
    table : DataFrame
        Forecasts of all cities as of `with_ranks`, in the served view.
    views : mapping of str to DataFrame
        View to the drivers of the city at the horizon, see `contributions`.
    structural : DataFrame or None
        Forecasts of all cities in the structural view, as of `with_ranks`.
    groups : mapping of str to str
        Grouping to the level of the city.
    changed : DataFrame or None
        See `changes.changed`; of the city and horizon.
    peers : Peers or None
    analogues : Analogues or None
    past : DataFrame or None
        ``year, outcome``: what is known of the outcome over the horizon, by its last year.
    """

    city: str
    horizon: int
    table: pd.DataFrame
    views: Mapping[str, pd.DataFrame]
    structural: pd.DataFrame | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    changed: pd.DataFrame | None = None
    peers: Peers | None = None
    analogues: Analogues | None = None
    past: pd.DataFrame | None = None

    @property
    def forecasts(self) -> pd.DataFrame:
        """Forecasts of the city at every horizon."""
        return self.table[self.table["city"] == self.city]

    @property
    def forecast(self) -> pd.Series:
        """Forecast of the city at the horizon."""
        return self.forecasts.set_index("horizon").loc[self.horizon]

    @property
    def origin(self) -> int:
        """Newest data year of the outcome that the forecast stands on."""
        return int(self.forecast["origin"])


def with_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Add of how many cities a rank is, and the rank within the province.

    Parameters
    ----------
    table : DataFrame
        Of `Forecaster.forecast` or `nowcast`; all cities of a panel.

    Returns
    -------
    DataFrame
        With ``of``, ``province_rank`` and ``province_of``; a rank is missing where the city has
        none in its nation or its province is not known.
    """
    ranked = table["rank"].notna()
    nation = table["nation"] if "nation" in table else pd.Series("", index=table.index)
    keys = [table["horizon"], nation]
    province = table["province"].fillna("").astype(str)
    known = ranked & (province != "")
    within = table["forecast"].where(known).groupby([*keys, province])
    return table.assign(
        of=ranked.groupby(keys).transform("sum"),
        province_rank=within.rank(ascending=False, method="min").astype("Int64"),
        province_of=known.groupby([*keys, province]).transform("sum"),
    )


def summed_table(table: pd.DataFrame, drivers: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts of a view as the sums of its contributions; it has no intervals then.

    Parameters
    ----------
    table : DataFrame
        Of `with_ranks`, of the served view: its cities, origins and who is ranked.
    drivers : DataFrame
        As of `contributions`, of all cities.
    """
    sums = drivers.groupby(["city", "horizon"])["contribution"].sum()
    keys = pd.MultiIndex.from_frame(table[["city", "horizon"]])
    found = table.assign(forecast=sums.reindex(keys).to_numpy())
    unknown = [name for name in INTERVAL if name in found]
    ranked = found["forecast"].where(found["rank"].notna())
    nation = table["nation"] if "nation" in table else pd.Series("", index=table.index)
    ranks = ranked.groupby([found["horizon"], nation]).rank(ascending=False, method="min")
    return with_ranks(found.assign(**dict.fromkeys(unknown, np.nan), rank=ranks.astype("Int64")))


def rank_among(
    table: pd.DataFrame, city: str, horizon: int, others: Collection[str]
) -> tuple[int | None, int]:
    """Return the rank of a city among others and how many are ranked, itself among them."""
    at = table[(table["horizon"] == horizon) & table["rank"].notna()]
    forecasts = at.set_index("city")["forecast"]
    among = forecasts[forecasts.index.isin({city, *others})]
    if city not in among.index:
        return None, len(among)
    return int((among > among[city]).sum()) + 1, len(among)


def of_cities(rows: ForecastRows, cities: Collection[str]) -> ForecastRows:
    """Return the rows of some cities."""
    own = np.isin(rows.names.astype(np.str_), list(cities))
    return replace(rows, cities=rows.cities[own], origins=rows.origins[own])


def explain_rows(
    forecaster: Forecaster,
    rows: ForecastRows,
    cities: Sequence[str],
    horizon: int,
    tables: Mapping[str, pd.DataFrame],
    drivers: Mapping[str, pd.DataFrame],
) -> list[CityExplanation]:
    """Compute all that a panel says of some cities.

    Parameters
    ----------
    rows : ForecastRows
        All rows of the panel.
    tables : mapping of str to DataFrame
        View to its forecasts of all cities.
    drivers : mapping of str to DataFrame
        View to the contributions of at least these cities; the first view is that served.
    """
    served, *others = (with_ranks(table) for table in tables.values())
    first, oldest = next(iter(drivers.values())), forecaster.experiment.features.carry_forward
    changes = _changes(forecaster, rows, cities, first)
    spec = forecaster.horizons[horizon].spec
    return [
        CityExplanation(
            city=city,
            horizon=horizon,
            table=served,
            views={view: at_horizon(own, city, horizon) for view, own in drivers.items()},
            structural=others[0] if others else None,
            groups=_groups(rows.dataset, city),
            changed=None if changes is None else at_horizon(changes, city, horizon),
            peers=peers_of(rows, city, oldest),
            analogues=analogues_of(rows, city, spec, horizon),
            past=_past(rows, city, horizon),
        )
        for city in cities
    ]


def at_horizon(table: pd.DataFrame, city: str, horizon: int) -> pd.DataFrame:
    """Return the rows of a city at a horizon."""
    own = (table["city"] == city) & (table["horizon"] == horizon)
    return table[own].reset_index(drop=True)


def _changes(
    forecaster: Forecaster, rows: ForecastRows, cities: Sequence[str], drivers: pd.DataFrame
) -> pd.DataFrame | None:
    """Return what changed, None where the panel has no year before."""
    own = of_cities(rows, cities)
    if int(own.origins.min()) <= int(rows.dataset.years[0]):
        return None
    panel_alone = drivers[drivers["city"].isin(set(cities))]
    return changed(forecaster, own, panel_alone)


def _groups(dataset: Dataset, city: str) -> dict[str, str]:
    own = dataset.cities.index(city)
    groups: Mapping[str, Strings] = dataset.groups
    return {name: str(levels[own]) for name, levels in groups.items() if levels[own] != ""}


def _past(rows: ForecastRows, city: str, horizon: int) -> pd.DataFrame:
    own = rows.dataset.cities.index(city)
    view = rows.dataset.at(int(rows.origins[rows.cities == own][0]))
    labels = view.labels(horizon)[own]
    known = np.flatnonzero(np.isfinite(labels))[-PAST:]
    return pd.DataFrame({"year": view.years[known] + horizon, "outcome": labels[known]})
