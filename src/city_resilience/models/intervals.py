"""Intervals and probabilities from the residuals of earlier origins.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): the interval is the forecast plus
and minus a quantile of absolute residuals at origins whose outcome was known. Residuals may be
divided by the square root of the city's own volatility; at each origin the kind with the lower
interval score at earlier origins is taken. After a year with too many misses the level rises
(adaptive conformal inference, Gibbs & Candès 2021, one-sided: it never falls below nominal), too
many being more than three standard errors of as many independent cities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask
from city_resilience.errors import InputError
from city_resilience.indicators.formulas.years import lag
from city_resilience.models.arrays import Layout, pack_arrays, unpack_arrays
from city_resilience.tasks.dataset import AsOf

__all__ = [
    "BELOW_TWO",
    "BELOW_ZERO",
    "CALIBRATION",
    "EVENTS",
    "INNER",
    "INTERVAL_ROWS",
    "KINDS",
    "REFERENCE",
    "STEP",
    "WORST",
    "Calibration",
    "check_coverage",
    "city_scale",
    "conformal_quantile",
    "half_widths",
    "interval_columns",
    "interval_rows",
    "interval_score",
]


CALIBRATION = "calibration.npz"
LAYOUT: Layout = {"origin": ("i8", "rows"), "residual": ("f8", "rows"), "scale": ("f8", "rows")}
KINDS = ("plain", "volatility")
REFERENCE = 0.9
STEP = 0.2
CHANCE = 3.0
LEAST_ALPHA = 0.01
MOST_WIDER = 1.5
SHRINKAGE_YEARS = 3.0
WORST_SHARE = 0.1
_BISECTIONS = 60
INNER = 0.8
BELOW_ZERO, BELOW_TWO, WORST = "p_below_0", "p_below_minus_2", "p_worst_tenth"
EVENTS = (BELOW_ZERO, BELOW_TWO, WORST)
INTERVAL_ROWS = (
    *("city", "origin", "horizon", "truth", "forecast", "lower", "upper"),
    *("lower_80", "upper_80", "plain_lower", "plain_upper", *EVENTS, "crps"),
)


@dataclass(frozen=True)
class Calibration:
    """All that intervals at one origin and horizon stand on: errors of earlier forecasts.

    Attributes
    ----------
    wait : int
        Years from an origin until its outcome is known.
    origin : ndarray of int64, shape (n,)
        In order.
    residual : ndarray, shape (n,)
        Outcome minus forecast of a city, in the unit of the measure.
    scale : ndarray, shape (n,)
        The city's scale as of that origin, see `city_scale`.
    """

    wait: int
    origin: Int
    residual: Float
    scale: Float

    @classmethod
    def of(
        cls,
        wait: int,
        truths: Mapping[int, Float],
        forecasts: Mapping[int, Float],
        scales: Mapping[int, Float],
    ) -> Calibration:
        """Collect the errors of the cities with both a truth and a forecast.

        Parameters
        ----------
        truths, forecasts, scales : mapping of int to ndarray, shape (cities,)
            By origin.
        """
        origins = sorted(forecasts)
        errors = [np.asarray(truths[o] - forecasts[o], dtype=np.float64) for o in origins]
        residual = np.concatenate([np.empty(0), *errors])
        scale = np.concatenate([np.empty(0), *(scales[o] for o in origins)])
        origin = np.repeat(np.array(origins, dtype=np.int64), [len(own) for own in errors])
        return cls(wait, origin, residual, scale)._only(np.isfinite(residual))

    def known_at(self, origin: int) -> Calibration:
        """Return the calibration as it stood at an origin."""
        return self._only(self.origin + self.wait <= origin)

    def _only(self, rows: Mask) -> Calibration:
        return Calibration(self.wait, self.origin[rows], self.residual[rows], self.scale[rows])

    def to_bytes(self) -> bytes:
        """Return the errors as one npz file."""
        return pack_arrays({name: getattr(self, name) for name in LAYOUT})

    @classmethod
    def from_bytes(cls, data: bytes, wait: int) -> Calibration:
        """Read the npz file back.

        Raises
        ------
        InputError
            If an array is missing, of another length or kind, or a scale is not positive.
        """
        found = cls(wait, **unpack_arrays(data, CALIBRATION, LAYOUT))
        if not (found.scale > 0).all() or (np.diff(found.origin) < 0).any():
            raise InputError(
                f"{CALIBRATION}: a scale is not positive, or origins are out of order; "
                "train the model again"
            )
        return found

    def scores(self, kind: str) -> Float:
        """Signed conformity scores of a kind, shape (n,)."""
        return self.residual / self.scale if kind == "volatility" else self.residual

    @property
    def kind(self) -> str:
        """Kind of score that had the lower interval score at earlier origins."""
        return self._adapted[0]

    @property
    def wider(self) -> float:
        """Factor, 1 or more, by which intervals are wider after years with too many misses."""
        return self._adapted[1]

    def half_width(self, scale: Float, coverage: float = REFERENCE) -> Float:
        """Half the width of the interval of each city.

        Parameters
        ----------
        scale : ndarray, shape (cities,)
        coverage : float
            Nominal coverage, above 0 and below 1. Kind and factor are those of 90 %, so that
            intervals of different coverage never cross.

        Returns
        -------
        ndarray, shape (cities,)
            In the unit of the measure; NaN where the residuals are too few for that coverage.
        """
        quantile = conformal_quantile(np.abs(self._scores), 1.0 - coverage)
        return quantile * self._reach(scale)

    def plain_half_width(self, coverage: float = REFERENCE) -> float:
        """Half the width of plain split conformal intervals, for comparison."""
        return conformal_quantile(np.abs(self.residual), 1.0 - coverage)

    def quantiles(self, forecast: Float, scale: Float, levels: Float) -> Float:
        """Quantiles of the outcome, shape (levels, cities); NaN without residuals."""
        if not len(self._scores):
            return np.full((len(levels), len(forecast)), np.nan)
        offsets = np.quantile(self._scores, levels, method="median_unbiased")
        return np.asarray(forecast + offsets[:, None] * self._reach(scale))

    def probability_below(self, forecast: Float, scale: Float, limit: float) -> Float:
        """Probability that the outcome lies below a limit, shape (cities,).

        The share of past scores, spread as the 90 % interval is, that would end below it:
        ``(count + 0.5) / (n + 1)``, never 0 or 1.
        """
        if not len(self._scores):
            return np.full(len(forecast), np.nan)
        asked = (limit - forecast) / self._reach(scale)
        below = np.searchsorted(self._scores, asked, side="left")
        return np.where(np.isfinite(asked), (below + 0.5) / (len(self._scores) + 1.0), np.nan)

    def probability_worst(self, forecast: Float, scale: Float) -> Float:
        """Probability that a city is among the worst tenth of the cities forecast.

        The limit is the level below which a tenth of these cities is expected to end.
        """
        known = np.isfinite(forecast)
        if not len(self._scores) or not known.any():
            return np.full(len(forecast), np.nan)
        ends = forecast[known, None] + self._reach(scale)[known, None] * self._scores[[0, -1]]
        low, high = float(ends.min()) - 1.0, float(ends.max()) + 1.0
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2.0
            share = self.probability_below(forecast[known], scale[known], middle).mean()
            low, high = (low, middle) if share > WORST_SHARE else (middle, high)
        return self.probability_below(forecast, scale, low)

    def _reach(self, scale: Float) -> Float:
        """How far one unit of the scores reaches for each city, shape (cities,)."""
        return self.wider * (scale if self.kind == "volatility" else np.ones_like(scale))

    @cached_property
    def _scores(self) -> Float:
        """Sorted signed scores of all known origins."""
        return np.sort(self.scores(self.kind))

    @cached_property
    def _adapted(self) -> tuple[str, float]:
        """Replay the past as it became known: the kind that did better, and its factor."""
        replays = {kind: _Replay(kind, self) for kind in KINDS}
        best = min(KINDS, key=lambda kind: replays[kind].mean_score())
        return best, replays[best].wider(int(self.origin.max(initial=0)) + self.wait)


def check_coverage(coverage: float, where: str) -> None:
    """Refuse a coverage that is no share.

    Raises
    ------
    InputError
        If it is not above 0 and below 1.
    """
    if not 0.0 < coverage < 1.0:
        raise InputError(f"{where}: {coverage:g} is not above 0 and below 1; give 0.9 for 90 %")


def city_scale(view: AsOf) -> Float:
    """Square root of a city's mean absolute yearly measure up to the origin, shape (cities,).

    The mean is drawn to that of all cities with the weight of three years. All ones where no
    yearly value is known.
    """
    yearly = np.abs(lag(view.labels(1), 1))
    known = np.isfinite(yearly)
    pooled = float(yearly[known].mean()) if known.any() else 0.0
    if pooled == 0.0:
        return np.ones(len(yearly))
    total = np.where(known, yearly, 0.0).sum(axis=1) + SHRINKAGE_YEARS * pooled
    return np.asarray(np.sqrt(total / (known.sum(axis=1) + SHRINKAGE_YEARS)))


def interval_score(truth: Float, lower: Float, upper: Float, coverage: float) -> Float:
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


class _Replay:
    """One kind of score through the past, each origin judged by what was known then."""

    def __init__(self, kind: str, past: Calibration) -> None:
        self._past, self._absolute = past, np.abs(past.scores(kind))
        self._unit = past.scale if kind == "volatility" else np.ones_like(past.scale)
        self._missed: dict[int, tuple[float, int]] = {}
        self._scores: list[float] = []
        for origin in np.unique(past.origin).tolist():
            self._judge(origin)

    def _judge(self, origin: int) -> None:
        known = self._known(origin)
        quantile = self.wider(origin) * conformal_quantile(known, 1.0 - REFERENCE)
        if not np.isfinite(quantile):
            return
        own = self._past.origin == origin
        missed = self._absolute[own] > quantile
        self._missed[origin] = (float(np.mean(missed)), len(missed))
        half = quantile * self._unit[own]
        score = interval_score(self._past.residual[own], -half, half, REFERENCE)
        self._scores.append(float(score.mean()))

    def _known(self, origin: int) -> Float:
        """Absolute scores of the outcomes known at an origin."""
        return self._absolute[self._past.origin + self._past.wait <= origin]

    def wider(self, origin: int) -> float:
        """Return the factor at an origin: the quantile of the level that misses asked for."""
        nominal = alpha = 1.0 - REFERENCE
        for year, (missed, cities) in self._missed.items():
            too_many = missed > nominal + CHANCE * np.sqrt(nominal * REFERENCE / cities)
            if year + self._past.wait <= origin and (too_many or missed < nominal):
                alpha = min(nominal, alpha + STEP * (nominal - missed))
        known = self._known(origin)
        adapted = conformal_quantile(known, max(alpha, LEAST_ALPHA))
        factor = adapted / conformal_quantile(known, nominal) if np.isfinite(adapted) else 1.0
        return float(min(factor, MOST_WIDER)) if np.isfinite(factor) else 1.0

    def mean_score(self) -> float:
        """Mean interval score over the origins judged; infinite for none."""
        return float(np.mean(self._scores)) if self._scores else np.inf


def half_widths(
    calibration: Calibration, scale: Float, coverage: float = REFERENCE
) -> dict[str, Float]:
    """Return half the widths of the interval and of the 80 % one, by the ending of its bounds."""
    return {
        "": calibration.half_width(scale, coverage),
        "_80": calibration.half_width(scale, INNER),
    }


def interval_columns(
    calibration: Calibration,
    forecast: Float,
    scale: Float,
    halves: Mapping[str, Float],
    ranked: Float | None = None,
) -> dict[str, Float]:
    """Return the bounds by their half widths, and the probability of each event.

    ``ranked`` are the forecasts among which the worst are told, NaN = not among them.
    """
    found = {
        f"{side}{ending}": forecast + sign * half
        for ending, half in halves.items()
        for side, sign in (("lower", -1), ("upper", 1))
    }
    return found | {
        BELOW_ZERO: calibration.probability_below(forecast, scale, 0.0),
        BELOW_TWO: calibration.probability_below(forecast, scale, -2.0),
        WORST: calibration.probability_worst(forecast if ranked is None else ranked, scale),
    }


def interval_rows(calibration: Calibration, forecast: Float, scale: Float) -> pd.DataFrame:
    """Return bounds and probabilities of the forecasts of one origin and horizon.

    Parameters
    ----------
    calibration : Calibration
        As it stood at the origin.
    forecast, scale : ndarray, shape (cities,)

    Returns
    -------
    DataFrame
        ``INTERVAL_ROWS`` from ``forecast`` on but ``crps``, one row per city.
    """
    plain = calibration.plain_half_width()
    found = interval_columns(calibration, forecast, scale, half_widths(calibration, scale))
    found |= {"plain_lower": forecast - plain, "plain_upper": forecast + plain}
    return pd.DataFrame({"forecast": forecast, **found})[list(INTERVAL_ROWS[4:-1])]
