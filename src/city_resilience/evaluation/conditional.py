"""Conditional importance: what the forecasts lose when a family says only what the others say.

SHAP values explain the model; this asks the data. The columns of a family are replaced by what the
other columns tell of them plus the rest of another city of the same year, so that all that the
family shares with others stays and what it alone knows is gone (conditional permutation; Strobl et
al. 2008, Chamma, Engemann & Thirion 2023). Where the family knows nothing that the others do not,
the error stays the same in the mean, however much the model leans on the family. The models are
those of each origin and forecast its cities, none of which is a row that was trained on.

Where nothing is missing the copies are those of hidimstat 0.4.0 (``ConditionalSampler`` with this
ridge; the largest difference is 7e-16). Its ``CFI`` refuses missing values, wants an estimator of
scikit-learn, and its p-value is over the permutations of one test set, not over years.

The sample of the test are the years. Outcomes of neighbouring origins overlap beyond one year: as
many are averaged before a one-sided t test, and what still overlaps between two such blocks is
allowed for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from city_resilience.arrays import Float, Int, Positions
from city_resilience.models.forecaster import HorizonModel
from city_resilience.models.learners import LEARNERS, fill_values
from city_resilience.tasks.task import Sample

__all__ = ["Conditional", "YearTest", "change_without", "q_values", "year_test"]

LEAST_BLOCKS = 4
ALPHA = 1.0
"""Ridge penalty on columns of unit variance, in rows."""


@dataclass(frozen=True)
class Conditional:
    """What columns tell of each other, learnt from the training rows of an origin.

    Attributes
    ----------
    fill, mean, scale : ndarray, shape (columns,)
        Stand-in for a missing value, and the units of the columns.
    products : ndarray, shape (columns, columns)
        Sums of products of the columns in those units.
    history : ndarray of int
        Positions of the columns of the family history.
    """

    fill: Float
    mean: Float
    scale: Float
    products: Float
    history: Positions

    @classmethod
    def of(cls, learnt: Sample) -> Self:
        """Learn from a sample, of a tall panel from some of it; its labels play no part."""
        learnt = learnt.drawn(0)
        fill = fill_values(learnt)
        filled = np.where(np.isnan(learnt.features), fill, learnt.features)
        mean, spread = filled.mean(axis=0), filled.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        units = (filled - mean) / scale
        return cls(fill, mean, scale, units.T @ units, learnt.history)

    def copies(self, asked: Float, family: Positions, orders: Int) -> Float:
        """Replace some columns by what the others tell of them, plus the rest of another row.

        Parameters
        ----------
        asked : ndarray, shape (n, columns)
        family : ndarray of int, shape (k,)
            Positions of the columns.
        orders : ndarray of int, shape (repeats, n)
            For each row the one whose rest it gets, and whose missing values.

        Returns
        -------
        ndarray, shape (repeats, n, columns)
        """
        units = (np.where(np.isnan(asked), self.fill, asked) - self.mean) / self.scale
        others = np.setdiff1d(np.arange(asked.shape[1]), family)
        told = np.zeros((len(asked), len(family)))
        if others.size:
            known = self.products[np.ix_(others, others)] + ALPHA * np.eye(len(others))
            slopes = np.linalg.solve(known, self.products[np.ix_(others, family)])
            told = units[:, others] @ slopes
        rest = units[:, family] - told
        made = np.repeat(asked[None], len(orders), axis=0)
        new = (told + rest[orders]) * self.scale[family] + self.mean[family]
        made[:, :, family] = np.where(np.isnan(asked[:, family])[orders], np.nan, new)
        return made


def change_without(
    model: HorizonModel, conditional: Conditional, asked: Float, family: Positions, orders: Int
) -> Float:
    """By how much a model's forecast changes without what a family alone knows.

    Parameters
    ----------
    asked, family, orders
        As for `Conditional.copies`.

    Returns
    -------
    ndarray, shape (repeats, n)
    """
    changed = np.zeros(orders.shape)
    if not family.size:
        return changed
    made = conditional.copies(asked, family, orders).reshape(-1, asked.shape[1])
    past = np.isin(family, conditional.history).any()
    for name, member in model.members.items():
        if LEARNERS[name].past_only and not past:
            continue
        weight = model.slope * model.weights[name]
        changed += weight * (member.predict(made).reshape(orders.shape) - member.predict(asked))
    return changed


@dataclass(frozen=True)
class YearTest:
    """What is lost in the mean over the years, and whether it may be nothing.

    Attributes
    ----------
    loss : float
        Mean over the origins, pp of MAE.
    low, high : float
        95 % t interval over blocks of origins; NaN with fewer than four.
    p : float
        One-sided: of a loss as large when nothing is lost; NaN with fewer than four blocks.
    """

    loss: float
    low: float
    high: float
    p: float


def year_test(losses: Float, horizon: int) -> YearTest:
    """Test whether yearly losses are above zero in the mean.

    Parameters
    ----------
    losses : ndarray, shape (origins,)
        Of consecutive origins.
    horizon : int
        Origins of a block, counted back from the newest; the first may hold more.

    Examples
    --------
    >>> test = year_test(np.array([1.0, 2.0, 1.0, 2.0]), 1)
    >>> round(test.loss, 2), round(test.low, 3), round(test.p, 4)
    (1.5, 0.581, 0.0069)
    """
    from scipy.stats import t

    if not len(losses):
        return YearTest(np.nan, np.nan, np.nan, np.nan)
    mean, count = float(losses.mean()), max(len(losses) // horizon, 1)
    first = len(losses) - (count - 1) * horizon
    blocks = np.split(losses, np.arange(first, len(losses), horizon))
    means = np.array([block.mean() for block in blocks])
    if count < LEAST_BLOCKS:
        return YearTest(mean, np.nan, np.nan, np.nan)
    doubt = float(means.std(ddof=1) * np.sqrt(_stretch(count, horizon) / count))
    half = float(t.ppf(0.975, count - 1)) * doubt
    middle = float(means.mean())
    if doubt == 0.0:
        return YearTest(mean, mean, mean, float(middle <= 0.0))
    return YearTest(mean, middle - half, middle + half, float(t.sf(middle / doubt, count - 1)))


def _stretch(count: int, horizon: int) -> float:
    """By how much blocks understate the variance of their mean.

    Sums of ``horizon`` yearly terms that are independent overlap across the edge of two blocks.
    """
    gaps = np.subtract.outer(np.arange(horizon), np.arange(horizon))
    shared = [np.maximum(0, 1 - np.abs(gaps + shift) / horizon).mean() for shift in (0, horizon)]
    edge = 2 * shared[1] / shared[0]
    return float((1 + edge * (count - 1) / count) / (1 - edge / count))


def q_values(p: Sequence[float] | Float) -> Float:
    """Return the q-values of Benjamini and Hochberg; NaN where there is no p-value.

    Examples
    --------
    >>> q_values([0.01, 0.04, np.nan, 0.03]).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    from scipy.stats import false_discovery_control

    found = np.array(p, dtype=np.float64)
    known = np.isfinite(found)
    if known.any():
        found[known] = false_discovery_control(found[known])
    return found
