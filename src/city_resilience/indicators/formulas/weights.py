"""Entropy weights: the more unequally a component is spread, the more it weighs."""

from __future__ import annotations

import math

import numpy as np

from city_resilience.indicators.indicator import Float

__all__ = ["entropy_weights"]


def entropy_weights(scaled: Float) -> Float:
    """Entropy weights of range-scaled components.

    ``p = x'/Σx'``, ``e = -(1/ln n) Σ p ln p`` with ``0 ln 0 = 0``, ``w = (1-e)/Σ(1-e)``.

    Parameters
    ----------
    scaled : ndarray, shape (k, n)
        Components scaled to [0, 1], more = better; NaN = unknown, n is then the number of known
        values of the component. A component that is 0 throughout (constant before scaling), or
        has fewer than two values, has weight 0.

    Returns
    -------
    ndarray, shape (k,)
        The same bits whatever the order of the n columns.

    Raises
    ------
    ValueError
        If no component varies.

    Examples
    --------
    >>> entropy_weights(np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])).round(4)
    array([0.2696, 0.7304])
    """
    spread = np.array([_information(component[np.isfinite(component)]) for component in scaled])
    if not spread.sum() > 0:
        raise ValueError("every component is constant, there is nothing to weigh")
    return np.asarray(spread / spread.sum())


def _information(known: Float) -> float:
    """Return ``1 - e`` of one component; 0 when it has no positive value."""
    total = math.fsum(known)
    if total <= 0 or len(known) < 2:
        return 0.0
    p = known[known > 0] / total
    return 1.0 + math.fsum(p * np.log(p)) / math.log(len(known))
