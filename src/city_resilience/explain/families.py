"""What each family is worth to a forecast, beside the sum of its indicators' contributions.

The sum shares an effect of indicators from three or more families by how many indicators each
brings; the Shapley value of the family, all of its columns joining at once, does not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.explain.contributions import BASE_FAMILY
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows

__all__ = ["FAMILY_COLUMNS", "family_table", "sampled"]

FAMILY_COLUMNS = ("city", "origin", "horizon", "family", "sum", "shapley", "difference")
MOST_ROWS = 500
SEED = 0


def sampled(rows: ForecastRows, most: int = MOST_ROWS, seed: int = SEED) -> ForecastRows:
    """Return rows drawn without replacement, in their order; all of them if they are no more."""
    if len(rows.cities) <= most:
        return rows
    drawn = np.random.default_rng(seed).choice(len(rows.cities), most, replace=False)
    drawn.sort()
    return ForecastRows(rows.dataset, rows.origin, rows.cities[drawn], rows.origins[drawn])


def family_table(forecaster: Forecaster, rows: ForecastRows, drivers: pd.DataFrame) -> pd.DataFrame:
    """Return the Shapley value of each family in the forecast of every row, beside its sum.

    Parameters
    ----------
    drivers : DataFrame
        Of `contributions`, of these rows or more.

    Returns
    -------
    DataFrame
        ``FAMILY_COLUMNS``, values in pp. ``sum`` is that of the contributions of the family's
        indicators, ``shapley`` the family's value as one player, exact over all coalitions of the
        families (`player_values`), and ``difference`` the first less the second. Either adds up
        to the forecast; the base value stands as the family ``base``.
    """
    keys = ["city", "origin", "horizon", "family"]
    sums = drivers.groupby(keys, sort=False, observed=True)["contribution"].sum()
    worth = _worth(forecaster, rows)
    sums = sums.reindex(pd.MultiIndex.from_frame(worth[keys])).to_numpy()
    table = worth.assign(sum=sums, difference=sums - worth["shapley"].to_numpy())
    return table[list(FAMILY_COLUMNS)]


def _worth(forecaster: Forecaster, rows: ForecastRows) -> pd.DataFrame:
    """Return the Shapley values of families, horizon after horizon, each on top of the other."""
    family = {spec.id: spec.family for spec in rows.dataset.specs}
    found: dict[int, dict[str, Float]] = {0: {}}
    for horizon in sorted(forecaster.horizons):
        model, before = forecaster.horizons[horizon], found[forecaster.before(horizon)]
        owners = [family[name] for name, _ in model.spec.columns]
        names, values, base = model.by_family(rows.features(model.spec), owners)
        added = dict(zip(names, values.T, strict=True))
        added[BASE_FAMILY] = np.full(len(rows.cities), base)
        zero = np.zeros(len(rows.cities))
        every = dict.fromkeys([*before, *added])
        found[horizon] = {n: before.get(n, zero) + added.get(n, zero) for n in every}
    del found[0]
    return pd.concat([_laid_out(rows, *one) for one in found.items()], ignore_index=True)


def _laid_out(rows: ForecastRows, horizon: int, values: dict[str, Float]) -> pd.DataFrame:
    names = [*(name for name in values if name != BASE_FAMILY), BASE_FAMILY]
    return pd.DataFrame(
        {
            "city": np.repeat(rows.names, len(names)),
            "origin": np.repeat(rows.origins, len(names)),
            "horizon": horizon,
            "family": np.tile(names, len(rows.cities)),
            "shapley": np.column_stack([values[name] for name in names]).ravel(),
        }
    )
