"""The shape of each relation: local means with bands, trend, flat ends, thresholds, pairs.

All of it says how the model's contributions, or what the truth leaves to an indicator, go with its
values in rows that no model learnt from. It is association; a threshold is no target.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int
from city_resilience.explain.held_rows import OneIndicator
from city_resilience.explain.resampling import FEWEST_CLUSTERS, bounds
from city_resilience.explain.thresholds import find_break, normal_scores

__all__ = [
    "DEPENDENCE_COLUMNS",
    "SHAPE_COLUMNS",
    "THRESHOLD_COLUMNS",
    "bin_edges",
    "dependence",
    "shape_of",
    "too_few",
]

FEWEST_ROWS, FEWEST_IN_BIN, FEWEST_VALUES = 120, 20, 8
MOST_BINS = 16
MONOTONE = 0.9
"""Share of the draws in which all thirds must slope one way."""
DEPENDENCE_COLUMNS = (
    *("indicator", "family", "bin", "from", "to", "value", "n", "cities"),
    *("contribution", "low", "high", "ale", "ale_rows", "withheld"),
)
THRESHOLD_COLUMNS = ("threshold", "threshold_low", "threshold_high", "break_size")
SHAPE_COLUMNS = (
    *("indicator", "family", "n", "cities", "clusters", "size", "spearman", "spearman_low"),
    *("spearman_high", "one_signed", "trend", "flat", "slope_low", "slope_middle", "slope_high"),
    *("form", *THRESHOLD_COLUMNS, "statistic", "p_value", "withheld"),
)


def too_few(own: OneIndicator) -> str:
    """Say why an indicator has too few rows for its shape, "" where it has enough."""
    rows, values = len(own.values), np.unique(own.values).size
    if rows < FEWEST_ROWS:
        return f"{rows} rows, at least {FEWEST_ROWS} are needed"
    if values < FEWEST_VALUES:
        return f"{values} different values, at least {FEWEST_VALUES} are needed"
    if own.clusters.count < FEWEST_CLUSTERS:
        return f"{own.clusters.count} provinces, at least {FEWEST_CLUSTERS} are needed"
    return ""


def bin_edges(values: Float, most: int = MOST_BINS) -> Float:
    """Return the edges of bins with about equally many rows, ascending and different."""
    bins = int(np.clip(len(values) // FEWEST_IN_BIN, 1, most))
    return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))


def dependence(own: OneIndicator, draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Average the contribution in bins of the value, with a band over draws of the rows.

    Returns
    -------
    DataFrame
        ``DEPENDENCE_COLUMNS``, one row a bin; ``low`` and ``high`` are 95 % for each bin by itself.
        ``ale`` and ``ale_rows`` are empty here. One row with the reason where there are too few.
    """
    if reason := too_few(own):
        return _withheld(own, DEPENDENCE_COLUMNS, reason)
    edges = bin_edges(own.values)
    place = np.clip(np.searchsorted(edges, own.values, side="left") - 1, 0, len(edges) - 2)
    inside = (np.arange(len(edges) - 1)[:, None] == place).astype(np.float64)
    weights = np.vstack([np.ones(len(place)), own.clusters.weights(draws, seed)])
    means = _means(weights, inside, own.contributions)
    band = np.array([bounds(means[1:, k]) for k in range(means.shape[1])])
    counts = inside.sum(axis=1)
    with np.errstate(invalid="ignore"):  # a bin without rows has no mean
        values = inside @ own.values / counts
    table = pd.DataFrame(
        {
            "bin": np.arange(len(counts)) + 1,
            "from": edges[:-1],
            "to": edges[1:],
            "value": values,
            "n": counts.astype(int),
            "cities": [np.unique(own.cities[place == k]).size for k in range(len(counts))],
            "contribution": means[0],
            "low": band[:, 0],
            "high": band[:, 1],
            "withheld": "",
        }
    )
    return _named(own, table, DEPENDENCE_COLUMNS)


