"""Two models on identical rows: their errors and their coverage, by year."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from city_resilience.errors import InputError
from city_resilience.models.intervals import REFERENCE

__all__ = ["PAIR_COLUMNS", "Paired", "pair_backtests"]

KEYS = ["city", "origin", "horizon"]
PAIR_COLUMNS = ("horizon", "origin", "challenger", "champion", "rows", "inside", "inside_champion")
TRUTH_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Paired:
    """The backtests of two models beside each other.

    Attributes
    ----------
    pairs : DataFrame
        ``PAIR_COLUMNS``: the mean absolute errors (pp) of both models at each horizon and origin on
        the same rows, and the share of outcomes inside the interval of each, NaN where one has
        none. Empty where too few rows are common or outcomes differ.
    common, rows, different : int
        Scored rows that both models have, those of the larger of both, and common rows whose
        outcomes differ.
    """

    pairs: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(PAIR_COLUMNS)))
    common: int = 0
    rows: int = 0
    different: int = 0

    @property
    def common_share(self) -> float:
        """Scored rows that both models have, relative to the larger of both."""
        return self.common / self.rows if self.rows else 0.0

    @property
    def first_horizon(self) -> pd.DataFrame:
        """The pairs that decide."""
        return self.pairs[self.pairs["horizon"] == self.pairs["horizon"].min()]

    @property
    def challenger_mae(self) -> float:
        """Mean over the years of the first horizon, pp; NaN when nothing was compared."""
        return float(self.first_horizon["challenger"].mean())

    @property
    def champion_mae(self) -> float:
        """As `challenger_mae`."""
        return float(self.first_horizon["champion"].mean())

    @property
    def difference(self) -> float:
        """Challenger minus champion, pp."""
        return self.challenger_mae - self.champion_mae

    @property
    def gain(self) -> float:
        """Share of the champion's error by which the challenger's is lower."""
        return -self.difference / self.champion_mae if self.champion_mae else 0.0

    @property
    def years(self) -> int:
        """Number of years that decide."""
        return len(self.first_horizon)

    @property
    def won(self) -> int:
        """Years in which the challenger's error is lower."""
        first = self.first_horizon
        return int((first["challenger"] < first["champion"]).sum())

    @property
    def coverage(self) -> tuple[float, float]:
        """Share of outcomes inside the intervals of challenger and champion, first horizon."""
        first = self.first_horizon
        return float(first["inside"].mean()), float(first["inside_champion"].mean())

    @property
    def coverage_lost(self) -> float:
        """How much further below its level the challenger's coverage is; NaN without intervals."""
        own, other = self.coverage
        return max(REFERENCE - own, 0.0) - max(REFERENCE - other, 0.0)


def pair_backtests(challenger: pd.DataFrame, champion: pd.DataFrame, least: float) -> Paired:
    """Lay the backtests of two models beside each other, at the origins and horizons of both.

    Parameters
    ----------
    challenger, champion : DataFrame
        Backtest frames of one model each: city, origin, horizon, truth, forecast, and bounds where
        there are any. Rows without a truth or a forecast do not count.
    least : float
        Share of the rows that both must have.

    Raises
    ------
    InputError
        If a frame holds a city, origin and horizon twice.
    """
    left, right = _scored(challenger, "challenger"), _scored(champion, "champion")
    left, right = _common_origins(left, right), _common_origins(right, left)
    both = left.merge(right, on=KEYS, suffixes=("", "_champion"))
    found = Paired(common=len(both), rows=max(len(left), len(right)))
    if found.common_share < least:
        return found
    differ = int(((both["truth"] - both["truth_champion"]).abs() > TRUTH_TOLERANCE).sum())
    return replace(found, different=differ) if differ else replace(found, pairs=_pairs(both))


def _common_origins(rows: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Keep the origins and horizons that the other backtest scored as well."""
    keys = ["origin", "horizon"]
    return rows.merge(other[keys].drop_duplicates(), on=keys)


def _scored(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    rows = frame[[*KEYS, "truth", "forecast"]].dropna()
    twice = rows.duplicated(KEYS)
    if twice.any():
        city, origin, horizon = rows.loc[twice, KEYS].iloc[0]
        raise InputError(
            f"backtest of the {name}: {city} {origin}, horizon {horizon}, is there twice; "
            "select the rows of one model"
        )
    return rows.assign(inside=_inside(frame.loc[rows.index]))


def _inside(rows: pd.DataFrame) -> pd.Series:
    """Say of each row whether the outcome is inside its interval, NaN where it has none."""
    if not {"lower", "upper"} <= set(rows.columns):
        return pd.Series(np.nan, index=rows.index)
    inside = rows["truth"].between(rows["lower"], rows["upper"]).astype(np.float64)
    return inside.where(rows["upper"].notna())


def _pairs(both: pd.DataFrame) -> pd.DataFrame:
    errors = both.assign(
        challenger=(both["forecast"] - both["truth"]).abs(),
        champion=(both["forecast_champion"] - both["truth"]).abs(),
        rows=1,
    )
    means = ("challenger", "champion", "inside", "inside_champion")
    yearly = errors.groupby(["horizon", "origin"], as_index=False)
    return yearly.agg({**dict.fromkeys(means, "mean"), "rows": "sum"})[list(PAIR_COLUMNS)]
