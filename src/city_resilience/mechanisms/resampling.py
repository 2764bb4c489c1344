"""Bootstraps of whole clusters for two-way fits, without a fit for each draw.

A city that is drawn twice has the same effect twice, so that a draw is a fit in which every row
weighs as often as its cluster was drawn. With the effects of the cities out (a weight is the same
in all years of a city), the products of outcome, variables and dummies of the years add up over
clusters: what any draw needs is a weighted sum of one small matrix a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.mechanisms.estimate import LEVEL
from city_resilience.mechanisms.refusals import LEAST_CLUSTERS
from city_resilience.mechanisms.sample import Sample

__all__ = [
    "Moments",
    "clusters_of",
    "moments_of",
    "percentiles",
    "pseudo_inverse",
    "wild_draws",
]

LEAST_WILD_DRAWS = 1999
"""Signs cost no fit, and p-values must be small enough to be corrected for dozens of tests."""
SINGULAR = 1e-10
"""Share of the largest eigenvalue below which another one counts as zero."""


def clusters_of(sample: Sample) -> tuple[str, Int]:
    """Return ``province`` or ``city``, and the number of each row's cluster, from 0 on.

    Provinces where there are `LEAST_CLUSTERS`, else cities.
    """
    many = len(np.unique(sample.province)) >= LEAST_CLUSTERS
    own = sample.province if many else sample.city
    return ("province" if many else "city"), np.unique(own, return_inverse=True)[1].astype(np.int64)


def wild_draws(asked: int) -> int:
    """Return the draws of a wild bootstrap where the settings ask for some of each bootstrap."""
    return max(asked, LEAST_WILD_DRAWS)


@dataclass(frozen=True)
class Moments:
    """Sums of products by cluster, effects of the cities out.

    Attributes
    ----------
    products : ndarray, shape (clusters, years + columns, years + columns)
        Of dummies of the years, then of the columns.
    years : int
    """

    products: Float
    years: int

    def __len__(self) -> int:
        """Return the number of clusters."""
        return len(self.products)

    def weighted(self, weights: Float) -> Float:
        """Return products of what is left of the columns without the effects of city and year.

        Parameters
        ----------
        weights : ndarray, shape (draws, clusters)
            How often each cluster was drawn.

        Returns
        -------
        ndarray, shape (draws, columns, columns)
        """
        size = self.products.shape[1]
        flat = weights @ self.products.reshape(len(self), -1)
        both = flat.reshape(-1, size, size)
        dummies, across = both[:, : self.years, : self.years], both[:, : self.years, self.years :]
        explained = across.transpose(0, 2, 1) @ pseudo_inverse(dummies) @ across
        return np.asarray(both[:, self.years :, self.years :] - explained)

    def drawn(self, draws: int, seed: int | tuple[int, ...]) -> Float:
        """Return the products of as many clusters drawn with replacement, see `weighted`.

        Shape (1 + draws, columns, columns); the first is that of the sample itself.
        """
        count = len(self)
        rng = np.random.default_rng(seed)
        weights = rng.multinomial(count, np.full(count, 1 / count), size=draws)
        return self.weighted(np.vstack([np.ones(count), weights]))


def moments_of(sample: Sample, columns: Float, clusters: Int) -> Moments:
    """Return the sums of products of columns.

    Parameters
    ----------
    sample : Sample
    columns : ndarray, shape (rows, columns)
    clusters : ndarray of int64, shape (rows,)
        Numbers from 0 on; a city lies in one cluster.
    """
    years, at = np.unique(sample.year, return_inverse=True)
    table = np.column_stack([at[:, None] == np.arange(len(years)), columns]).astype(np.float64)
    _, city, counts = np.unique(sample.city, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), table.shape[1]))
    np.add.at(sums, city, table)
    table -= (sums / counts[:, None])[city]
    products = np.stack([table[rows].T @ table[rows] for rows in _rows_of(clusters)])
    return Moments(products, len(years))


def _rows_of(clusters: Int) -> list[Int]:
    """Return the positions of the rows of each cluster."""
    order = np.argsort(clusters, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(clusters[order])) + 1)


def pseudo_inverse(matrices: Float) -> Float:
    """Return the pseudo-inverses of symmetric matrices, shape as given, (…, k, k)."""
    return np.asarray(np.linalg.pinv(matrices, rcond=SINGULAR, hermitian=True))


def percentiles(draws: Float, clusters: int) -> tuple[float, float, float]:
    """Return ``low, high, p`` of bootstrap draws.

    Parameters
    ----------
    draws : ndarray, shape (draws,)
        Without the estimate itself.
    clusters : int

    Notes
    -----
    The expanded percentile interval of Hesterberg 2015 (The American Statistician 69, section 5.3):
    quantiles at Phi(-t sqrt(G / (G - 1))), t that of Student's distribution with G - 1 degrees of
    freedom, because a bootstrap of G clusters draws too narrowly by sqrt((G - 1) / G). ``p`` is the
    level at which the interval ends at zero; with B draws it is not below that of 1 / (1 + B).
    """
    from scipy import stats

    student, wider = stats.t(clusters - 1), np.sqrt(clusters / (clusters - 1))
    tail = float(stats.norm.cdf(student.ppf((1 - LEVEL) / 2) * wider))
    low, high = np.quantile(draws, [tail, 1 - tail])
    beyond = min((draws <= 0).sum(), (draws >= 0).sum())
    share = min((1 + beyond) / (1 + len(draws)), 0.5)
    return float(low), float(high), float(2 * student.cdf(stats.norm.ppf(share) / wider))
