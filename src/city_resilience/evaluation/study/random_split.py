"""A random split: what a random split of the same rows would claim, beside the honest figure.

The rows are the forecasts of the scored origins, each with the features it had there and with
what came to pass. Dealt out at random, a row is forecast by models that have seen the same city a
year earlier and a year later, and every other city in the same year. There is no present in
such a split, so all rows weigh alike. The difference to the rolling origins is the size of that
illusion, not a result. A longer horizon is forecast here in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.evaluation.backtest import BLEND
from city_resilience.evaluation.scores import yearly
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.evaluation.study.folds import Prepared, in_threads, only_rows
from city_resilience.models.learners import learner_parameters
from city_resilience.models.members import fit_member
from city_resilience.models.weights import blend_weights
from city_resilience.tasks.fold import Fold

__all__ = ["RANDOM_SPLIT_COLUMNS", "r_squared", "random_folds", "random_split"]

Float = NDArray[np.float64]
SPLITS = 5
RANDOM_SPLIT_COLUMNS = (
    "horizon",
    "model",
    "n",
    "r2_random",
    "r2_forward",
    "mae_random",
    "mae_forward",
    "rank_random",
    "rank_forward",
    "r2_illusion",
    "mae_illusion",
    "rank_illusion",
)


def r_squared(truth: Float, forecast: Float) -> float:
    """Return the pooled coefficient of determination, 1 - sum of squares left / about the mean."""
    left = float(((truth - forecast) ** 2).sum())
    about = float(((truth - truth.mean()) ** 2).sum())
    return 1 - left / about if about > 0 else np.nan


def random_folds(rows: int, splits: int, seed: int) -> NDArray[np.int64]:
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
    scored = [fold for fold in context.folds(horizon) if fold.scored]
    pool, keys = _pooled(context, scored)
    folds = random_folds(len(keys), SPLITS, context.settings.seed)
    tasks = [
        _task(context, pool, folds == k, name)
        for name in context.experiment.model.members
        for k in range(SPLITS)
    ]
    done = in_threads(tasks, f"random split, horizon {horizon}", context.progress)
    members = context.experiment.model.members
    forecasts = {name: np.full(len(keys), np.nan) for name in members}
    for name, inside, values in done:
        forecasts[name][inside] = values
    if context.served == BLEND:
        origins = keys["origin"].to_numpy(dtype=np.int64)
        forecasts[BLEND] = _blended(forecasts, pool.labels, origins, folds)
    rows = [_row(context, horizon, name, values, keys) for name, values in forecasts.items()]
    return pd.DataFrame(rows, columns=list(RANDOM_SPLIT_COLUMNS))


def _pooled(context: Context, scored: list[Prepared]) -> tuple[Fold, pd.DataFrame]:
    """Stack what was forecast at every scored origin, with its features there and its truth."""
    columns = tuple(dict.fromkeys(column for p in scored for column in p.fold.spec.columns))
    place = {column: k for k, column in enumerate(columns)}
    cities = np.array(context.dataset.cities, dtype=object)
    features, keys = [], []
    for prepared in scored:
        known = np.isfinite(prepared.truth)
        rows = np.full((int(known.sum()), len(columns)), np.nan)
        own = [place[column] for column in prepared.fold.spec.columns]
        rows[:, own] = prepared.fold.at_origin[known]
        features.append(rows)
        key = {"city": cities[known], "origin": prepared.fold.origin}
        keys.append(pd.DataFrame({**key, "truth": prepared.truth[known]}))
    key = pd.concat(keys, ignore_index=True)
    stacked = np.concatenate(features)
    last = scored[-1].fold
    past = {last.spec.columns[k][0] for k in last.history}
    pool = replace(
        last,
        before=0,
        spec=replace(last.spec, columns=columns),
        features=stacked,
        labels=key["truth"].to_numpy(dtype=np.float64),
        at_origin=stacked,
        history=np.flatnonzero([name in past for name, _ in columns]),
        cities=np.concatenate([np.flatnonzero(np.isfinite(p.truth)) for p in scored]),
        ages=np.zeros(len(key)),
    )
    return pool, key


def _task(
    context: Context, pool: Fold, inside: NDArray[np.bool_], learner: str
) -> Callable[[], tuple[str, NDArray[np.bool_], Float]]:
    values = learner_parameters(context.experiment.model)[learner]

    def fitted() -> tuple[str, NDArray[np.bool_], Float]:
        learnt = only_rows(pool, ~inside)
        model = fit_member(learnt, learner, values, context.experiment.model.seed)
        return learner, inside, model.predict(pool.at_origin[inside])

    return fitted


def _blended(
    forecasts: Mapping[str, Float],
    labels: Float,
    origins: NDArray[np.int64],
    folds: NDArray[np.int64],
) -> Float:
    """Weight the members in each fold by their forecasts of the other folds."""
    inputs = np.column_stack(list(forecasts.values()))
    blended = np.empty(len(labels))
    for k in range(SPLITS):
        inside = folds == k
        blended[inside] = inputs[inside] @ blend_weights(
            inputs[~inside], labels[~inside], origins[~inside]
        )
    return blended


def _row(
    context: Context, horizon: int, name: str, forecast: Float, keys: pd.DataFrame
) -> tuple[object, ...]:
    drawn = keys.assign(model="random", horizon=horizon, forecast=forecast)
    forward = context.rows(name, horizon).merge(keys[["city", "origin"]])
    pair = {"random": drawn, "forward": forward.assign(model="forward")}
    means = {kind: yearly(rows)[["mae", "rank_correlation"]].mean() for kind, rows in pair.items()}
    r2 = {
        kind: r_squared(rows["truth"].to_numpy(np.float64), rows["forecast"].to_numpy(np.float64))
        for kind, rows in pair.items()
    }
    figures = [
        *(r2[kind] for kind in pair),
        *(means[kind]["mae"] for kind in pair),
        *(means[kind]["rank_correlation"] for kind in pair),
    ]
    illusion = [drawn - forward for drawn, forward in zip(figures[::2], figures[1::2], strict=True)]
    return (horizon, name, len(keys), *figures, *illusion)
