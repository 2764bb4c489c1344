"""Shapes and places of all held-out drivers at once: one call, the tables by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.evaluation.backtest import Backtest
from city_resilience.evaluation.tables import levels_of
from city_resilience.experiment.experiment import Experiment
from city_resilience.explain.ale import Effect
from city_resilience.explain.held_out import held_out_drivers
from city_resilience.explain.held_rows import HeldOut
from city_resilience.explain.places import place_differences
from city_resilience.explain.resampling import with_q_values
from city_resilience.explain.shapes import THRESHOLD_COLUMNS, dependence, shape_of
from city_resilience.explain.surface import leading_pairs, surface
from city_resilience.explain.thresholds import ALPHA, NONE
from city_resilience.progress import silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.workers import in_threads

__all__ = [
    "HELD_TABLES",
    "LEADING",
    "describe_held_out",
    "held_parts",
    "held_tables",
    "with_effects",
]

LEADING = 15
"""Indicators of a view and horizon whose shape and places are looked at."""
HELD_TABLES = ("dependence", "shapes", "surface", "pairs", "places")
Effects = Callable[[str, int, Mapping[str, Float]], Mapping[str, Effect]]


def held_parts(
    drivers: pd.DataFrame, truth: pd.DataFrame, provinces: Mapping[str, str]
) -> Iterator[tuple[str, int, HeldOut]]:
    """Yield view, horizon and rows of held-out drivers.

    Parameters
    ----------
    drivers : DataFrame
        Of the backtest: ``view`` and the columns of `contributions`.
    truth : DataFrame
        ``city, origin, horizon, truth``; rows may repeat.
    provinces : mapping of str to str
        Province of each city; empty where the panel has none.
    """
    for (view, horizon), own in drivers.groupby(["view", "horizon"], sort=True, observed=True):
        told = truth[truth["horizon"] == horizon]
        yield str(view), int(horizon), HeldOut(own, told, provinces, int(horizon))


def held_tables(
    drivers: pd.DataFrame,
    truth: pd.DataFrame,
    groups: Mapping[str, Mapping[str, str]],
    *,
    min_group: int = 10,
    pairs: Sequence[tuple[str, str]] = (),
    effects: Effects | None = None,
) -> dict[str, pd.DataFrame]:
    """Describe the shapes and places of every view and horizon.

    Parameters
    ----------
    drivers, truth : DataFrame
        See `held_parts`.
    groups : mapping of str to mapping of str to str
        Group to the level of each city, ``province`` among them where it is known.
    min_group : int
        Fewest cities on either side of a comparison.
    pairs : sequence of (str, str)
        Pairs of indicators to lay out over a grid; those of the leading families when left out.
    effects : callable, optional
        From view, horizon and the edges of the bins by indicator to accumulated local effects,
        see ``ale.effects_of``; the column ``ale`` is empty without.

    Returns
    -------
    dict
        ``HELD_TABLES``, each with ``view`` and ``horizon`` before its own columns. q-values are
        over all that was looked at in a view and horizon.
    """
    levels = {name: own for name, own in groups.items() if name != "province"}

    def made(view: str, horizon: int, held: HeldOut) -> dict[str, pd.DataFrame]:
        own = _shapes(held)
        own |= _surfaces(held, pairs or leading_pairs(held))
        own["places"] = place_differences(held, levels, min_group=min_group, indicators=LEADING)
        for table in own.values():
            table.insert(0, "horizon", horizon)
            table.insert(0, "view", view)
        return own

    parts = held_parts(drivers, truth, groups.get("province", {}))
    every = in_threads([partial(made, *part) for part in parts], "", silent)
    found = {name: [own[name] for own in every if name in own] for name in HELD_TABLES}
    tables = {name: pd.concat(own, ignore_index=True) for name, own in found.items() if own}
    return with_effects(tables, effects) if effects else tables


def describe_held_out(
    found: Backtest, dataset: Dataset, experiment: Experiment
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return `held_out_drivers` of a backtest, and their `held_tables`, without local effects."""
    drivers = held_out_drivers(found, dataset, experiment)
    truth = found.frame[["city", "origin", "horizon", "truth"]].drop_duplicates()
    least = experiment.evaluation.min_group
    return drivers, held_tables(drivers, truth, levels_of(dataset), min_group=least)


def with_effects(tables: Mapping[str, pd.DataFrame], effects: Effects) -> dict[str, pd.DataFrame]:
    """Fill in the local effects of `held_tables`, ``effects`` as of there."""
    if "dependence" not in tables:
        return dict(tables)
    curves = tables["dependence"].assign(ale=np.nan, ale_rows=0)
    parts = [own for _, own in curves.groupby(["view", "horizon"], sort=False)]
    calls = [
        partial(effects, str(own["view"].iloc[0]), int(own["horizon"].iloc[0]), _edges(own))
        for own in parts
    ]
    for part, found in zip(parts, in_threads(calls, "", silent), strict=True):
        for name, own in found.items():
            rows = part.index[part["indicator"] == name]
            curves.loc[rows, "ale"], curves.loc[rows, "ale_rows"] = own.values, own.rows
    return {**tables, "dependence": curves}


def _edges(curves: pd.DataFrame) -> dict[str, Float]:
    """Return the edges of the bins of each indicator that has enough rows."""
    return {
        str(name): np.append(own["from"].to_numpy(dtype=np.float64), float(own["to"].iloc[-1]))
        for name, own in curves.groupby("indicator", sort=False)
        if not own["withheld"].any()
    }


def _shapes(held: HeldOut) -> dict[str, pd.DataFrame]:
    every = [held.one(name) for name in held.leading(LEADING)]
    curves = pd.concat([dependence(own) for own in every], ignore_index=True)
    shapes = pd.concat([shape_of(own) for own in every], ignore_index=True)
    return {"dependence": curves, "shapes": _counted(with_q_values(shapes))}


def _counted(shapes: pd.DataFrame) -> pd.DataFrame:
    """Take back thresholds that are no more than what so many looks find by chance."""
    chance = (shapes["q_value"] > ALPHA).to_numpy()
    if chance.any():
        shapes.loc[chance, "form"] = NONE
        shapes.loc[chance, list(THRESHOLD_COLUMNS)] = np.nan
    return shapes


def _surfaces(held: HeldOut, pairs: Sequence[tuple[str, str]]) -> dict[str, pd.DataFrame]:
    found = [surface(held, *pair) for pair in pairs]
    cells, each = (
        pd.concat([own[k] for own in found], ignore_index=True) if found else pd.DataFrame()
        for k in (0, 1)
    )
    return {"surface": cells, "pairs": with_q_values(each) if len(each) else each}
