"""Unseen cities: forecast those of provinces that took no part in training.

The labels of a held-out province train nothing. Its indicators still count in ranks within the
year and in national sums, as they would for a new city on the day it is forecast. The naive
baselines are fitted on all cities, which flatters them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from city_resilience.arrays import Int, Strings
from city_resilience.evaluation.engine import Rolled, Variant
from city_resilience.evaluation.forecasts import forecast_frame
from city_resilience.evaluation.scores import yearly
from city_resilience.evaluation.significance import COMPARED, compare_errors
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.tasks.dataset import Dataset

__all__ = ["UNSEEN_COLUMNS", "group_folds", "held_out_group", "unseen_cities", "unseen_forecasts"]

MOST_FOLDS, LEAST_LEVELS = 10, 3
UNSEEN, SEEN, NAIVE = "unseen", "seen", "naive"
UNSEEN_COLUMNS = (
    *("horizon", "cities_are", "model", "years", "n", "mae", "rmse", "rank_correlation"),
    *("skill_naive", "difference_seen", *COMPARED[1:]),
)


def held_out_group(dataset: Dataset) -> str | None:
    """Return the grouping that is held out: provinces, else the finest other one of 3 or more."""
    levels = {name: len(set(values.tolist()) - {""}) for name, values in dataset.groups.items()}
    if levels.get("province", 0) >= LEAST_LEVELS:
        return "province"
    enough = {name: count for name, count in levels.items() if count >= LEAST_LEVELS}
    return max(enough, key=lambda name: (enough[name], name)) if enough else None


def group_folds(levels: Strings, most: int = MOST_FOLDS) -> Int:
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
    dealt = np.zeros(min(most, len(names)), dtype=np.int64)
    fold_of: dict[str, int] = {"": -1}
    for k in np.lexsort((names, -sizes)):
        smallest = int(dealt.argmin())
        fold_of[str(names[k])] = smallest
        dealt[smallest] += sizes[k]
    return np.array([fold_of[str(level)] for level in levels], dtype=np.int64)


def unseen_cities(context: Context) -> Part:
    """Score the served recipe on cities that its members never saw.

    Blend weights at an origin are learnt from the unseen forecasts of earlier ones: a few numbers
    shared by all cities, into which the past outcomes of every city go.
    """
    dataset = context.engine.dataset
    group = held_out_group(dataset)
    if group is None:
        return Part(pd.DataFrame(columns=list(UNSEEN_COLUMNS)), {"missing": "no_group"})
    levels = dataset.groups[group]
    fold_of = group_folds(levels)
    tables, origins = [], set()
    for horizon, rolled in unseen_forecasts(context, fold_of).items():
        found = {o: own for o, own in rolled.of(context.served).items() if o in context.scored}
        origins |= set(found)
        rows = forecast_frame(dataset, horizon, {UNSEEN: found})
        tables.append(_table(context, horizon, rows))
    about = {
        "group": group,
        "levels": len(set(levels.tolist()) - {""}),
        "folds": int(fold_of.max()) + 1,
        "every": context.settings.every,
        "origins": sorted(origins),
    }
    return Part(pd.concat(tables, ignore_index=True), about)


def unseen_forecasts(context: Context, fold_of: Int) -> dict[int, Rolled]:
    """Forecast every city, at every so many origins, from the cities of other folds.

    Parameters
    ----------
    fold_of : ndarray of int, shape (cities,)
        Fold of each city; one of -1 is not forecast.

    Returns
    -------
    dict
        Horizon → forecasts, warm-up origins included.
    """
    newest = max(context.specs(context.horizons[-1]))
    chosen = [o for o in context.origins if (newest - o) % context.settings.every == 0]
    variant = Variant(UNSEEN, held_out=fold_of)
    return context.engine.roll([variant], context.horizons, chosen, "provinces held out")[UNSEEN]


def _table(context: Context, horizon: int, unseen: pd.DataFrame) -> pd.DataFrame:
    """Score the unseen forecasts beside the seen ones and the best naive on the same rows."""
    naive = context.naive[horizon]
    same = unseen[["city", "origin"]]
    names = {SEEN: context.served, NAIVE: naive}
    others = [context.rows(name, horizon).merge(same).assign(model=m) for m, name in names.items()]
    frame = pd.concat([unseen, *others])
    settings = context.settings
    apart = compare_errors(frame, UNSEEN, SEEN, settings.draws, settings.seed)
    means = yearly(frame).groupby("model")
    table = means[["mae", "rmse", "rank_correlation"]].mean().loc[[UNSEEN, SEEN, NAIVE]]
    table["skill_naive"] = 1 - table["mae"] / table.loc[NAIVE, "mae"]
    table["years"], table["n"] = means.size(), means["n"].sum()
    apart["difference_seen"] = apart.pop("difference")
    table.loc[UNSEEN, list(apart)] = list(apart.values())
    table = table.assign(
        horizon=horizon,
        cities_are=[UNSEEN, SEEN, ""],
        model=[context.served, context.served, naive],
    )
    return table[list(UNSEEN_COLUMNS)].reset_index(drop=True)
