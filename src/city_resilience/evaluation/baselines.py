"""Naive rules and the autoregressive reference: what a forecast has to beat.

Each is a pure function of an as-of view and a horizon, one entry in ``BASELINES``. A naive rule is
a pair of slopes, on the last gap and on the mean gap of five years, so that it can be served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from city_resilience.arrays import Float
from city_resilience.indicators.formulas.years import lag
from city_resilience.models.fitted import Linear
from city_resilience.models.learners import PERSISTENT
from city_resilience.models.weights import least_absolute_weights
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.features import FeatureSpec
from city_resilience.tasks.tall import cities_of_rows

__all__ = ["BASELINES", "NAIVE", "Baseline", "naive_model", "past_gaps", "trailing_mean"]

LAGS = 5


@dataclass(frozen=True)
class Baseline:
    """An entry of the table of baselines.

    ``forecast(view, horizon, min_history)`` returns pp per city, shape (cities,); ``slopes`` of the
    same, for a naive rule, its slopes, shape (2,).
    """

    id: str
    label_en: str
    label_zh: str
    kind: Literal["naive", "reference"]
    forecast: Callable[[AsOf, int, int], Float]
    slopes: Callable[[AsOf, int, int], Float] | None = None


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
    del view, horizon, min_history
    return np.array([0.0, 0.0])


def last(view: AsOf, horizon: int, min_history: int) -> Float:
    """Last year's gap comes to pass once more over the horizon."""
    del view, horizon, min_history
    return np.array([1.0, 0.0])


def mean5(view: AsOf, horizon: int, min_history: int) -> Float:
    """The mean yearly gap of the last five years comes to pass once over the horizon.

    Like ``last`` it is not multiplied by the horizon: gaps fade, and the multiple is the weaker
    baseline.
    """
    del view, horizon, min_history
    return np.array([0.0, 1.0])


def damped(view: AsOf, horizon: int, min_history: int) -> Float:
    """Last gap and five-year mean, slopes fitted on known labels by least absolute error.

    Of a tall panel on those of cities drawn at random: a linear programme grows faster than its
    rows.
    """
    labels = view.labels(horizon)
    labels[:, :min_history] = np.nan
    known = np.isfinite(labels)
    if view.kept is not None:
        drawn = cities_of_rows(np.nonzero(known)[0])
        known &= np.isin(np.arange(len(known)), drawn)[:, None]
    if not known.any():
        return np.zeros(2)
    return least_absolute_weights(_read_by_rules(view)[known], labels[known])


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


def naive_model(
    name: str, view: AsOf, horizon: int, before: int, min_history: int
) -> tuple[FeatureSpec, Linear]:
    """Return a naive rule as a model of what a horizon adds to a shorter one, and its columns.

    Parameters
    ----------
    name : str
        One of ``NAIVE``.
    view : AsOf
        At the origin that the rule is served from; its indicators hold the columns.
    before : int
        The next shorter horizon of the experiment; 0 for none.
    """
    slopes = BASELINES[name].slopes
    assert slopes is not None
    added = slopes(view, horizon, min_history)
    if before:
        added = added - slopes(view, before, min_history)
    read = {column: 0 for column, _ in PERSISTENT}
    centre = _read_by_rules(view)[:, min_history:].mean(axis=(0, 1))
    model = Linear(added, np.zeros(len(added)), centre, float(centre @ added))
    return FeatureSpec(PERSISTENT, read, read), model


def _read_by_rules(view: AsOf) -> Float:
    """The last gap and the five-year mean, 0 where unknown, shape (cities, years, 2)."""
    gaps = past_gaps(view)
    return _zero_if_unknown(np.stack([gaps[..., 0], trailing_mean(gaps)], axis=-1))


def _by_slopes(
    slopes: Callable[[AsOf, int, int], Float], view: AsOf, horizon: int, min_history: int
) -> Float:
    forecast: Float = _read_by_rules(view)[:, -1] @ slopes(view, horizon, min_history)
    return forecast + 0.0  # no negative zero


def _zero_if_unknown(values: Float) -> Float:
    return np.where(np.isfinite(values), values, 0.0)


def _naive(
    name: str, label_en: str, label_zh: str, slopes: Callable[[AsOf, int, int], Float]
) -> Baseline:
    return Baseline(name, label_en, label_zh, "naive", partial(_by_slopes, slopes), slopes)


BASELINES: Mapping[str, Baseline] = {
    baseline.id: baseline
    for baseline in (
        _naive("zero", "no gap", "零差距", zero),
        _naive("last", "last gap", "上年差距", last),
        _naive("mean5", "5-year mean gap", "近五年差距均值", mean5),
        _naive("damped", "damped last gap", "按比例收缩的上年差距", damped),
        Baseline("ar_ridge", "AR ridge", "自回归岭回归", "reference", ar_ridge),
    )
}
NAIVE = tuple(name for name, baseline in BASELINES.items() if baseline.kind == "naive")
