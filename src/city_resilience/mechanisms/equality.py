"""Whether slopes are equal: Wald tests with few clusters, and many tests at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.mechanisms.fixed_effects import TwoWay
from city_resilience.mechanisms.projected import Projected, numbered

__all__ = ["adjusted", "contrasts", "wald", "wild_wald"]


def contrasts(slopes: int, variables: int) -> Float:
    """Return the matrix that takes the first of some slopes from each other one.

    Parameters
    ----------
    slopes : int
        They are the first of the variables.
    variables : int

    Returns
    -------
    ndarray, shape (slopes - 1, variables)
    """
    matrix = np.zeros((slopes - 1, variables))
    matrix[:, 0] = -1.0
    matrix[np.arange(slopes - 1), np.arange(1, slopes)] = 1.0
    return matrix


def wald(fit: TwoWay, restrictions: Float) -> tuple[float, float]:
    """Return ``F, p`` of a test that all restrictions hold.

    Notes
    -----
    F with as many degrees of freedom as restrictions, and clusters less one.
    """
    from scipy import stats

    gap = restrictions @ fit.coefficients
    variance = restrictions @ fit.covariance @ restrictions.T
    value = float(gap @ np.linalg.pinv(variance, hermitian=True) @ gap) / len(gap)
    return value, float(stats.f.sf(value, len(gap), fit.clusters - 1))


def wild_wald(left: Projected, restrictions: Float, *, draws: int, seed: int) -> float:
    """Return the p-value of a Wald test by the wild bootstrap of provinces, the null imposed.

    Parameters
    ----------
    left : Projected
    restrictions : ndarray, shape (q, variables)
    draws, seed : int

    Notes
    -----
    Cameron, Gelbach and Miller 2008: residuals under the null change their sign by whole provinces,
    each draw is fitted again, with its effects, and studentised. All of it is linear in the signs
    ``w`` of the provinces: the restrictions of a draw are ``gaps w`` and the scores of province g
    ``scores[g] w``.
    """
    clusters = numbered(left.sample.province)
    gaps, scores = _linear(left, restrictions, clusters)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (gaps.shape[1], draws))
    every = np.column_stack([np.ones(len(signs)), signs])
    gap, score = gaps @ every, np.einsum("gqh,hb->bgq", scores, every)
    variance = np.einsum("bgq,bgr->bqr", score, score)
    inverse = np.linalg.pinv(variance, hermitian=True)
    statistics = np.einsum("qb,bqr,rb->b", gap, inverse, gap)
    larger = statistics[1:] >= statistics[0] * (1 - 1e-9)
    return float((1 + larger.sum()) / (1 + draws))


def _linear(left: Projected, restrictions: Float, clusters: Int) -> tuple[Float, Float]:
    """Return what the signs of the clusters multiply.

    Returns
    -------
    gaps : ndarray, shape (q, clusters)
    scores : ndarray, shape (clusters, q, clusters)
    """
    x, bread = left.x, np.linalg.inv(left.x.T @ left.x)
    free = bread @ (x.T @ left.y)
    pull = bread @ restrictions.T @ np.linalg.inv(restrictions @ bread @ restrictions.T)
    null = free - pull @ (restrictions @ free)
    residual = left.y - x @ null
    parts = residual[:, None] * (clusters[:, None] == np.arange(clusters.max() + 1))
    weights = restrictions @ bread @ x.T
    gaps = weights @ parts
    after = left.without(parts)
    after = after - x @ (bread @ (x.T @ after))
    rows = [clusters == g for g in range(parts.shape[1])]
    scores = np.stack([weights[:, own] @ after[own] for own in rows])
    return gaps, scores


def adjusted(p: Sequence[float]) -> dict[str, Float]:
    """Return p-values of many tests by ``holm`` and ``benjamini_hochberg``, each shape (tests,).

    Notes
    -----
    Holm 1979 bounds the chance of any false rejection; Benjamini and Hochberg 1995 the expected
    share of false ones among the rejections.

    Examples
    --------
    >>> {name: values.tolist() for name, values in adjusted([0.01, 0.04, 0.02]).items()}
    {'holm': [0.03, 0.04, 0.04], 'benjamini_hochberg': [0.03, 0.04, 0.03]}
    """
    from scipy.stats import false_discovery_control

    own = np.asarray(p, dtype=np.float64)
    order = np.argsort(own)
    holm = np.empty(len(own))
    steps = own[order] * np.arange(len(own), 0, -1)
    holm[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return {"holm": holm, "benjamini_hochberg": false_discovery_control(own)}
