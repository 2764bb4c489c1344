"""Ways to make 90 % intervals, compared on the same forecasts and residuals.

Each way sees at an origin only what was known then. It is one entry in ``METHODS`` and one pure
function from the years before to half the width of each city's interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Strings
from city_resilience.evaluation.interval_scores import year_bootstrap
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.experiment.training import IntervalRule
from city_resilience.models.conformal import conformal_quantile, interval_score
from city_resilience.models.intervals import REFERENCE, Calibration, city_scale

__all__ = ["INTERVAL_METHOD_COLUMNS", "METHODS", "Year", "interval_methods"]

ADAPTIVE_STEP = 0.3
ALPHA = 1.0 - REFERENCE
LEAST_GROUP = 100
INTERVAL_METHOD_COLUMNS = (
    *("horizon", "method", "years", "coverage", "worst_year", "worst_coverage"),
    *("width", "interval_score", "difference", "low", "high"),
)


@dataclass(frozen=True)
class Year:
    """Served forecasts of one origin, all arrays of shape (cities,).

    Attributes
    ----------
    known_from : int
        Year from which the truth is known.
    truth : ndarray
        NaN where unknown; a method reads it of the years before only.
    scale : ndarray
        See `city_scale`.
    groups : mapping of str to ndarray of str
        Slices of the cities.
    """

    origin: int
    known_from: int
    forecast: Float
    truth: Float
    scale: Float
    groups: Mapping[str, Strings]

    @property
    def residual(self) -> Float:
        """Truth minus forecast, NaN where unknown."""
        return self.truth - self.forecast


Method = Callable[[Sequence[Year], Year], Float]


def plain(past: Sequence[Year], now: Year) -> Float:
    """One and the same width: split conformal prediction."""
    return np.full(len(now.forecast), conformal_quantile(_scores(past), ALPHA))


def by_volatility(past: Sequence[Year], now: Year, power: float = 1.0) -> Float:
    """Residuals over a power of the city's scale, which is the root of its mean absolute gap."""
    scores = np.concatenate([_known(np.abs(y.residual) / y.scale**power) for y in past])
    return conformal_quantile(scores, ALPHA) * now.scale**power


def by_learned_scale(past: Sequence[Year], now: Year) -> Float:
    """Residuals over a scale that boosted trees learn from the earlier half of the years."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    if len(past) < 4:
        return plain(past, now)
    early, late = past[: len(past) // 2], past[len(past) // 2 :]
    inputs = np.concatenate([_inputs(y)[np.isfinite(y.residual)] for y in early])
    model = HistGradientBoostingRegressor(
        max_iter=60, max_depth=3, min_samples_leaf=40, learning_rate=0.1, random_state=0
    ).fit(inputs, np.log(0.1 + _scores(early)))
    late_scale = [np.exp(model.predict(_inputs(y))) for y in late]
    scores = [_known(np.abs(y.residual) / scale) for y, scale in zip(late, late_scale, strict=True)]
    quantile = conformal_quantile(np.concatenate(scores), ALPHA)
    return np.asarray(quantile * np.exp(model.predict(_inputs(now))))


def by_recency(past: Sequence[Year], now: Year, years: float = 4.0) -> Float:
    """Plain, each year's residuals weighted by exp(-age / years)."""
    scores = [_known(np.abs(y.residual)) for y in past]
    weights = np.concatenate(
        [
            np.full(len(s), np.exp(-(now.origin - y.origin) / years))
            for y, s in zip(past, scores, strict=True)
        ]
    )
    values = np.concatenate(scores)
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / (weights.sum() + weights.max())
    place = min(int(np.searchsorted(share, REFERENCE)), len(values) - 1)
    return np.full(len(now.forecast), values[order][place])


def by_group(past: Sequence[Year], now: Year, group: str) -> Float:
    """Plain within each group of cities, over all where it has fewer than 100 residuals."""
    half = plain(past, now)
    labels = now.groups.get(group)
    if labels is None:
        return half
    for level in np.unique(labels):
        own = labels == level
        scores = np.concatenate([_known(np.abs(y.residual)[own]) for y in past])
        if len(scores) >= LEAST_GROUP:
            half[own] = conformal_quantile(scores, ALPHA)
    return half