def shape_of(own: OneIndicator, draws: int = 199, seed: int = 0) -> pd.DataFrame:
    """Describe the shape of one indicator in a row of ``SHAPE_COLUMNS``.

    ``spearman`` and ``one_signed`` (share of the draws in which the slopes of all three thirds of
    the values have the sign of ``spearman``) are of the contribution; ``trend`` is ``rising`` or
    ``falling`` where that share is at least 0.9, else ``mixed``. The slopes (pp per standard
    deviation), ``flat`` (``high``, ``low`` or both: an end that cannot be told from level while
    the rest can, and from the rest) and the threshold are of the partial residual; they are empty
    without a truth.
    """
    if reason := too_few(own):
        return _withheld(own, SHAPE_COLUMNS, reason)
    weights = np.vstack([np.ones(len(own.values)), own.clusters.weights(draws, seed)])
    found: dict[str, object] = {"withheld": "", "size": float(np.abs(own.contributions).mean())}
    found |= _trend(own, weights)
    known = np.flatnonzero(np.isfinite(own.residuals))
    if len(known) >= FEWEST_ROWS:
        scores, response = normal_scores(own.values[known]), own.residuals[known]
        found |= _ends(scores, response, own.years[known], weights[:, known])
        clusters = own.clusters.rows(known)
        broken = find_break(own.values[known], response, own.years[known], clusters, draws, seed)
        found |= {
            "form": broken.form,
            "threshold": broken.at,
            "threshold_low": broken.low,
            "threshold_high": broken.high,
            "break_size": broken.size,
            "statistic": broken.statistic,
            "p_value": broken.p_value,
        }
    return _named(own, pd.DataFrame([found]), SHAPE_COLUMNS)


def _trend(own: OneIndicator, weights: Float) -> dict[str, object]:
    ranks = np.column_stack([normal_scores(own.values), own.contributions])
    by_rank = np.apply_along_axis(lambda x: pd.Series(x).rank().to_numpy(), 0, ranks)
    related = _correlation(weights, by_rank[:, 0], by_rank[:, 1])
    scores = ranks[:, 0]
    thirds = np.digitize(scores, np.quantile(scores, [1 / 3, 2 / 3]))
    slopes = np.column_stack(
        [
            _slope(weights[:, thirds == k], scores[thirds == k], own.contributions[thirds == k])
            for k in range(3)
        ]
    )
    sign = np.sign(related[0])
    share = float((np.sign(slopes[1:]) == sign).all(axis=1).mean())
    low, high = bounds(related[1:])
    trend = "mixed" if share < MONOTONE else "rising" if sign > 0 else "falling"
    return {
        "spearman": float(related[0]),
        "spearman_low": low,
        "spearman_high": high,
        "one_signed": share,
        "trend": trend,
    }


def _ends(scores: Float, response: Float, years: Int, weights: Float) -> dict[str, object]:
    """Return the slope of each third, and the ends that are flat while the rest is not."""
    centred = response - pd.Series(response).groupby(years).transform("mean").to_numpy()
    thirds = np.digitize(scores, np.quantile(scores, [1 / 3, 2 / 3]))
    slopes = [
        _slope(weights[:, thirds == k], scores[thirds == k], centred[thirds == k]) for k in range(3)
    ]
    flat = []
    for name, outer in (("low", 0), ("high", 2)):
        rest = thirds != outer
        inner = _slope(weights[:, rest], scores[rest], centred[rest])
        apart = _apart(inner) and _apart(inner - slopes[outer])
        if apart and not _apart(slopes[outer]) and abs(slopes[outer][0]) < abs(inner[0]):
            flat.append(name)
    names = ("slope_low", "slope_middle", "slope_high")
    firsts = {name: float(own[0]) for name, own in zip(names, slopes, strict=True)}
    return {**firsts, "flat": " and ".join(flat)}


def _apart(draws: Float) -> bool:
    """Whether the interval of draws, the first being the estimate, leaves out zero."""
    low, high = bounds(draws[1:])
    return low > 0 or high < 0


def _means(weights: Float, inside: Float, values: Float) -> Float:
    """Weighted means of groups of rows, shape (draws, groups)."""
    count = weights @ inside.T
    total = weights @ (inside * values).T
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _slope(weights: Float, x: Float, y: Float) -> Float:
    """Weighted slopes, shape (draws,); NaN where the draw holds no scatter."""
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = weights @ x / total, weights @ y / total
        spread = weights @ x**2 / total - mean_x**2
        slope = (weights @ (x * y) / total - mean_x * mean_y) / spread
    return np.where(spread > 1e-12, slope, np.nan)


def _correlation(weights: Float, x: Float, y: Float) -> Float:
    forward, backward = _slope(weights, x, y), _slope(weights, y, x)
    return np.asarray(np.sign(forward) * np.sqrt(np.abs(forward * backward)))


def _withheld(own: OneIndicator, columns: Sequence[str], reason: str) -> pd.DataFrame:
    about = {
        "indicator": own.name,
        "family": own.family,
        "clusters": own.clusters.count,
        "n": len(own.values),
        "cities": np.unique(own.cities).size,
        "withheld": reason,
    }
    return pd.DataFrame({name: [about.get(name, np.nan)] for name in columns})


def _named(own: OneIndicator, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    about: dict[str, object] = {"indicator": own.name, "family": own.family}
    if "clusters" in columns:
        about |= {"clusters": own.clusters.count, "n": len(own.values)}
        about |= {"cities": np.unique(own.cities).size}
    return table.assign(**about).reindex(columns=list(columns))
