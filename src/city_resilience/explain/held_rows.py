"""Rows of held-out drivers, laid out for one indicator: value, contribution and partial residual.

The partial residual of an indicator is the miss of the forecast plus the contributions of its whole
family: what the truth leaves to it once the other families have had their part. The family's part
is taken whole since correlated indicators share it between them by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Positions
from city_resilience.explain.contributions import BASE, BASE_FAMILY
from city_resilience.explain.resampling import RowClusters

__all__ = ["HeldOut", "OneIndicator"]

ROW = ["city", "origin"]


@dataclass(frozen=True)
class OneIndicator:
    """What is known of one indicator, rows without a value left out.

    Attributes
    ----------
    values, contributions, residuals : ndarray, shape (n,)
        Its value, its contribution and its partial residual (NaN without a truth), pp.
    years : ndarray of int, shape (n,)
        Origins.
    cities : ndarray of str, shape (n,)
    clusters : RowClusters
    rows : ndarray of int, shape (n,)
        Positions among all rows.
    """

    name: str
    family: str
    values: Float
    contributions: Float
    residuals: Float
    years: Int
    cities: NDArray[np.object_]
    clusters: RowClusters
    rows: Positions

    def only(self, kept: Positions) -> OneIndicator:
        """Return some of its rows."""
        return replace(
            self,
            values=self.values[kept],
            contributions=self.contributions[kept],
            residuals=self.residuals[kept],
            years=self.years[kept],
            cities=self.cities[kept],
            clusters=self.clusters.rows(kept),
            rows=self.rows[kept],
        )


@dataclass(frozen=True)
class HeldOut:
    """The held-out drivers of one view and horizon, and what came to pass.

    Attributes
    ----------
    drivers : DataFrame
        ``city, origin, indicator, family, value, contribution``, base rows included.
    truth : DataFrame
        ``city, origin, truth`` of the same horizon.
    provinces : mapping of str to str
        Province of each city.
    horizon : int
    """

    drivers: pd.DataFrame
    truth: pd.DataFrame
    provinces: Mapping[str, str]
    horizon: int = 1

    @cached_property
    def index(self) -> pd.MultiIndex:
        """City and origin of the rows, sorted."""
        return self.by_family.index

    @cached_property
    def by_family(self) -> pd.DataFrame:
        """Contributions by row and family, the base among them."""
        keys = [*ROW, "family"]
        sums = self.drivers.groupby(keys, observed=True)["contribution"].sum().reset_index()
        table = sums.pivot_table(index=ROW, columns="family", values="contribution", fill_value=0.0)
        return pd.DataFrame(table.sort_index())

    @cached_property
    def families(self) -> tuple[str, ...]:
        """Families other than the base."""
        return tuple(str(name) for name in self.by_family.columns if name != BASE_FAMILY)

    @cached_property
    def forecast(self) -> Float:
        """The forecast of each row: the sum of its contributions."""
        return np.asarray(self.by_family.sum(axis=1), dtype=np.float64)

    @cached_property
    def miss(self) -> Float:
        """Truth less forecast, NaN where the truth is not known."""
        truth = self.truth.drop_duplicates(ROW).set_index(ROW)["truth"].reindex(self.index)
        return np.asarray(truth.to_numpy(dtype=np.float64) - self.forecast)

    @cached_property
    def clusters(self) -> RowClusters:
        """What each row is drawn with."""
        return RowClusters.by(self.index.to_frame(index=False), self.provinces, self.horizon)

    @cached_property
    def cities(self) -> NDArray[np.object_]:
        """City of each row."""
        return np.array(self.index.get_level_values("city"), dtype=object)

    @cached_property
    def years(self) -> Int:
        """Origin of each row."""
        return np.array(self.index.get_level_values("origin"), dtype=np.int64)

    def residuals(self, families: Sequence[str]) -> Float:
        """Return the miss plus the contributions of some families."""
        return np.asarray(self.miss + self.by_family[list(families)].sum(axis=1).to_numpy())

    def leading(self, most: int) -> list[str]:
        """Return the indicators with the largest mean absolute contributions."""
        rows = self.drivers[self.drivers["indicator"] != BASE]
        size = rows["contribution"].abs().groupby(rows["indicator"], observed=True).mean()
        return [str(k) for k in size.sort_values(ascending=False, kind="stable").index[:most]]

    def one(self, name: str) -> OneIndicator:
        """Return the rows of an indicator."""
        if name not in self._made:
            self._made[name] = self._one(name)
        return self._made[name]

    @cached_property
    def _made(self) -> dict[str, OneIndicator]:
        return {}

    def _one(self, name: str) -> OneIndicator:
        values, contributions = self.wide
        column = values.columns.get_loc(name)
        read, by = (np.asarray(own.iloc[:, column]) for own in (values, contributions))
        family = self.family_of[name]
        kept = np.flatnonzero(np.isfinite(read) & np.isfinite(by))
        return OneIndicator(
            name,
            family,
            read[kept],
            by[kept],
            self.residuals([family])[kept],
            self.years[kept],
            self.cities[kept],
            self.clusters.rows(kept),
            kept,
        )

    @cached_property
    def family_of(self) -> dict[str, str]:
        """The family of each indicator."""
        own = self.drivers.drop_duplicates("indicator")
        return dict(zip(own["indicator"].astype(str), own["family"].astype(str), strict=True))

    @cached_property
    def wide(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Values and contributions, one column an indicator, in the order of `index`."""
        wide = self.drivers.pivot_table(
            index=ROW,
            columns="indicator",
            values=["value", "contribution"],
            aggfunc="first",
            observed=True,
            dropna=False,
        ).reindex(self.index)
        return wide["value"], wide["contribution"]
