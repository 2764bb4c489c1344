"""How far the values of one year are from those of another: five distances, each with its test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float

__all__ = [
    "STATISTICS",
    "Statistic",
    "ks_distance",
    "level_move",
    "outside_range",
    "quantiles_of",
    "spread_move",
    "stability_index",
]

_TENTHS, _QUARTERS = np.arange(1, 10) / 10, np.array([0.25, 0.5, 0.75])


def stability_index(known: Float, values: Float) -> float:
    """Population stability index over the tenths of what is known.

    ``sum (q - p) ln(q / p)``, half a case in each bin added.

    Parameters
    ----------
    known, values : ndarray, shape (n,)
        In order; those of ``known`` may be evenly spaced quantiles.
    """
    edges = np.unique(quantiles_of(known, _TENTHS))
    shares = []
    for own in (known, values):
        below = np.concatenate([[0], np.searchsorted(own, edges, side="right"), [len(own)]])
        counts = np.diff(below) + 0.5
        shares.append(counts / counts.sum())
    before, after = shares
    return float(((after - before) * np.log(after / before)).sum())


def ks_distance(known: Float, values: Float) -> float:
    """Kolmogorov-Smirnov distance of two samples in order: the largest between their shares."""
    places = np.concatenate([known, values])
    first, second = (np.searchsorted(own, places, "right") / len(own) for own in (known, values))
    return float(np.abs(first - second).max())


def level_move(known: Float, values: Float) -> float:
    """Move of the median, in interquartile ranges of what is known; NaN where that is none."""
    low, middle, high = quantiles_of(known, _QUARTERS)
    if high <= low:
        return float("nan")
    return float((quantiles_of(values, _QUARTERS)[1] - middle) / (high - low))


def outside_range(known: Float, values: Float) -> float:
    """Share of values below the first or above the last of what is known."""
    return float(((values < known[0]) | (values > known[-1])).mean())


def quantiles_of(values: Float, levels: Float) -> Float:
    """Return quantiles of values in order, as numpy's ``linear`` does."""
    return np.interp(levels * (len(values) - 1), np.arange(len(values)), values)


def spread_move(known: Float, values: Float) -> float:
    """Logarithm of the interquartile range over that of what is known; NaN where one is none."""
    before, after = (
        float(high - low)
        for low, _, high in (quantiles_of(known, _QUARTERS), quantiles_of(values, _QUARTERS))
    )
    return float(np.log(after / before)) if before > 0 and after > 0 else float("nan")


@dataclass(frozen=True)
class Statistic:
    """A distance between the values of two years.

    Attributes
    ----------
    distance : callable
        Of what is known and of newer values, both in order.
    added : float or None
        What is added to a distance without a sign before its logarithm is tested; None for one
        with a sign, which is tested as it is, on both sides.
    least : float
        Smallest standard deviation that it is taken to have from year to year.
    """

    distance: Callable[[Float, Float], float]
    added: float | None
    least: float

    def tested(self, values: Float) -> Float:
        """Return what is tested of some distances."""
        return values if self.added is None else np.log(values + self.added)


STATISTICS: Mapping[str, Statistic] = {
    "psi": Statistic(stability_index, 0.02, 0.25),
    "ks": Statistic(ks_distance, 0.02, 0.25),
    "level": Statistic(level_move, None, 0.05),
    "spread": Statistic(spread_move, None, 0.05),
    "outside": Statistic(outside_range, 0.01, 0.25),
}
