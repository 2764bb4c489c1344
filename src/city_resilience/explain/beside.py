"""How steady the drivers of two models are and how alike, by ranks of their sizes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from city_resilience.explain.contributions import BASE
from city_resilience.models.rows import FORECASTING

__all__ = ["DriversBeside", "pair_drivers"]

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
