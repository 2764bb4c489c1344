"""A random split: what a random split of the same rows would claim, beside the honest figure.

The rows are the forecasts of the scored origins, each with the features it had there and with
what came to pass. Dealt out at random, a row is forecast by models that have seen the same city a
year earlier and a year later, and every other city in the same year. There is no present in
such a split, so all rows weigh alike. The difference to the rolling origins is the size of that
illusion, not a result. A longer horizon is forecast here in one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int
from city_resilience.evaluation.candidates import BLEND
from city_resilience.evaluation.engine import Variant, forecast_members
from city_resilience.evaluation.scores import yearly
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.experiment.training import Model
from city_resilience.models.learners import learner_parameters
from city_resilience.models.weights import blend_weights
from city_resilience.tasks.task import Sample, Task
from city_resilience.workers import spread

__all__ = ["RANDOM_SPLIT_COLUMNS", "r_squared", "random_folds", "random_split"]

SPLITS = 5
FIGURES = ("r2", "mae", "rank")
RANDOM_SPLIT_COLUMNS = (
    *("horizon", "model", "n"),
    *(f"{figure}_{split}" for figure in FIGURES for split in ("random", "forward")),
    *(f"{figure}_illusion" for figure in FIGURES),
)


def r_squared(truth: Float, forecast: Float) -> float:
    """Return the pooled coefficient of determination, 1 - sum of squares left / about the mean."""
    left = float(((truth - forecast) ** 2).sum())
    about = float(((truth - truth.mean()) ** 2).sum())
    return 1 - left / about if about > 0 else np.nan


def random_folds(rows: int, splits: int, seed: int) -> Int:
    """Deal rows out at random to folds of equal size; the fold of each row, shape (rows,)."""
    return np.random.default_rng(seed).permutation(np.arange(rows) % splits)


def random_split(context: Context) -> Part:
    """Score the learners on a random split beside the rolling origins.

    Returns
    -------
    Part
        ``RANDOM_SPLIT_COLUMNS``, one row per member and for what is served. R² is pooled over all
        rows, MAE (pp) and rank correlation are means over the origin years, on the same rows; an
        ``illusion`` is random minus forward.
    """
    tables = [_table(context, horizon) for horizon in context.horizons]
    return Part(pd.concat(tables, ignore_index=True), {"splits": SPLITS})


def _table(context: Context, horizon: int) -> pd.DataFrame:
    pool, keys = pooled(context, horizon)
    folds = random_folds(len(keys), SPLITS, context.settings.seed)
    members = split_forecasts(context, pool, folds)
    forecasts = dict(zip(context.engine.experiment.model.members, members.T, strict=True))
    if context.served == BLEND:
        origins = keys["origin"].to_numpy(dtype=np.int64)
        forecasts[BLEND] = _blended(members, pool.learnt.labels, origins, folds)
    rows = [_row(context, horizon, name, values, keys) for name, values in forecasts.items()]
    return pd.DataFrame(rows, columns=list(RANDOM_SPLIT_COLUMNS))


def pooled(context: Context, horizon: int) -> tuple[Task, pd.DataFrame]:
    """Stack what was forecast at every scored origin into one task, each row a city of its own.

    Returns
    -------
    Task
        Learns from the rows it asks: their features at their origins and what came to pass.
    DataFrame
        Columns city, origin, truth of each row.
    """
    engine = context.engine
    scored = [origin for origin in context.specs(horizon) if origin in context.scored]
    tasks = [task for o in scored if (task := engine.task(o, horizon)) is not None]
    columns = tuple(dict.fromkeys(column for task in tasks for column in task.spec.columns))
    cities = np.array(engine.dataset.cities, dtype=object)
    features, keys = [], []
    for task in tasks:
        truth = engine.dataset.truth(task.origin, horizon)
        known = np.isfinite(truth)
        features.append(_widened(task, columns)[known])
        key = {"city": cities[known], "origin": task.origin, "truth": truth[known]}
        keys.append(pd.DataFrame(key))
    key, stacked, last = pd.concat(keys, ignore_index=True), np.concatenate(features), tasks[-1]
    past = {last.spec.columns[k][0] for k in last.learnt.history}
    history = np.flatnonzero([name in past for name, _ in columns])
    labels, each = key["truth"].to_numpy(dtype=np.float64), np.arange(len(key))
    ages, measure = np.zeros(len(key)), last.learnt.measure
    sample = Sample(stacked, labels, columns, history, ages, each, measure=measure)
    spec = replace(last.spec, columns=columns)
    return Task(last.origin, horizon, 0, spec, sample, stacked), key


def _widened(task: Task, columns: Sequence[tuple[str, str]]) -> Float:
    """Return what is asked on more columns than the task has, NaN on the others."""
    place = {column: k for k, column in enumerate(columns)}
    wide = np.full((len(task.asked), len(columns)), np.nan)
    wide[:, [place[column] for column in task.spec.columns]] = task.asked
    return wide


def split_forecasts(context: Context, pool: Task, folds: Int) -> Float:
    """Forecast the rows of each fold by members that learnt from the others, (rows, members)."""
    model = context.engine.experiment.model
    variants = [
        Variant(f"random split, {name}", held_out=folds, parameters={name: values})
        for name, values in learner_parameters(model).items()
    ]
    calls = [partial(_forecast, variant) for variant in variants]
    what = f"random split, horizon {pool.horizon}"
    return np.hstack(spread(calls, (pool, model), what, context.engine.progress))


def _forecast(variant: Variant, pool: Task, model: Model) -> Float:
    return forecast_members(pool, variant, model)


def _blended(members: Float, labels: Float, origins: Int, folds: Int) -> Float:
    """Weight the members in each fold by their forecasts of the other folds."""
    blended = np.empty(len(labels))
    for k in range(SPLITS):
        inside = folds == k
        blended[inside] = members[inside] @ blend_weights(
            members[~inside], labels[~inside], origins[~inside]
        )
    return blended


def _row(
    context: Context, horizon: int, name: str, forecast: Float, keys: pd.DataFrame
) -> dict[str, object]:
    random = _figures(keys.assign(model=name, horizon=horizon, forecast=forecast))
    forward = _figures(context.rows(name, horizon).merge(keys[["city", "origin"]]))
    return {
        "horizon": horizon,
        "model": name,
        "n": len(keys),
        **{f"{figure}_random": random[figure] for figure in FIGURES},
        **{f"{figure}_forward": forward[figure] for figure in FIGURES},
        **{f"{figure}_illusion": random[figure] - forward[figure] for figure in FIGURES},
    }


def _figures(rows: pd.DataFrame) -> dict[str, float]:
    truth, forecast = (rows[name].to_numpy(np.float64) for name in ("truth", "forecast"))
    means = yearly(rows)[["mae", "rank_correlation"]].mean()
    return {
        "r2": r_squared(truth, forecast),
        "mae": float(means["mae"]),
        "rank": float(means["rank_correlation"]),
    }
