"""A composite index of several indicators: entropy weights or the first principal component.

Everything fitted — range, mean, weights — is frozen in `IndexParameters`, so that a year added
later rewrites no score of the past. An index is fitted on the training years of a fold and is
therefore no entry of the table of indicators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from city_resilience.errors import InputError
from city_resilience.indicators.formulas.weights import entropy_weights
from city_resilience.indicators.indicator import Float

__all__ = ["IndexParameters", "Method", "apply_index", "fit_index", "varies"]

Method = Literal["entropy", "pca"]
LEAST_PART = 0.5
_VARIES = 1e-12


@dataclass(frozen=True)
class IndexParameters:
    """What a fitted index consists of; plain numbers, ready to be stored.

    Attributes
    ----------
    method : str
        ``entropy`` or ``pca``.
    offset, scale : tuple of float
        A component enters as ``(x - offset) / scale``: from 0 (worst) to 1 (best) of the fitted
        values for ``entropy``, the standard score for ``pca``; the scale of a component of which
        less is better is negative.
    weights : tuple of float
        Absolute values add to 1; 0 for a component that does not vary.
    """

    method: Method
    offset: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]


def fit_index(
    values: Float, directions: Sequence[int], method: Method = "entropy"
) -> IndexParameters:
    """Fit an index of which more is better.

    Parameters
    ----------
    values : ndarray, shape (components, cities, years)
        Training years only; NaN = unknown.
    directions : sequence of int
        +1 more is better, -1 less is better, for each component.
    method : str
        ``entropy``: ``w = (1 - e) / sum of (1 - e)`` with ``e = -(1 / ln n) sum of p ln p`` and
        ``p`` the range-scaled value over the sum of the component's n values (0 ln 0 = 0).
        ``pca``: loadings of the first principal component of the standard scores, from the
        correlations over pairs that are both known, with the sign that makes their sum positive.

    Raises
    ------
    InputError
        If the method or a direction is none, or no component varies.
    """
    if method not in ("entropy", "pca"):
        raise InputError(f"composite index: no method {method!r}; use entropy or pca")
    if len(directions) != len(values) or any(sign not in (1, -1) for sign in directions):
        raise InputError(
            f"composite index: directions {tuple(directions)} of {len(values)} components; give "
            "1 (more is better) or -1 (less is better) for each"
        )
    rows = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    rows = np.where(np.isfinite(rows), rows, np.nan)
    vary = np.array([varies(row) for row in rows])
    if not vary.any():
        raise InputError("composite index: no component varies over the training years")
    standardise = _ranges if method == "entropy" else _moments
    offset, scale = np.zeros(len(rows)), np.ones(len(rows))
    for at in map(int, np.flatnonzero(vary)):
        offset[at], scale[at] = standardise(rows[at][np.isfinite(rows[at])], directions[at])
    scaled = ((rows.T - offset) / scale).T[vary]
    weights = np.zeros(len(rows))
    weights[vary] = entropy_weights(scaled) if method == "entropy" else _loadings(scaled)
    return IndexParameters(method, *(tuple(map(float, part)) for part in (offset, scale, weights)))


def apply_index(parameters: IndexParameters, values: Float) -> Float:
    """Score city-years with frozen parameters.

    Parameters
    ----------
    parameters : IndexParameters
        From `fit_index`.
    values : ndarray, shape (components, cities, years)
        Any years. A value outside the fitted range scores below 0 or above 1; nothing is clipped.

    Returns
    -------
    ndarray, shape (cities, years)
        Weighted mean of the known components, their weights rescaled. Missing where fewer than
        half of the components with a weight are known, or these have less than half of the weight.

    Raises
    ------
    InputError
        If the number of components is not the fitted one.
    """
    if len(values) != len(parameters.weights):
        raise InputError(
            f"composite index: {len(values)} components, fitted on {len(parameters.weights)}; "
            "give the components it was fitted on, in their order"
        )
    total, size = np.zeros(values.shape[1:]), np.zeros(values.shape[1:])
    count = np.zeros(values.shape[1:])
    used = [at for at, weight in enumerate(parameters.weights) if weight]
    for at in used:
        known = np.isfinite(values[at])
        score = (values[at] - parameters.offset[at]) / parameters.scale[at]
        total += np.where(known, parameters.weights[at] * score, 0.0)
        size += np.where(known, abs(parameters.weights[at]), 0.0)
        count += known
    whole = sum(abs(parameters.weights[at]) for at in used)
    enough = (count >= LEAST_PART * len(used)) & (size >= LEAST_PART * whole * (1 - 1e-12))
    return np.where(enough, whole * total / np.where(enough, size, 1.0), np.nan)


def varies(values: Float) -> bool:
    """Whether the known values of a component differ by more than rounding."""
    known = values[np.isfinite(values)]
    return len(known) > 1 and float(np.ptp(known)) > _VARIES * float(np.max(np.abs(known)))


def _ranges(known: Float, direction: int) -> tuple[float, float]:
    """Return the worst value, and the way from it to the best."""
    low, high = float(known.min()), float(known.max())
    return (low, high - low) if direction > 0 else (high, low - high)


def _moments(known: Float, direction: int) -> tuple[float, float]:
    return float(known.mean()), direction * float(known.std())


def _loadings(scaled: Float) -> Float:
    """First principal component, absolute loadings adding to 1."""
    known = np.isfinite(scaled)
    filled = np.where(known, scaled, 0.0)
    pairs = known.astype(np.float64) @ known.T
    correlation = np.where(pairs > 0, filled @ filled.T / np.maximum(pairs, 1.0), 0.0)
    first = np.linalg.eigh(correlation)[1][:, -1]
    if first.sum() < 0:
        first = -first
    return np.asarray(first / np.abs(first).sum())
