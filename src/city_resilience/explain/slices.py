"""Drivers by group of cities: how large each family's contributions are, and which way they go.

A statistic of a group is one entry in `STATISTICS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from city_resilience.explain.contributions import BASE, family_sums

__all__ = ["GROUP_COLUMNS", "STATISTICS", "drivers_by_group"]

STATISTICS: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "mean_abs": lambda contributions: contributions.abs().mean(),
    "mean": lambda contributions: contributions.mean(),
}
"""Column -> function of the contributions of a group (one row a city, one column a family, pp)."""

GROUP_COLUMNS = ("group", "level", "n", "horizon", "family", *STATISTICS, "withheld")


def drivers_by_group(
    drivers: pd.DataFrame, groups: Mapping[str, Mapping[str, str]], min_group: int = 10
) -> pd.DataFrame:
    """Average the contributions by family within groups of cities.

    Parameters
    ----------
    drivers : DataFrame
        See `contributions`.
    groups : mapping of str to mapping of str to str
        Slice name to the level of each city; "" = not known, then the city is left out.
    min_group : int
        Fewest cities a group needs; the figures of a smaller one are withheld.

    Returns
    -------
    DataFrame
        ``GROUP_COLUMNS``: one row per group, level, horizon and family. ``n`` is the number of
        cities with a forecast, the ``STATISTICS`` are of the family's contribution in a city
        (pp, summed over its indicators; 0 in a city that has a value of none of them). They are
        NaN where ``withheld`` says why; it is empty otherwise.
    """
    sums = family_sums(drivers[drivers["indicator"] != BASE])
    wide = sums.pivot_table(
        index=["horizon", "city"], columns="family", values="contribution", aggfunc="sum"
    ).fillna(0.0)
    parts = [
        _one_level(part, (name, str(level), int(horizon)), min_group)
        for name, levels in groups.items()
        for (horizon, level), part in _by_level(wide, levels)
    ]
    if not parts:
        return pd.DataFrame(columns=list(GROUP_COLUMNS))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["group", "level", "horizon", "family"], ignore_index=True)


def _by_level(wide: pd.DataFrame, levels: Mapping[str, str]) -> pd.api.typing.DataFrameGroupBy:
    level = wide.index.get_level_values("city").map(levels).to_series(index=wide.index)
    known = level.notna() & (level != "")
    horizon = wide.index.get_level_values("horizon").to_series(index=wide.index)
    return wide[known].groupby([horizon[known], level[known]])


def _one_level(part: pd.DataFrame, key: tuple[str, str, int], min_group: int) -> pd.DataFrame:
    name, level, horizon = key
    few = len(part) < min_group
    return pd.DataFrame(
        {
            "group": name,
            "level": level,
            "n": len(part),
            "horizon": horizon,
            "family": part.columns.astype(str),
            **{
                name: np.nan if few else of_group(part).to_numpy()
                for name, of_group in STATISTICS.items()
            },
            "withheld": f"fewer than {min_group} cities" if few else "",
        },
        columns=list(GROUP_COLUMNS),
    )
