"""What many specifications say together, and whether chance alone says as much.

Simonsohn, Simmons and Nelson 2020 (Nature Human Behaviour 4): the specifications are fitted again
on data in which the relation is zero. Here residuals under that null change their sign by whole
provinces, the same signs in all specifications, so that what specifications share stays; scores
are drawn, not fitted again (Kline and Santos 2012), so that all draws are products of matrices.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from city_resilience.arrays import Float

__all__ = ["Scores", "joint", "stacked"]


@dataclass(frozen=True)
class Scores:
    """Specifications, one a row.

    Attributes
    ----------
    estimate : ndarray, shape (specifications,)
    null : ndarray, shape (specifications, clusters)
        Sums over each cluster of the variable, less the controls, times the residual under the
        null; 0 for a cluster that a specification does not have.
    size : ndarray, shape (specifications, clusters)
        Sums of its squares.
    factor : ndarray, shape (specifications,)
        Small-sample factor of the covariance.
    reach : ndarray, shape (specifications,)
        Quantile of the t distribution that bounds the 95 % interval.
    """

    estimate: Float
    null: Float
    size: Float
    factor: Float
    reach: Float

    def drawn(self, signs: Float) -> tuple[Float, Float]:
        """Return estimates and t of draws, each shape (specifications, draws).

        Parameters
        ----------
        signs : ndarray, shape (clusters, draws)
        """
        whole = self.size.sum(axis=1, keepdims=True)
        drawn = (self.null @ signs) / whole
        squares = (self.null**2) @ (signs**2) - 2 * drawn * ((self.null * self.size) @ signs)
        squares = squares + drawn**2 * (self.size**2).sum(axis=1, keepdims=True)
        se = np.sqrt(np.maximum(squares * self.factor[:, None], 1e-300)) / whole
        return drawn, drawn / se


def stacked(own: Iterable[Scores]) -> Scores:
    """Return several tables of specifications as one."""
    tables = list(own)
    names = ("estimate", "null", "size", "factor", "reach")
    return Scores(*(np.concatenate([getattr(one, name) for one in tables]) for name in names))


def joint(scores: Scores, *, draws: int, seed: int) -> dict[str, Any]:
    """Return what the specifications say together.

    Returns
    -------
    dict
        ``specifications, median, low, high`` (the middle 95 % of the estimates), ``same_sign``
        (share with the sign of the median), ``above, below`` (shares whose interval leaves zero
        out on that side), and the p-values ``p_median``, ``p_significant`` (of the larger of
        ``above`` and ``below``) and ``p_stouffer`` (of the mean t).
    """
    clusters = scores.null.shape[1]
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (clusters, draws))
    every, t = scores.drawn(np.column_stack([np.ones(clusters), signs]))
    above, below = t > scores.reach[:, None], t < -scores.reach[:, None]
    median = np.median(every, axis=0)
    statistics = {
        "p_median": np.abs(median),
        "p_significant": np.maximum(above.mean(axis=0), below.mean(axis=0)),
        "p_stouffer": np.abs(t.mean(axis=0)),
    }
    low, high = np.quantile(scores.estimate, [0.025, 0.975])
    return {
        "specifications": len(scores.estimate),
        "median": float(median[0]),
        "low": float(low),
        "high": float(high),
        "same_sign": float(np.mean(np.sign(scores.estimate) == np.sign(median[0]))),
        "above": float(above[:, 0].mean()),
        "below": float(below[:, 0].mean()),
        **{name: _share(values) for name, values in statistics.items()},
    }


def _share(values: Float) -> float:
    """Return the share of draws, all after the first, that are as large as the first."""
    larger = values[1:] >= values[0] * (1 - 1e-9)
    return float((1 + larger.sum()) / len(values))
