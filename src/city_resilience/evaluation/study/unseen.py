"""Unseen cities: forecast those of provinces that took no part in training.

The labels of a held-out province train nothing. Its indicators still count in ranks within the
year and in national sums, as they would for a new city on the day it is forecast. The naive
baselines are fitted on all cities, which flatters them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.evaluation.scores import paired_interval, yearly
from city_resilience.evaluation.significance import (
    city_draws,
    error_grid,
    mean_yearly_errors,
    percentile_interval,
)
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.evaluation.study.folds import (
    Prepared,
    forecast_rows,
    in_threads,
    member_forecasts,
    only_rows,
    served_forecasts,
)
from city_resilience.tasks.dataset import Dataset

__all__ = ["UNSEEN_COLUMNS", "group_folds", "held_out_group", "unseen_cities", "unseen_forecasts"]

Float = NDArray[np.float64]
MOST_FOLDS, LEAST_LEVELS = 10, 3
UNSEEN, SEEN, NAIVE = "unseen", "seen", "naive"
UNSEEN_COLUMNS = (
    "horizon",
    "cities_are",
    "model",
    "years",
    "n",
    "mae",
    "rmse",
    "rank_correlation",
    "skill_naive",
    "difference_seen",
    "low",
    "high",
    "city_low",
    "city_high",
)


def held_out_group(dataset: Dataset) -> str | None:
    """Return the grouping that is held out: provinces, else the finest other one of 3 or more."""
    levels = {name: len(set(values.tolist()) - {""}) for name, values in dataset.groups.items()}
    if levels.get("province", 0) >= LEAST_LEVELS:
        return "province"
    enough = {name: count for name, count in levels.items() if count >= LEAST_LEVELS}
    return max(enough, key=lambda name: (enough[name], name)) if enough else None


def group_folds(levels: NDArray[np.str_], most: int = MOST_FOLDS) -> NDArray[np.int64]:
    """Deal groups out to folds so that these hold about as many cities each.

    The largest group comes first, each into the smallest fold so far; ties go by name.

    Parameters
    ----------
    levels : ndarray of str, shape (cities,)
        Group of each city; "" where unknown.

    Returns
    -------
    ndarray of int, shape (cities,)
        Fold of each city, -1 for a city without a group.

    Examples
    --------
    >>> group_folds(np.array(["b", "b", "a", "c", ""]), 2).tolist()
    [0, 0, 1, 1, -1]
    """
    names, sizes = np.unique(levels[levels != ""], return_counts=True)
    held = np.zeros(min(most, len(names)), dtype=np.int64)
    fold_of: dict[str, int] = {"": -1}
    for k in np.lexsort((names, -sizes)):
        smallest = int(held.argmin())
        fold_of[str(names[k])] = smallest
        held[smallest] += sizes[k]
    return np.array([fold_of[str(level)] for level in levels], dtype=np.int64)


def unseen_cities(context: Context) -> Part:
    """Score the served recipe on cities that its members never saw.

    Blend weights at an origin are learnt from the unseen forecasts of earlier ones: a few numbers
    shared by all cities, into which the past outcomes of every city go.
    """
    group = held_out_group(context.dataset)
    if group is None:
        return Part(pd.DataFrame(columns=list(UNSEEN_COLUMNS)), {"missing": "no_group"})
    fold_of = group_folds(context.dataset.groups[group])
    tables, origins = [], set()
    whole: dict[int, Float] = {}
    for horizon in context.horizons:
        whole = unseen_forecasts(context, horizon, fold_of, whole)
        scored = {p.fold.origin for p in context.folds(horizon) if p.scored}
        found = {origin: forecast for origin, forecast in whole.items() if origin in scored}
        origins |= set(found)
        rows = forecast_rows(context.dataset, UNSEEN, horizon, found)
        tables.append(_table(context, horizon, rows))
    about = {
        "group": group,
        "levels": len(set(context.dataset.groups[group].tolist()) - {""}),
        "folds": int(fold_of.max()) + 1,
        "every": context.settings.every,
        "origins": sorted(origins),
    }
    return Part(pd.concat(tables, ignore_index=True), about)


def unseen_forecasts(
    context: Context,
    horizon: int,
    fold_of: NDArray[np.int64],
    shorter: Mapping[int, Float],
) -> dict[int, Float]:
    """Forecast every city, at every so many origins, from the cities of other folds.

    Parameters
    ----------
    fold_of : ndarray of int, shape (cities,)
        Fold of each city; one of -1 is not forecast.
    shorter : mapping of int to ndarray, shape (cities,)
        What this returned for the next shorter horizon; empty for none.

    Returns
    -------
    dict
        Origin, warm-up included → served forecast, shape (cities,), pp.
    """
    newest = context.folds(context.horizons[-1])[-1].fold.origin
    every = context.settings.every
    chosen = [p for p in context.folds(horizon) if (newest - p.fold.origin) % every == 0]
    tasks = [
        _without_group(context, prepared, fold_of, k)
        for prepared in chosen
        for k in range(int(fold_of.max()) + 1)
    ]
    done = in_threads(tasks, f"provinces held out, horizon {horizon}", context.progress)
    members: dict[int, Float] = {}
    for origin, inside, values in done:
        whole = members.setdefault(origin, np.full((len(fold_of), values.shape[1]), np.nan))
        whole[inside] = values[inside]
    return served_forecasts(context.experiment, chosen, members, shorter)


def _without_group(
    context: Context, prepared: Prepared, fold_of: NDArray[np.int64], k: int
) -> Callable[[], tuple[int, NDArray[np.bool_], Float]]:
    def fitted() -> tuple[int, NDArray[np.bool_], Float]:
        inside = fold_of == k
        rows = ~inside[prepared.fold.cities]
        if not rows.any():  # one fold has all the labels there are
            nothing = np.full((len(inside), len(context.experiment.model.members)), np.nan)
            return prepared.fold.origin, inside, nothing
        learnt = only_rows(prepared.fold, rows)
        return prepared.fold.origin, inside, member_forecasts(learnt, context.experiment)

    return fitted


def _table(context: Context, horizon: int, unseen: pd.DataFrame) -> pd.DataFrame:
    """Score the unseen forecasts beside the seen ones and the best naive on the same rows."""
    naive = context.naive()[horizon]
    same = unseen[["city", "origin"]]
    frame = pd.concat(
        [
            unseen,
            context.rows(context.served, horizon).merge(same).assign(model=SEEN),
            context.rows(naive, horizon).merge(same).assign(model=NAIVE),
        ]
    )
    scores = yearly(frame)
    by_year = scores.pivot_table(index="origin", columns="model", values="mae")
    names = {UNSEEN: context.served, SEEN: context.served, NAIVE: naive}
    rows = []
    for model, name in names.items():
        own = scores[scores["model"] == model]
        means = own[["mae", "rmse", "rank_correlation"]].mean()
        skill = 1 - means["mae"] / by_year[NAIVE].mean()
        base = (horizon, model if model != NAIVE else "", name, len(own), int(own["n"].sum()))
        apart = _apart(by_year, frame, context) if model == UNSEEN else (np.nan,) * 5
        rows.append((*base, *means, skill, *apart))
    return pd.DataFrame(rows, columns=list(UNSEEN_COLUMNS))


def _apart(by_year: pd.DataFrame, frame: pd.DataFrame, context: Context) -> tuple[float, ...]:
    """MAE unseen minus seen: mean, its yearly t interval, and its interval over cities."""
    errors = error_grid(frame)
    settings = context.settings
    weights = city_draws(len(errors[UNSEEN]), settings.draws, settings.seed)
    drawn = mean_yearly_errors(errors[UNSEEN], weights) - mean_yearly_errors(errors[SEEN], weights)
    pairs = (by_year[UNSEEN] - by_year[SEEN]).to_numpy(dtype=np.float64)
    return (*paired_interval(pairs), *percentile_interval(drawn))
