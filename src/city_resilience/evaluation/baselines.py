"""Naive rules and the autoregressive reference: what a forecast has to beat.

Each is a pure function of an as-of view and a horizon, one entry in ``BASELINES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from city_resilience.arrays import Float
from city_resilience.indicators.formulas.years import lag
from city_resilience.models.weights import least_absolute_weights
from city_resilience.tasks.dataset import AsOf

__all__ = ["BASELINES", "Baseline", "past_gaps", "trailing_mean"]

LAGS = 5


@dataclass(frozen=True)
class Baseline:
    """An entry of the table of baselines.

    ``forecast(view, horizon, min_history)`` returns pp per city, shape (cities,).
    """

    id: str
    label_en: str
    label_zh: str
    kind: Literal["naive", "reference"]
    forecast: Callable[[AsOf, int, int], Float]


def past_gaps(view: AsOf) -> Float:
    """The measure over the year ending at t and its four lags, shape (cities, years, 5)."""
    gap = lag(view.labels(1), 1)
    return np.stack([lag(gap, years) for years in range(LAGS)], axis=-1)


def trailing_mean(gaps: Float) -> Float:
    """Mean over the known ones of the last axis, NaN where none is known."""
    known = np.isfinite(gaps)
    count = known.sum(axis=-1)
    total = np.where(known, gaps, 0.0).sum(axis=-1)
    mean = np.full(total.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def zero(view: AsOf, horizon: int, min_history: int) -> Float:
    """Every city grows like the nation."""
    del horizon, min_history
    return np.zeros(len(view.outcome))


def last(view: AsOf, horizon: int, min_history: int) -> Float:
    """Last year's gap comes to pass once more over the horizon."""
    del horizon, min_history
    return _zero_if_unknown(past_gaps(view)[:, -1, 0])


def mean5(view: AsOf, horizon: int, min_history: int) -> Float:
    """The mean yearly gap of the last five years comes to pass once over the horizon.

    Like ``last`` it is not multiplied by the horizon: gaps fade, and the multiple is the weaker
    baseline.
    """
    del horizon, min_history
    return _zero_if_unknown(trailing_mean(past_gaps(view)[:, -1]))


def damped(view: AsOf, horizon: int, min_history: int) -> Float:
    """Last gap and five-year mean, slopes fitted on known labels by least absolute error."""
    gaps = past_gaps(view)
    inputs = _zero_if_unknown(np.stack([gaps[..., 0], trailing_mean(gaps)], axis=-1))
    labels = view.labels(horizon)
    labels[:, :min_history] = np.nan
    known = np.isfinite(labels)
    if not known.any():
        return np.zeros(len(labels))
    forecast: Float = inputs[:, -1] @ least_absolute_weights(inputs[known], labels[known])
    return forecast


def ar_ridge(view: AsOf, horizon: int, min_history: int) -> Float:
    """Ridge regression on the outcome's own gap and its four lags."""
    from sklearn.linear_model import Ridge

    inputs = _zero_if_unknown(past_gaps(view))
    labels = view.labels(horizon)
    labels[:, :min_history] = np.nan
    known = np.isfinite(labels)
    if not known.any():
        return np.zeros(len(labels))
    model = Ridge(alpha=1.0).fit(inputs[known], labels[known])
    return np.asarray(model.predict(inputs[:, -1]), dtype=np.float64)


def _zero_if_unknown(values: Float) -> Float:
    return np.where(np.isfinite(values), values, 0.0)


BASELINES: Mapping[str, Baseline] = {
    baseline.id: baseline
    for baseline in (
        Baseline("zero", "no gap", "零差距", "naive", zero),
        Baseline("last", "last gap", "上年差距", "naive", last),
        Baseline("mean5", "5-year mean gap", "近五年差距均值", "naive", mean5),
        Baseline("damped", "damped last gap", "按比例收缩的上年差距", "naive", damped),
        Baseline("ar_ridge", "AR ridge", "自回归岭回归", "reference", ar_ridge),
    )
}
