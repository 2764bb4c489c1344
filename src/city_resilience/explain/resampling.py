"""Draw rows anew by clusters of cities and blocks of years, to say how sure a figure is.

Misses go together within a province and year, and a city's values last for years: rows are no
independent draws. Provinces (cities, where there are none) and blocks of origins are drawn with
replacement and independently; a row counts as often as its cluster times as often as its block
(Owen 2007, "The pigeonhole bootstrap"), which is never too sure of a mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask, Positions
from city_resilience.evaluation.conditional import q_values
from city_resilience.evaluation.refits import LEAST_PROVINCES, block_length

__all__ = [
    "FEWEST_CLUSTERS",
    "LEVEL",
    "RowClusters",
    "bounds",
    "p_from_draws",
    "stratified_weights",
    "with_q_values",
]

FEWEST_CLUSTERS = 8
"""Fewest provinces, or else cities, that rows are drawn by."""
LEVEL = 0.95


@dataclass(frozen=True)
class RowClusters:
    """The cluster and the origin of each row.

    Attributes
    ----------
    of, years : ndarray of int, shape (n,)
        Position of the cluster and of the origin of a row, each counted from 0.
    block : int
        Origins that are drawn together.
    """

    of: Int
    years: Int
    block: int = 1

    @classmethod
    def by(cls, rows: pd.DataFrame, provinces: Mapping[str, str], horizon: int = 1) -> RowClusters:
        """Place rows with ``city`` and ``origin``; a city without a province is its own cluster.

        Where fewer than 5 provinces are known, cities are the clusters; see `clusters_of`.
        """
        city = rows["city"].astype(str)
        province = city.map(lambda own: provinces.get(own, ""))
        if len(set(province) - {""}) < LEAST_PROVINCES:
            province = province.map(lambda _: "")
        own = np.where(province == "", "city " + city, province)
        origins, place = np.unique(rows["origin"], return_inverse=True)
        block = block_length(len(origins), horizon) if len(origins) else 1
        return cls(np.unique(own, return_inverse=True)[1], place, block)

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return int(np.unique(self.of).size)

    def rows(self, kept: Positions | Mask) -> RowClusters:
        """Return the clusters of some rows."""
        return RowClusters(self.of[kept], self.years[kept], self.block)

    def weights(self, draws: int, seed: int = 0) -> Float:
        """Return how often each row counts in each draw, shape (draws, n)."""
        rng = np.random.default_rng(seed)
        return _times(rng, self.of, draws, 1) * _times(rng, self.years, draws, self.block)


def _times(rng: np.random.Generator, of: Int, draws: int, length: int) -> Float:
    """How often each row's number is drawn, in blocks of neighbours that close to a ring."""
    count = int(of.max(initial=0)) + 1
    starts = rng.integers(count, size=(draws, -(-count // length)))
    drawn = (starts[:, :, None] + np.arange(length)).reshape(draws, -1)[:, :count] % count
    times = np.zeros((draws, count))
    np.add.at(times, (np.arange(draws)[:, None], drawn), 1.0)
    return times[:, of]


def stratified_weights(strata: Int, draws: int, seed: int = 0) -> Float:
    """Return how often each cluster counts in each draw, shape (draws, clusters).

    Clusters are drawn with replacement within their stratum, so that every draw has as many of
    each: two sides of a comparison that share no province keep their sizes. The clusters of a
    stratum of one are drawn with those of the largest.

    Parameters
    ----------
    strata : ndarray of int, shape (clusters,)
        0 for a cluster that does not count.
    """
    rng, weights = np.random.default_rng(seed), np.zeros((draws, len(strata)))
    names, sizes = np.unique(strata[strata > 0], return_counts=True)
    alone = np.isin(strata, names[sizes == 1])
    merged = np.where(alone, names[sizes.argmax()], strata) if names.size else strata
    for name in np.unique(merged[merged > 0]):
        own = np.flatnonzero(merged == name)
        weights[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=draws)
    return weights


def bounds(draws: Float, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of draws, NaN where most of them are unknown."""
    known = draws[np.isfinite(draws)]
    if known.size < max(len(draws) / 2, 2):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def p_from_draws(estimate: float, draws: Sequence[float] | Float, clusters: int) -> float:
    """Return the two-sided p-value of a figure against zero.

    The estimate over the standard deviation of its draws, that enlarged for few clusters by
    sqrt(G / (G - 1)), against t(G - 1).

    Parameters
    ----------
    clusters : int
        G, of the smaller side of a comparison.
    """
    from scipy.stats import t

    known = np.asarray(draws, dtype=np.float64)
    known = known[np.isfinite(known)]
    if known.size < 2 or clusters < 2 or not np.isfinite(estimate):
        return float("nan")
    spread = float(known.std(ddof=1)) * np.sqrt(clusters / (clusters - 1))
    if spread <= 1e-12:
        return float("nan") if abs(estimate) <= 1e-12 else 0.0
    return float(2 * t.sf(abs(estimate) / spread, clusters - 1))


def with_q_values(table: pd.DataFrame) -> pd.DataFrame:
    """Put ``q_value`` and ``looked_at`` behind ``p_value``.

    The q-values are those of Benjamini and Hochberg over all rows with a p-value, ``looked_at`` is
    how many these are.
    """
    columns = [name for name in table.columns if name not in ("q_value", "looked_at")]
    at = columns.index("p_value") + 1
    columns[at:at] = ["q_value", "looked_at"]
    q, known = q_values(table["p_value"].to_numpy(dtype=np.float64)), table["p_value"].notna()
    return table.assign(q_value=q, looked_at=int(known.sum()))[columns]
