"""Weights from what came to pass: of a blend's members, and by least absolute error."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.resilience.horizons import known_labels

__all__ = [
    "blend_weights",
    "least_absolute_slope",
    "least_absolute_weights",
    "slope_at",
    "weights_at",
]


SHARPNESS = 30.0
RECENT, FEWEST = 2, 4
_TINY = 1e-12


def least_absolute_weights(inputs: Float, labels: Float) -> Float:
    """Solve min over w >= 0 of the sum of abs(labels - inputs @ w).

    Solved in its dual, max labels·d subject to inputs'd <= 0 and -1 <= d <= 1, which has one
    constraint per column instead of one per row; the weights are the multipliers.

    Parameters
    ----------
    inputs : ndarray, shape (n, k)
    labels : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (k,)

    Examples
    --------
    >>> least_absolute_weights(np.array([[1.0], [2.0], [4.0]]), np.array([0.5, 1.0, 2.0]))
    array([0.5])
    """
    from scipy.optimize import linprog

    solution = linprog(
        -labels, A_ub=inputs.T, b_ub=np.zeros(inputs.shape[1]), bounds=(-1.0, 1.0), method="highs"
    )
    weights: Float = np.maximum(-solution.ineqlin.marginals, 0.0)
    return weights


def blend_weights(forecasts: Float, labels: Float, origins: Int) -> Float:
    """Weights of the members of a blend, by what is certain of their errors at earlier origins.

    ``exp(-30 e)``, where ``e`` is by how much a member's yearly mean absolute error exceeds that of
    the best, as a share of the latter, beyond one standard error over the origins. Members that
    cannot be told apart weigh alike, so a short panel averages; one that is 8 % worse without doubt
    has a tenth of the weight. Weights that minimise the error of the blend itself fit the few
    earlier origins too closely.

    Parameters
    ----------
    forecasts : ndarray, shape (n, members)
        Forecasts made at earlier origins.
    labels : ndarray, shape (n,)
        What came to pass, known by now.
    origins : ndarray, shape (n,)
        The origin of each row. With fewer than two the members get equal weights.

    Returns
    -------
    ndarray, shape (members,)
        Positive or zero, sum 1.

    Examples
    --------
    >>> years = np.array([2001, 2002, 2003])
    >>> blend_weights(np.array([[0.0, 0.2], [0.0, -0.2], [0.0, 0.2]]), np.ones(3), years)
    array([0.5, 0.5])
    """
    years, position = np.unique(origins, return_inverse=True)
    members = forecasts.shape[1]
    if len(years) < 2:
        return np.full(members, 1.0 / members)
    errors = np.zeros((len(years), members))
    np.add.at(errors, position, np.abs(forecasts - labels[:, None]))
    errors /= np.bincount(position)[:, None]
    best = int(errors.mean(axis=0).argmin())
    excess = errors - errors[:, [best]]
    doubt = excess.std(axis=0, ddof=1) / np.sqrt(len(years))
    certain = np.maximum(excess.mean(axis=0) - doubt, 0.0)
    weights = np.exp(-SHARPNESS * certain / max(errors[:, best].mean(), _TINY))
    return np.asarray(weights / weights.sum())


def weights_at(
    origin: int,
    wait: int,
    inputs: Mapping[int, Float],
    truths: Mapping[int, Float],
    weigh: Callable[[Float, Float, Int], Float] = blend_weights,
) -> Float:
    """Weights of a blend at an origin, from the origins whose outcome was known by then.

    Parameters
    ----------
    wait : int
        Years from an origin until what came to pass is known.
    inputs : mapping of int to ndarray, shape (cities, members)
        What the members forecast at each origin; NaN for a city that was not forecast.
    truths : mapping of int to ndarray, shape (cities,)
        What came to pass; read for an origin once it is known.
    weigh : callable
        From forecasts, labels and origins of the rows to weights.

    Returns
    -------
    ndarray, shape (members,)
    """
    origins = np.array(list(inputs), dtype=np.int64)
    past = origins[known_labels(origin, wait, origins)].tolist()
    known = {o: np.isfinite(truths[o] + inputs[o].sum(axis=1)) for o in past}
    width = next(iter(inputs.values())).shape[1]
    rows = np.concatenate([np.empty((0, width)), *(inputs[o][known[o]] for o in past)])
    labels = np.concatenate([np.empty(0), *(truths[o][known[o]] for o in past)])
    sizes = [np.count_nonzero(known[o]) for o in past]
    return weigh(rows, labels, np.repeat(np.array(past, dtype=np.int64), sizes))


def least_absolute_slope(forecasts: Float, labels: Float) -> float:
    """The factor of the forecasts that brings them nearest to the labels, by absolute error.

    The median of label over forecast, each pair counted by the size of its forecast; NaN where no
    forecast differs from zero.

    Parameters
    ----------
    forecasts, labels : ndarray, shape (n,)
        All finite.

    Examples
    --------
    >>> least_absolute_slope(np.array([1.0, -2.0, 4.0]), np.array([0.5, -1.0, 3.0]))
    0.75
    """
    told = forecasts != 0.0
    if not told.any():
        return float("nan")
    ratios = labels[told] / forecasts[told]
    order = np.argsort(ratios, kind="stable")
    size = np.cumsum(np.abs(forecasts[told])[order])
    return float(ratios[order][np.searchsorted(size, size[-1] / 2)])


def slope_at(
    origin: int,
    wait: int,
    forecasts: Mapping[int, Float],
    truths: Mapping[int, Float],
    recent: int = RECENT,
    errors: float = 1.0,
) -> float:
    """The share of its size that a forecast deserves at an origin, by the origins known by then.

    The mean of the least absolute slopes at the last two of them, and one standard error of such a
    mean more, as far as the slopes scatter over all of them: what may be chance does not shrink a
    forecast. At most 1, at least 0; 1 with fewer than four known origins.

    Parameters
    ----------
    wait : int
        Years from an origin until what came to pass is known.
    forecasts, truths : mapping of int to ndarray, shape (cities,)
        What was forecast at each origin, and what came to pass; read once it is known.
    recent : int
        How many origins the mean is of.
    errors : float
        How many standard errors are added.

    Examples
    --------
    >>> ones = {year: np.ones(3) for year in range(2001, 2008)}
    >>> truths = ones | {year: 0.2 * np.ones(3) for year in (2005, 2006)}
    >>> round(slope_at(2007, 1, ones, truths), 3)
    0.492
    """
    origins = np.array(sorted(forecasts), dtype=np.int64)
    slopes = []
    for past in origins[known_labels(origin, wait, origins)].tolist():
        known = np.isfinite(forecasts[past] + truths[past])
        slopes.append(least_absolute_slope(forecasts[past][known], truths[past][known]))
    found = np.array(slopes)[np.isfinite(slopes)]
    if len(found) < FEWEST:
        return 1.0
    doubt = errors * found.std(ddof=1) / np.sqrt(recent)
    return float(np.clip(found[-recent:].mean() + doubt, 0.0, 1.0))
