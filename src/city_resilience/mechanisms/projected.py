"""Fits on what is left of a sample without its effects: many at once, in products of matrices.

Leaving the effects out first changes no coefficient and no score (Frisch and Waugh). The numbers
are those of `two_way`, without the frames that it builds for each fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.mechanisms.fixed_effects import TwoWay
from city_resilience.mechanisms.sample import Sample, within

__all__ = ["Projected", "cluster_sums", "crossed", "debias", "numbered", "projected", "quick_fit"]


@dataclass(frozen=True)
class Projected:
    """A sample without effects of the city and of a time.

    Attributes
    ----------
    y : ndarray, shape (rows,)
    x : ndarray, shape (rows, variables)
    sample : Sample
        The rows as they were.
    cells : ndarray of int64, shape (rows,)
        What had effects beside the city: the year, or a group of places in a year.
    groups : int
        Number of these groups: each makes one of the effects redundant.
    """

    y: Float
    x: Float
    sample: Sample
    cells: Int
    groups: int = 1

    def without(self, values: Float) -> Float:
        """Return other values of the same rows without the effects, shape as given."""
        return within(replace(self.sample, year=self.cells), values)


def projected(sample: Sample, group: Int | None = None) -> Projected:
    """Take effects of the city and of the year out of a sample.

    Parameters
    ----------
    group : ndarray of int64, shape (rows,), optional
        Groups of whole cities, each with its own effects of the years.
    """
    cells, groups = sample.year, 1
    if group is not None:
        cells, groups = crossed(group, sample), len(np.unique(group))
    left = within(replace(sample, year=cells), np.column_stack([sample.y, sample.x]))
    return Projected(left[:, 0], left[:, 1:], sample, cells, groups)


def crossed(group: Int, sample: Sample) -> Int:
    """Return the number of each row's group in its year, shape (rows,)."""
    both = np.column_stack([group, sample.year])
    return np.unique(both, axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def numbered(key: Int) -> Int:
    """Return clusters as numbers from 0, none left out."""
    return np.unique(key, return_inverse=True)[1].astype(np.int64)


def cluster_sums(values: Float, clusters: Int) -> Float:
    """Return the sums of each cluster, shape (clusters, columns).

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
    clusters : ndarray of int64, shape (rows,)
        See `numbered`.
    """
    from scipy.sparse import csr_array

    rows = len(clusters)
    shape = (int(clusters.max()) + 1, rows)
    indicator = csr_array((np.ones(rows), (clusters, np.arange(rows))), shape=shape)
    return np.asarray(indicator @ values)


def debias(left: Projected, clusters: Int, variables: Int) -> Float:
    """Return the small-sample factor of a covariance with clusters that hold whole cities.

    Parameters
    ----------
    variables : ndarray of int64
        Their number; several numbers give several factors.

    Notes
    -----
    That of `two_way`: effects count as variables where they are not inside a cluster. NaN for a
    single cluster.
    """
    n, number = len(clusters), int(clusters.max()) + 1
    cells = len(np.unique(left.cells))
    nested = len(np.unique(np.column_stack([left.cells, clusters]), axis=0)) == cells
    free = 0 if nested else cells - left.groups
    few = number / (number - 1) if number > 1 else np.nan
    factor: Float = few * (n - 1) / (n - variables - free)
    return factor


def quick_fit(left: Projected, inference: str) -> TwoWay:
    """Return the fit of `two_way` by ``city`` or ``province``, for a sample that can be fitted."""
    clusters = numbered(left.sample.city if inference == "city" else left.sample.province)
    bread = np.linalg.inv(left.x.T @ left.x)
    coefficients = bread @ (left.x.T @ left.y)
    residuals = left.y - left.x @ coefficients
    sums = cluster_sums(left.x * residuals[:, None], clusters) @ bread
    return TwoWay(
        names=left.sample.names,
        coefficients=coefficients,
        covariance=sums.T @ sums * debias(left, clusters, np.asarray(left.x.shape[1])),
        residuals=residuals,
        clusters=int(clusters.max()) + 1,
        r2=float(1 - residuals @ residuals / (left.y @ left.y)),
        sample=left.sample,
        inference=inference,
    )
