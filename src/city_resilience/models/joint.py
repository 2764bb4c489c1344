"""Joint samples of all cities, and the band of a group's total.

Cities miss together: those of a group in one year share a shock. Scores of earlier origins become
normal scores by their ranks; how far two cities of a group, or any two, move together in a year is
the mean product of those. A draw is normal with these correlations and goes back through the scores
of the calibration, so that each city keeps the distribution its interval comes from (Gaussian
copula over random effects of year and of group within year).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask, Positions, Strings
from city_resilience.models.intervals import Calibration
from city_resilience.tasks.dataset import AsOf

__all__ = [
    "DRAWS",
    "Grouping",
    "Shared",
    "band_draws",
    "group_bands",
    "joint_parts",
    "joint_samples",
    "shared_shocks",
]

DRAWS = 2000
MOST_SHARED = 0.99
MOST_CELLS = 2**24  # draws x cities at once: 128 MB, and some copies
MOST_DRAWN, FEWEST_DRAWS = 2**25, 500
"""Draws x cities above which bands of groups take fewer draws, down to so many.

So many take two seconds; a bound from 500 draws is known to about 4 % of the width of the band.
"""


@dataclass(frozen=True)
class Shared:
    """How far the misses of cities go together: correlations of normal scores, 0 to 1.

    Attributes
    ----------
    year : float
        Of any two cities in a year.
    group : float
        Of two cities of one group in a year; at least that of any two.
    """

    year: float
    group: float


@dataclass(frozen=True)
class Grouping:
    """The cities of groups, and how much each counts.

    Attributes
    ----------
    levels : ndarray of str, shape (cities,)
        Group of each city; empty where it has none.
    weights : ndarray, shape (cities,)
        Not negative.
    """

    levels: Strings
    weights: Float

    @classmethod
    def of(cls, levels: Strings, view: AsOf) -> Grouping:
        """Count each city as much as in the nation at the origin."""
        return cls(levels, np.nan_to_num(view.counts))

    def only(self, cities: Mask | Positions) -> Grouping:
        """Return the grouping of some of the cities."""
        return Grouping(self.levels[cities], self.weights[cities])

    @property
    def code(self) -> Int:
        """Number of the group of each city."""
        return np.asarray(np.unique(self.levels, return_inverse=True)[1])


def shared_shocks(calibration: Calibration, grouping: Grouping) -> Shared:
    """Estimate how far misses go together from the errors of earlier origins.

    Two cities count as much as they do in the total of their group, or of all.

    Parameters
    ----------
    calibration : Calibration
        Its ``city`` are positions in the grouping.
    """
    normal = _normal(calibration.scores(calibration.kind))
    own = calibration.city >= 0
    city, year = calibration.city[own], np.unique(calibration.origin[own], return_inverse=True)[1]
    unit = calibration.scale[own] if calibration.kind == "volatility" else np.ones(len(city))
    code, weights = grouping.code, grouping.weights
    block = year * (code.max(initial=0) + 1) + code[city]
    counts = _share(weights, code)[city] * unit
    within = _mean_product(normal[own], counts, block)
    among = _mean_product(normal[own], weights[city] / max(weights.sum(), 1e-300) * unit, year)
    group = float(np.clip(within, 0.0, MOST_SHARED))
    return Shared(float(np.clip(among, 0.0, group)), group)


def joint_samples(
    calibration: Calibration,
    forecast: Float,
    scale: Float,
    grouping: Grouping,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Float:
    """Draw outcomes of all cities at once; cities of a group share a shock, and so do all.

    Parameters
    ----------
    calibration : Calibration
        As it stood at the origin; its ``city`` are positions in the arrays below.
    forecast, scale : ndarray, shape (cities,)
    grouping : Grouping
        Of the same cities.

    Returns
    -------
    ndarray, shape (draws, cities)
        In the unit of the measure, the same for the same seed; NaN without residuals.
    """
    parts = joint_parts(calibration, forecast, scale, grouping, draws=draws, seed=seed)
    return np.concatenate([*parts])


def band_draws(cities: int, draws: int = DRAWS) -> int:
    """Return how many draws the bands of groups of so many cities rest on, at most ``draws``."""
    return min(draws, max(FEWEST_DRAWS, MOST_DRAWN // max(cities, 1)))


def joint_parts(
    calibration: Calibration,
    forecast: Float,
    scale: Float,
    grouping: Grouping,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Iterator[Float]:
    """Yield the draws of `joint_samples`, some after another where they would take much memory."""
    from scipy.special import ndtr

    past = np.sort(calibration.scores(calibration.kind))
    if not len(past):
        yield np.full((draws, len(forecast)), np.nan)
        return
    shared, code = shared_shocks(calibration, grouping), grouping.code
    rng = np.random.default_rng(seed)
    year = rng.standard_normal((draws, 1))
    group = rng.standard_normal((draws, code.max(initial=0) + 1))
    reach, size = calibration.reach(scale), max(1, MOST_CELLS // max(1, len(forecast)))
    for first in range(0, draws, size):
        part = slice(first, min(first + size, draws))
        own = rng.standard_normal((part.stop - first, len(forecast)))
        own *= np.sqrt(1.0 - shared.group)
        drawn = group[part][:, code]
        drawn *= np.sqrt(shared.group - shared.year)
        drawn += np.sqrt(shared.year) * year[part]
        drawn += own
        del own
        ndtr(drawn, out=drawn)
        drawn *= len(past)
        place = drawn.astype(np.int64)
        np.take(past, np.minimum(place, len(past) - 1, out=place), out=drawn)
        drawn *= reach
        drawn += forecast
        yield drawn


def group_bands(
    samples: Float | Iterable[Float], forecast: Float, grouping: Grouping, coverage: float
) -> pd.DataFrame:
    """Forecast each group as the weighted mean of its cities, with the band of the samples.

    Parameters
    ----------
    samples : ndarray, shape (draws, cities), or some of those
        Of `joint_samples` or `joint_parts`; the band is empty without any.
    forecast : ndarray, shape (cities,)
        Cities without a forecast or a weight do not count.

    Returns
    -------
    DataFrame
        level, cities (how many count), forecast, half (of the band's width); no row for a group
        without a name or a city.
    """
    counted = np.isfinite(forecast) & (grouping.weights > 0) & (grouping.levels != "")
    names, code = np.unique(grouping.levels[counted], return_inverse=True)
    share, known = _share(grouping.weights[counted], code), forecast[counted]
    member = np.zeros((len(code), len(names)))
    member[np.arange(len(code)), code] = share
    parts = (samples,) if isinstance(samples, np.ndarray) else samples
    miss = [np.abs((part[:, counted] - known) @ member) for part in parts]
    half = np.full(len(names), np.nan)
    if miss and len(names):
        half = np.quantile(np.concatenate(miss), coverage, axis=0)
    count = np.bincount(code, minlength=len(names))
    return pd.DataFrame({"level": names, "cities": count, "forecast": known @ member, "half": half})


def _normal(scores: Float) -> Float:
    """Normal scores by rank; equal scores share the mean of their ranks."""
    from scipy.special import ndtri

    past = np.sort(scores)
    below, upto = (np.searchsorted(past, scores, side) for side in ("left", "right"))
    return np.asarray(ndtri((below + upto) / 2.0 / max(len(scores), 1)))


def _share(weights: Float, code: Int) -> Float:
    """Share of each city in the weight of its group."""
    total = np.bincount(code, weights)
    return np.asarray(weights / np.maximum(total, 1e-300)[code])


def _mean_product(normal: Float, counts: Float, block: Int) -> float:
    """Mean product of two normal scores of one block, each pair by the product of its counts."""
    product = np.bincount(block, counts * normal) ** 2 - np.bincount(block, (counts * normal) ** 2)
    pairs = np.bincount(block, counts) ** 2 - np.bincount(block, counts**2)
    total = float(pairs.sum())
    return float(product.sum()) / total if total > 0 else 0.0
