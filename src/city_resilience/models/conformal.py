"""Quantiles of past misses: of all cities and of years, and a replay of how they would have done.

The arrays of a replay have one row for each city of each known origin, in the order of origins.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from city_resilience.arrays import Float, Int

__all__ = [
    "MOST_WIDER",
    "YEARS_HELD",
    "Replay",
    "conformal_quantile",
    "interval_score",
    "year_quantile",
]

STEP = 0.2
CHANCE = 3.0
LEAST_ALPHA = 0.01
MOST_WIDER = 1.5
YEARS_HELD = 0.8
"""Share of years that hold: the most that four known years, the default warm-up, can vouch for."""


def interval_score(truth: Float, lower: Float, upper: Float, coverage: float | Float) -> Float:
    """Width plus the penalty of misses (Gneiting & Raftery 2007); less is better.

    ``(u - l) + 2/α (l - y) [y < l] + 2/α (y - u) [y > u]`` with ``α = 1 - coverage``.
    """
    factor = 2.0 / (1.0 - coverage)
    misses = np.maximum(lower - truth, 0.0) + np.maximum(truth - upper, 0.0)
    return np.asarray(upper - lower + factor * misses)


def conformal_quantile(absolute: Float, alpha: float) -> float:
    """Split conformal quantile: the ceil((n + 1)(1 - α))-th smallest score, NaN if there is none.

    Parameters
    ----------
    absolute : ndarray, shape (n,)
    alpha : float
        Share of misses, above 0 and below 1.
    """
    rank = int(np.ceil((len(absolute) + 1) * (1.0 - alpha) - 1e-9))
    if not 1 <= rank <= len(absolute):
        return float("nan")
    return float(np.partition(absolute, rank - 1)[rank - 1])


def year_quantile(absolute: Float, origin: Int, coverage: float, held: float = YEARS_HELD) -> float:
    """Quantile over years of each year's quantile (Dunn, Wasserman & Ramdas 2022).

    The cities of a year share its shock, so years are what is exchangeable. Each year has the
    half width that would have held the share ``coverage`` of its own cities. Of n such widths the
    k-th smallest holds that share in the next year too with probability k / (n + 1); between two
    of them the place (n + 1) ``held`` is interpolated, and beyond the last it is the largest.

    Parameters
    ----------
    absolute : ndarray, shape (n,)
    origin : ndarray of int64, shape (n,)

    Returns
    -------
    float
        NaN without a row.

    Examples
    --------
    >>> year_quantile(np.array([1.0, 2.0, 4.0, 3.0]), np.array([2001, 2002, 2003, 2004]), 0.9)
    4.0
    """
    years = [np.sort(absolute[origin == year]) for year in np.unique(origin)]
    if not years:
        return float("nan")
    widths = [own[int(np.ceil(len(own) * coverage - 1e-9)) - 1] for own in years]
    return float(np.quantile(widths, held, method="weibull"))


@dataclass(frozen=True)
class Replay:
    """One kind of score through the past, each origin judged by what was known then.

    Attributes
    ----------
    wait : int
        Years from an origin until its outcome is known.
    origin : ndarray of int64, shape (n,)
    residual : ndarray, shape (n,)
    unit : ndarray, shape (n,)
        What a residual is divided by to become a score.
    coverage : float
        Nominal coverage.
    """

    wait: int
    origin: Int
    residual: Float
    unit: Float
    coverage: float
    _missed: dict[int, tuple[float, int]] = field(default_factory=dict, init=False, repr=False)
    _scores: list[float] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        for origin in np.unique(self.origin).tolist():
            self._judge(origin)

    def _judge(self, origin: int) -> None:
        known = self._known(origin)
        quantile = self.wider(origin) * conformal_quantile(known, 1.0 - self.coverage)
        if not np.isfinite(quantile):
            return
        own = self.origin == origin
        half = quantile * self.unit[own]
        missed = np.abs(self.residual[own] / self.unit[own]) > quantile
        self._missed[origin] = (float(np.mean(missed)), len(missed))
        score = interval_score(self.residual[own], -half, half, self.coverage)
        self._scores.append(float(score.mean()))

    def _known(self, origin: int) -> Float:
        """Absolute scores of the outcomes known at an origin."""
        known = self.origin + self.wait <= origin
        return np.abs(self.residual[known] / self.unit[known])

    def wider(self, origin: int) -> float:
        """Return the factor at an origin: the quantile of the level that misses asked for."""
        nominal = alpha = 1.0 - self.coverage
        for year, (missed, cities) in self._missed.items():
            too_many = missed > nominal + CHANCE * np.sqrt(nominal * self.coverage / cities)
            if year + self.wait <= origin and (too_many or missed < nominal):
                alpha = min(nominal, alpha + STEP * (nominal - missed))
        known = self._known(origin)
        adapted = conformal_quantile(known, max(alpha, LEAST_ALPHA))
        plain = conformal_quantile(known, nominal)  # 0 where no forecast ever missed
        factor = adapted / plain if np.isfinite(adapted) and plain > 0 else 1.0
        return float(min(factor, MOST_WIDER)) if np.isfinite(factor) else 1.0

    def mean_score(self) -> float:
        """Mean interval score over the origins judged; infinite for none."""
        return float(np.mean(self._scores)) if self._scores else np.inf
