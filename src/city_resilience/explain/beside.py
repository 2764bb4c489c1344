"""Two models beside each other: how steady and how alike drivers are, which forecasts moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from city_resilience.explain.contributions import BASE, mean_sizes
from city_resilience.models.rows import FORECASTING

__all__ = [
    "MOVE_COLUMNS",
    "DriversBeside",
    "forecasts_beside",
    "pair_drivers",
    "sizes_beside",
]

MOVE_COLUMNS = (
    *("city", "horizon", "origin", "before", "after", "move"),
    *("indicator", "value_before", "value", "change"),
)
TOP = 10
"""Drivers of a model that are looked for among those of the other."""
LEAST = 3
"""Drivers that a rank correlation takes."""


@dataclass(frozen=True)
class DriversBeside:
    """How alike the sizes of drivers are, at the shortest horizon and the origins of both models.

    Attributes
    ----------
    challenger, champion : float
        Rank correlation of a model's sizes from one scored origin to the next, mean over the pairs
        of origins.
    between : float
        Rank correlation between the two models, mean over the origins.
    shared : int
        How many of the ten largest drivers of the one are among the ten largest of the other.
    """

    challenger: float
    champion: float
    between: float
    shared: int


def pair_drivers(challenger: pd.DataFrame, champion: pd.DataFrame) -> DriversBeside | None:
    """Compare the sizes of the drivers of two models; None where one has too few to rank.

    Parameters
    ----------
    challenger, champion : DataFrame
        Of each: ``view, city, origin, horizon, indicator, contribution`` at scored origins, as
        `held_out_drivers` gives them. Only the forecasting view counts.
    """
    left, right = _sizes(challenger), _sizes(champion)
    common = sorted(set(left.columns) & set(right.columns))
    if not common or min(len(left), len(right)) < LEAST:
        return None
    left, right = left[common], right[common]
    names = left.index.union(right.index)
    own, other = (table.reindex(names).fillna(0.0) for table in (left, right))
    largest = [set(table.mean(axis=1).nlargest(TOP).index) for table in (left, right)]
    return DriversBeside(
        _steady(left),
        _steady(right),
        _mean(own[year].corr(other[year], method="spearman") for year in common),
        len(largest[0] & largest[1]),
    )


def _sizes(drivers: pd.DataFrame) -> pd.DataFrame:
    """Return the mean |contribution| over the cities, shape (indicators, origins)."""
    rows = drivers[(drivers["view"] == FORECASTING) & (drivers["indicator"] != BASE)]
    rows = rows[rows["horizon"] == rows["horizon"].min()]
    size = rows.assign(size=rows["contribution"].abs())
    sums = size.pivot_table(
        index="indicator", columns="origin", values="size", aggfunc="sum", observed=True
    )
    return (sums / rows.groupby("origin")["city"].nunique()).fillna(0.0)


def _steady(sizes: pd.DataFrame) -> float:
    """Return the mean rank correlation of the sizes of neighbouring origins."""
    return _mean(
        sizes[before].corr(sizes[after], method="spearman")
        for before, after in pairwise(sizes.columns)
    )


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def forecasts_beside(
    before: pd.DataFrame,
    after: pd.DataFrame,
    drivers_before: pd.DataFrame,
    drivers_after: pd.DataFrame,
) -> pd.DataFrame:
    """Lay the forecasts of two models beside each other, each with what moved it most.

    Parameters
    ----------
    before, after : DataFrame
        As of ``forecast_table``: ``city, origin, horizon, forecast``.
    drivers_before, drivers_after : DataFrame
        As of `contributions`.

    Returns
    -------
    DataFrame
        ``MOVE_COLUMNS``, the largest move first: ``move`` is ``after`` less ``before``, ``change``
        by how much the contribution of ``indicator`` moved, the largest move the same way;
        ``value_before, value`` are what the models read of it. An indicator that a model lacks
        contributes nothing to it.
    """
    keys = ["city", "horizon"]
    left = before[[*keys, "forecast"]].rename(columns={"forecast": "before"})
    right = after[[*keys, "origin", "forecast"]].rename(columns={"forecast": "after"})
    moved = left.merge(right, on=keys)
    moved["move"] = moved["after"] - moved["before"]
    columns = [*keys, "indicator", "value", "contribution"]
    both = drivers_before[columns].merge(
        drivers_after[columns], how="outer", on=[*keys, "indicator"], suffixes=("_before", "")
    )
    both = both[both["indicator"] != BASE].merge(moved[[*keys, "move"]], on=keys)
    both["change"] = both["contribution"].fillna(0) - both["contribution_before"].fillna(0)
    toward = both.assign(toward=both["change"] * np.sign(both["move"]))
    lead = toward.loc[toward.groupby(keys)["toward"].idxmax()]
    moved = moved.merge(lead[[*keys, "indicator", "value_before", "value", "change"]], on=keys)
    order = moved["move"].abs().sort_values(ascending=False, kind="stable").index
    return moved.loc[order, list(MOVE_COLUMNS)].reset_index(drop=True)


def sizes_beside(before: pd.DataFrame, after: pd.DataFrame, by: str = "family") -> pd.DataFrame:
    """Lay the sizes of drivers of two models beside each other, at their shortest horizon.

    Returns
    -------
    DataFrame
        ``by, before, after, change``, the largest of the later model first; 0 where a model lacks
        it.
    """
    shortest = max(int(before["horizon"].min()), int(after["horizon"].min()))
    left, right = (mean_sizes(table[table["horizon"] == shortest], by) for table in (before, after))
    both = pd.DataFrame({"before": left, "after": right}).fillna(0.0)
    both = both.assign(change=both["after"] - both["before"]).rename_axis(by)
    return both.sort_values("after", ascending=False, kind="stable").reset_index()
