"""How far an estimate rests on one province: all fits without one, from the sums of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.mechanisms.sample import Sample

__all__ = ["LeftOut", "left_out"]


@dataclass(frozen=True)
class LeftOut:
    """The first coefficient without each province.

    Attributes
    ----------
    whole : float
        With all of them.
    without : ndarray, shape (provinces,)
        NaN where nothing is left to fit.
    province : ndarray of int64, shape (provinces,)
        Numbers as in the sample.
    """

    whole: float
    without: Float
    province: Int

    @property
    def turned(self) -> Int:
        """Provinces without which the sign is another."""
        turned: Int = self.province[np.sign(self.without) == -np.sign(self.whole)]
        return turned


def left_out(sample: Sample) -> LeftOut:
    """Fit a sample without each of its provinces in turn.

    Notes
    -----
    A city lies in one province, so means of cities stay as they are when another province is left
    out. With these out and dummies of the years, the normal equations are sums over provinces, and
    each fit without one solves the whole less its part: no fit is made twice.
    """
    years = np.unique(sample.year)
    dummies = (sample.year[:, None] == years[1:]).astype(float)
    table = _centred(np.column_stack([sample.x, dummies, sample.y]), sample.city)
    province, number = np.unique(sample.province, return_inverse=True)
    sums = np.stack([table[number == k].T @ table[number == k] for k in range(len(province))])
    whole = sums.sum(axis=0)
    without = [_first(whole - own) if len(province) > 1 else np.nan for own in sums]
    return LeftOut(_first(whole), np.asarray(without), province)


def _centred(table: Float, city: Int) -> Float:
    """Return a table less the means of the cities."""
    _, number, counts = np.unique(city, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), table.shape[1]))
    np.add.at(sums, number, table)
    centred: Float = table - (sums / counts[:, None])[number]
    return centred


def _first(products: Float) -> float:
    """Return the first coefficient of the regression of the last column on the others."""
    scale = np.sqrt(np.maximum(np.diag(products), 1e-300))
    scaled = products / np.outer(scale, scale)
    found = np.linalg.lstsq(scaled[:-1, :-1], scaled[:-1, -1], rcond=1e-12)[0]
    return float(found[0] * scale[-1] / scale[0])
