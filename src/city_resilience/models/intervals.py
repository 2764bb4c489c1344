"""Intervals and probabilities from the residuals of earlier origins.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): the interval is the forecast plus
and minus a quantile of absolute residuals at origins whose outcome was known. Residuals may be
divided by the square root of the city's own volatility; at each origin the kind with the lower
interval score at earlier origins is taken. After a year with too many misses the level rises
(adaptive conformal inference, Gibbs & Candès 2021, one-sided: it never falls below nominal), too
many being more than three standard errors of as many independent cities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask, Positions
from city_resilience.errors import InputError
from city_resilience.experiment.training import IntervalRule
from city_resilience.indicators.formulas.years import lag
from city_resilience.memory import batches_of
from city_resilience.models.arrays import Layout, pack_arrays, unpack_arrays
from city_resilience.models.conformal import Replay, conformal_quantile, year_quantile
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.yearly import Labels, in_order_sum, yearly_labels

__all__ = [
    "BELOW_TWO",
    "BELOW_ZERO",
    "CALIBRATION",
    "EVENTS",
    "INNER",
    "INTERVAL_ROWS",
    "KINDS",
    "REFERENCE",
    "WORST",
    "Calibration",
    "check_coverage",
    "city_positions",
    "city_scale",
    "half_widths",
    "interval_columns",
    "interval_rows",
]


CALIBRATION = "calibration.npz"
LAYOUT: Layout = {
    "origin": ("i8", "rows"),
    "residual": ("f8", "rows"),
    "scale": ("f8", "rows"),
    "city": ("i8", "rows"),
}
KINDS = ("plain", "volatility")
REFERENCE = 0.9
SHRINKAGE_YEARS = 3.0
WORST_SHARE = 0.1
_BISECTIONS = 60
INNER = 0.8
BELOW_ZERO, BELOW_TWO, WORST = "p_below_0", "p_below_minus_2", "p_worst_tenth"
EVENTS = (BELOW_ZERO, BELOW_TWO, WORST)
INTERVAL_ROWS = (
    *("city", "origin", "horizon", "truth", "unbroken", "forecast", "lower", "upper"),
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
    city : ndarray of int64, shape (n,)
        Position of the city among all cities; -1 where it is none of them.
    rule : {"split", "year"}
        What the intervals hold for: a city of any known year, or the cities of most years.
    stretch : ndarray, shape (cities,), optional
        Factor, 1 or more, by which the outcome of each city forecast is less certain, see
        `break_stretch`; not stored.
    """

    wait: int
    origin: Int
    residual: Float
    scale: Float
    city: Int
    rule: IntervalRule = "split"
    stretch: Float | None = None

    @classmethod
    def of(
        cls,
        wait: int,
        truths: Mapping[int, Float],
        forecasts: Mapping[int, Float],
        scales: Mapping[int, Float],
        rule: IntervalRule = "split",
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
        sizes = [len(own) for own in errors]
        origin = np.repeat(np.array(origins, dtype=np.int64), sizes)
        city = np.concatenate([np.empty(0, dtype=np.int64), *map(np.arange, sizes)])
        return cls(wait, origin, residual, scale, city, rule)._only(np.isfinite(residual))

    def known_at(self, origin: int) -> Calibration:
        """Return the calibration as it stood at an origin."""
        return self._only(self.origin + self.wait <= origin)

    def stretched(self, stretch: Float) -> Calibration:
        """Return it with all that it says of each city spread by a factor, shape (cities,)."""
        found = replace(self, stretch=stretch)
        found.__dict__.update(_adapted=self._adapted, _scores=self._scores)
        return found

    def numbered(self, position: Int) -> Calibration:
        """Return the same errors with the cities numbered anew.

        Parameters
        ----------
        position : ndarray of int64, shape (cities,)
            New number of each city, -1 for one that is left out.
        """
        return replace(self, city=np.where(self.city >= 0, position[self.city], -1))

    def _only(self, rows: Mask) -> Calibration:
        return replace(self, **{name: getattr(self, name)[rows] for name in LAYOUT})

    def to_bytes(self) -> bytes:
        """Return the errors as one npz file."""
        return pack_arrays({name: getattr(self, name) for name in LAYOUT})

    @classmethod
    def from_bytes(
        cls, data: bytes, wait: int, cities: int, rule: IntervalRule = "split"
    ) -> Calibration:
        """Read the npz file back; ``cities`` is how many there are.

        Raises
        ------
        InputError
            If an array is missing, of another length or kind, or holds what cannot be.
        """
        found = cls(wait, rule=rule, **unpack_arrays(data, CALIBRATION, LAYOUT))
        if not (found.scale > 0).all() or (np.diff(found.origin) < 0).any():
            raise InputError(
                f"{CALIBRATION}: a scale is not positive, or origins are out of order; "
                "train the model again"
            )
        if ((found.city < 0) | (found.city >= cities)).any():
            raise InputError(
                f"{CALIBRATION}: an error is of a city that is none of the model's {cities}; "
                "train the model again"
            )
        return found

    def scores(self, kind: str) -> Float:
        """Signed conformity scores of a kind, shape (n,)."""
        return self.residual / self.scale if kind == "volatility" else self.residual

    @property
    def kind(self) -> str:
        """Kind of score: the one with the lower interval score at earlier origins, or plain."""
        return self._adapted[0]

    @property
    def wider(self) -> float:
        """Factor, 1 or more, by which intervals are wider than split conformal ones."""
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
        return quantile * self.reach(scale)

    def plain_half_width(self, coverage: float = REFERENCE) -> float:
        """Half the width of plain split conformal intervals, for comparison."""
        return conformal_quantile(np.abs(self.residual), 1.0 - coverage)

    def quantiles(self, forecast: Float, scale: Float, levels: Float) -> Float:
        """Quantiles of the outcome, shape (levels, cities); NaN without residuals."""
        if not len(self._scores):
            return np.full((len(levels), len(forecast)), np.nan)
        offsets = np.quantile(self._scores, levels, method="median_unbiased")
        return np.asarray(forecast + offsets[:, None] * self.reach(scale))

    def probability_below(self, forecast: Float, scale: Float, limit: float) -> Float:
        """Probability that the outcome lies below a limit, shape (cities,).

        The share of past scores, spread as the 90 % interval is, that would end below it:
        ``(count + 0.5) / (n + 1)``, never 0 or 1.
        """
        if not len(self._scores):
            return np.full(len(forecast), np.nan)
        return self._below((limit - forecast) / self.reach(scale))

    def _below(self, asked: Float) -> Float:
        """Share of past scores below some, as a probability, shape of ``asked``."""
        return self._share(self._count(asked), asked)

    def _count(self, asked: Float) -> Positions:
        return np.searchsorted(self._scores, asked, side="left")

    def _share(self, below: Positions, asked: Float) -> Float:
        return np.where(np.isfinite(asked), (below + 0.5) / (len(self._scores) + 1.0), np.nan)

    def worst_limit(self, forecast: Float, scale: Float) -> float:
        """Level below which a tenth of the cities forecast is expected to end; NaN where unknown.

        A city's count of past scores below a level rises with it, so that only a city whose
        counts at both ends of what is left differ is counted again.
        """
        known = np.isfinite(forecast)
        if not len(self._scores) or not known.any():
            return np.nan
        forecast, reach = forecast[known], self.reach(scale)[known]
        ends = forecast[:, None] + reach[:, None] * self._scores[[0, -1]]
        low, high = float(ends.min()) - 1.0, float(ends.max()) + 1.0
        fewest, most = (self._count((end - forecast) / reach) for end in (low, high))
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2.0
            asked, open_ = (middle - forecast) / reach, fewest != most
            count = fewest.copy()
            count[open_] = self._count(asked[open_])
            if self._share(count, asked).mean() > WORST_SHARE:
                high, most = middle, count
            else:
                low, fewest = middle, count
        return low

    def reach(self, scale: Float) -> Float:
        """How far one unit of the scores reaches for each city, shape (cities,)."""
        unit = scale if self.kind == "volatility" else np.ones_like(scale)
        return np.asarray(self.wider * (unit if self.stretch is None else unit * self.stretch))

    @cached_property
    def _scores(self) -> Float:
        """Sorted signed scores of all known origins."""
        return np.sort(self.scores(self.kind))

    @cached_property
    def _adapted(self) -> tuple[str, float]:
        """Replay the past as it became known: the kind that did better, and its factor.

        With the rule ``year`` one width fits all cities: those that were calm are no safer when
        a shock comes.
        """
        if self.rule == "year":
            held = year_quantile(np.abs(self.residual), self.origin, REFERENCE)
            factor = held / self.plain_half_width()
            return "plain", max(1.0, factor) if np.isfinite(factor) else 1.0
        replays = {kind: self._replay(kind) for kind in KINDS}
        best = min(KINDS, key=lambda kind: replays[kind].mean_score())
        return best, replays[best].wider(int(self.origin.max(initial=0)) + self.wait)

    def _replay(self, kind: str) -> Replay:
        unit = self.scale if kind == "volatility" else np.ones_like(self.scale)
        return Replay(self.wait, self.origin, self.residual, unit, REFERENCE)


def city_positions(cities: Sequence[str], known: Sequence[str]) -> Int:
    """Return the position of each city among others, -1 where it is none of them.

    Examples
    --------
    >>> city_positions(("A", "B", "C"), ("C", "A"))
    array([ 1, -1,  0])
    """
    place = {city: k for k, city in enumerate(known)}
    return np.array([place.get(city, -1) for city in cities], dtype=np.int64)


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
    labels, cities = yearly_labels(view), len(view.outcome)
    total, count = np.empty(cities), np.empty(cities, dtype=np.int64)
    for rows in batches_of(cities):
        yearly = _moves(labels, rows)
        known = np.isfinite(yearly)
        total[rows] = np.where(known, yearly, 0.0).sum(axis=1)
        count[rows] = known.sum(axis=1)
    every = int(count.sum())
    parts = (_moves(labels, rows) for rows in batches_of(cities))
    pooled = in_order_sum((own[np.isfinite(own)] for own in parts), every) / max(every, 1)
    if pooled == 0.0:
        return np.ones(cities)
    return np.asarray(np.sqrt((total + SHRINKAGE_YEARS * pooled) / (count + SHRINKAGE_YEARS)))


def _moves(labels: Labels, rows: slice) -> Float:
    """Sizes of the yearly measure up to each year, of some cities."""
    return np.abs(lag(labels(rows), 1))


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
    worst: float | None = None,
) -> dict[str, Float]:
    """Return the bounds by their half widths, and the probability of each event.

    ``worst`` is the limit of the worst tenth, that of these forecasts unless given.
    """
    if worst is None:
        worst = calibration.worst_limit(forecast, scale)
    found = {
        f"{side}{ending}": forecast + sign * half
        for ending, half in halves.items()
        for side, sign in (("lower", -1), ("upper", 1))
    }
    return found | {
        BELOW_ZERO: calibration.probability_below(forecast, scale, 0.0),
        BELOW_TWO: calibration.probability_below(forecast, scale, -2.0),
        WORST: calibration.probability_below(forecast, scale, worst),
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
    return pd.DataFrame({"forecast": forecast, **found})[list(INTERVAL_ROWS[5:-1])]