def adaptive(past: Sequence[Year], now: Year) -> Float:
    """Plain, the level moved after each year by its misses, to both sides (ACI)."""
    alpha = ALPHA
    for year in past:
        if before := _before(past, year):
            quantile = conformal_quantile(_scores(before), float(np.clip(alpha, 0.01, 0.5)))
            missed = float(np.mean(_known(np.abs(year.residual)) > quantile))
            alpha += ADAPTIVE_STEP * (ALPHA - missed)
    quantile = conformal_quantile(_scores(past), float(np.clip(alpha, 0.01, 0.5)))
    return np.full(len(now.forecast), quantile)


def served(past: Sequence[Year], now: Year, rule: IntervalRule = "split") -> Float:
    """What is served: by volatility where that did better, wider after bad years, or by years."""
    parts = {y.origin: y for y in past}
    calibration = Calibration.of(
        now.known_from - now.origin,
        {o: y.truth for o, y in parts.items()},
        {o: y.forecast for o, y in parts.items()},
        {o: y.scale for o, y in parts.items()},
        rule,
    )
    return calibration.half_width(now.scale)


METHODS: Mapping[str, Method] = {
    "plain": plain,
    "root_volatility": by_volatility,
    "volatility": partial(by_volatility, power=2.0),
    "learned": by_learned_scale,
    "recency": by_recency,
    "region": partial(by_group, group="region"),
    "size": partial(by_group, group="size"),
    "adaptive": adaptive,
    "served": served,
    "year": partial(served, rule="year"),
}


def interval_methods(context: Context) -> Part:
    """Compare the methods at every horizon, scored origins only.

    Returns
    -------
    Part
        ``INTERVAL_METHOD_COLUMNS``: means over years; ``difference`` is the interval score minus
        that of plain split conformal, with a 95 % interval from a bootstrap over years.
    """
    rows = []
    for horizon in context.engine.experiment.outcome.horizons:
        years = _years(context, horizon)
        judged = [
            {"method": name, "origin": now.origin, **_judged(method, past, now)}
            for now in years
            if now.origin in context.scored and (past := _before(years, now))
            for name, method in METHODS.items()
        ]
        rows += [{"horizon": horizon, **row} for row in _compared(pd.DataFrame(judged))]
    return Part(pd.DataFrame(rows, columns=list(INTERVAL_METHOD_COLUMNS)))


def _years(context: Context, horizon: int) -> list[Year]:
    dataset, wait = context.engine.dataset, context.engine.dataset.wait(horizon)
    return [
        Year(
            origin=origin,
            known_from=origin + wait,
            forecast=forecast,
            truth=dataset.truths(origin + wait, [origin], horizon)[origin],
            scale=city_scale(dataset.at(origin)),
            groups=dataset.groups,
        )
        for origin, forecast in context.backtest.served[horizon].items()
    ]


def _compared(judged: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Average the scores of each method over the years, and compare them with the plain ones."""
    if judged.empty:
        return
    scores = judged.pivot_table(index="origin", columns="method", values="interval_score")
    for name, table in judged.groupby("method", sort=False):
        difference = (scores[name] - scores["plain"]).to_numpy()
        low, high = year_bootstrap(difference)
        worst = table.loc[table["coverage"].idxmin()]
        yield {
            "method": name,
            "years": len(table),
            **table[["coverage", "width", "interval_score"]].mean().to_dict(),
            "worst_year": int(worst["origin"]),
            "worst_coverage": worst["coverage"],
            "difference": float(difference.mean()),
            "low": low,
            "high": high,
        }


def _before(years: Sequence[Year], now: Year) -> list[Year]:
    return [year for year in years if year.known_from <= now.origin]


def _judged(method: Method, past: Sequence[Year], now: Year) -> dict[str, float]:
    half = method(past, now)
    known = np.isfinite(now.residual) & np.isfinite(half)
    residual, half = now.residual[known], half[known]
    score = interval_score(residual, -half, half, REFERENCE)
    return {
        "coverage": float(np.mean(np.abs(residual) <= half)),
        "width": float(2.0 * half.mean()),
        "interval_score": float(score.mean()),
    }


def _scores(past: Sequence[Year]) -> Float:
    return np.concatenate([_known(np.abs(year.residual)) for year in past])


def _known(values: Float) -> Float:
    return values[np.isfinite(values)]


def _inputs(year: Year) -> Float:
    return np.column_stack([year.scale, year.forecast, np.abs(year.forecast)])
