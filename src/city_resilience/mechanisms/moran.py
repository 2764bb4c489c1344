"""Moran's I of the residuals of a panel, with a p-value by permutation.

I = (rows / sum of w_ij) (sum of w_ij e_it e_jt) / (sum of e_it^2), with sums over the pairs of
places that both have the year (Moran 1950; Cliff and Ord 1981). ``esda`` has it for one year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Int

__all__ = ["Moran", "moran"]


@dataclass(frozen=True)
class Moran:
    """Moran's I and its law under permutation.

    Attributes
    ----------
    value : float
    se : float
        Standard deviation over permutations.
    p : float
        Two-sided: share of permutations at least as far from their mean.
    """

    value: float
    se: float
    p: float


def moran(weights: Float, residuals: Float, *, draws: int, rng: np.random.Generator) -> Moran:
    """Return Moran's I of residuals, pooled over years.

    Parameters
    ----------
    weights : ndarray, shape (places, places)
    residuals : ndarray, shape (places, years)
        NaN where a place has no row.
    draws : int
        Permutations. Places move with all their years, so that what a place shares over its years
        stays: years that are permuted apart reject too often where residuals last.
    rng : Generator
    """
    known = np.isfinite(residuals)
    e = np.where(known, residuals, 0.0)
    products, pairs = e @ e.T, known.astype(float) @ known.T
    scale = known.sum() / (e**2).sum()
    at, w = np.nonzero(weights), weights[np.nonzero(weights)]
    places = np.arange(len(e))
    orders: Int = np.stack([places, *(rng.permutation(len(e)) for _ in range(draws))])
    i, j = orders[:, at[0]], orders[:, at[1]]
    values = scale * (products[i, j] @ w) / (pairs[i, j] @ w)
    value, drawn = values[0], values[1:]
    far = np.abs(drawn - drawn.mean()) >= abs(value - drawn.mean()) - 1e-12
    return Moran(float(value), float(drawn.std()), float((1 + far.sum()) / (1 + draws)))
