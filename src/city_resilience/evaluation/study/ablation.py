"""Families of indicators, taken out of the served recipe and added to history alone.

Columns are chosen from folds that are prepared once; nothing else about the recipe changes, and
each variant's blend is weighted by what that variant forecast at earlier origins. A family is
judged over the origins at which it has columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.evaluation.backtest import HISTORY_ONLY
from city_resilience.evaluation.scores import paired_interval, yearly
from city_resilience.evaluation.significance import (
    city_draws,
    error_grid,
    mean_yearly_errors,
    percentile_interval,
    underpowered,
)
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.evaluation.study.folds import (
    Prepared,
    forecast_rows,
    in_threads,
    member_forecasts,
    past_only_forecasts,
    served_forecasts,
)
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.fold import Fold

__all__ = [
    "ABLATION_COLUMNS",
    "ADDED",
    "BEYOND",
    "EVERY_YEAR",
    "WITHOUT",
    "ablation",
    "families",
    "variant_forecasts",
]

Float = NDArray[np.float64]
Columns = NDArray[np.intp]
Variants = dict[tuple[str, str], tuple[dict[int, Float], dict[int, int]]]
WITHOUT, ADDED, BEYOND = "without", "added", "beyond"
"""Variants: a family left out, a family added to history alone, all families beyond history."""
ALL_FAMILIES, EVERY_YEAR = "all", "all"
ABLATION_COLUMNS = (
    "horizon",
    "family",
    "variant",
    "origin",
    "columns",
    "years",
    "n",
    "mae",
    "mae_reference",
    "skill_naive",
    "difference",
    "low",
    "high",
    "city_low",
    "city_high",
    "outcome",
    "underpowered",
)


@dataclass(frozen=True)
class _Variant:
    """What was done with a family, and the model of the backtest that it is compared with."""

    family: str
    name: str
    reference: str

    @property
    def id(self) -> str:
        return f"{self.name}: {self.family}"


def families(dataset: Dataset, folds: list[Prepared]) -> list[str]:
    """Return the families with a column in any of some folds, in the order of the table."""
    family = {spec.id: spec.family for spec in dataset.specs}
    present = {family[name] for prepared in folds for name, _ in prepared.fold.spec.columns}
    return [name for name in dict.fromkeys(family.values()) if name in present]


def ablation(context: Context) -> Part:
    """Measure what each family is worth, by origin and in the mean.

    Returns
    -------
    Part
        ``ABLATION_COLUMNS``. ``difference`` is the MAE of the variant minus that of its reference
        (pp): the served recipe for ``without``, history alone for the others. ``low, high`` is
        the t interval over paired years, ``city_low, city_high`` the bootstrap over cities;
        ``outcome`` is helps, hurts or nothing, and the first two only where both intervals agree.
    """
    tables: list[pd.DataFrame] = []
    shorter: Variants = {}
    for horizon in context.horizons:
        table, shorter = _at_horizon(context, horizon, shorter)
        tables.append(table)
    return Part(pd.concat(tables, ignore_index=True))


def _variants(present: list[str]) -> list[tuple[str, str]]:
    added = [(family, ADDED) for family in present if family != "history"]
    return [*((family, WITHOUT) for family in present), *added]


def _chosen(fold: Fold, own: Columns, name: str) -> Columns:
    """Return the columns of a variant, given those of its family."""
    if name == WITHOUT:
        return np.setdiff1d(np.arange(len(fold.spec.columns)), own)
    return np.union1d(fold.history, own)


def _own_columns(dataset: Dataset, fold: Fold, family: str) -> Columns:
    return fold.spec.family_columns({spec.id for spec in dataset.specs if spec.family == family})


def variant_forecasts(context: Context, horizon: int, shorter: Variants) -> Variants:
    """Forecast all origins without each family, and with it added to history.

    Parameters
    ----------
    shorter : dict
        What this returned for the next shorter horizon; empty for none.

    Returns
    -------
    dict
        (family, variant) → served forecasts by origin, shape (cities,), in the measure's unit; and
        how many columns the family has at each scored origin.
    """
    folds = context.folds(horizon)
    present = families(context.dataset, [p for h in context.horizons for p in context.folds(h)])
    own = {
        (family, p.fold.origin): _own_columns(context.dataset, p.fold, family)
        for family in present
        for p in folds
    }
    past = in_threads(
        [partial(past_only_forecasts, p.fold, context.experiment) for p in folds],
        f"members on the past, horizon {horizon}",
        context.progress,
    )
    tasks = [
        _task(context, p, _chosen(p.fold, own[family, p.fold.origin], name), known)
        for family, name in _variants(present)
        for p, known in zip(folds, past, strict=True)
    ]
    done = iter(in_threads(tasks, f"families, horizon {horizon}", context.progress))
    scored = [p.fold.origin for p in folds if p.scored]
    found = {}
    for family, name in _variants(present):
        members = {p.fold.origin: next(done) for p in folds}
        before, _ = shorter.get((family, name), ({}, {}))
        served = served_forecasts(context.experiment, folds, members, before)
        found[family, name] = (served, {o: len(own[family, o]) for o in scored})
    return found


def _at_horizon(context: Context, horizon: int, shorter: Variants) -> tuple[pd.DataFrame, Variants]:
    tables = [_beyond(context, horizon)]
    found = variant_forecasts(context, horizon, shorter)
    for (family, name), (every, columns) in found.items():
        if not any(columns.values()):
            continue
        served = {origin: every[origin] for origin in columns}
        reference = context.served if name == WITHOUT else HISTORY_ONLY
        variant = _Variant(family, name, reference)
        rows = forecast_rows(context.dataset, variant.id, horizon, served)
        tables.append(_table(context, variant, rows, columns, horizon))
    return pd.concat(tables, ignore_index=True), found


def _task(
    context: Context, prepared: Prepared, columns: Columns, past: Mapping[str, Float]
) -> Callable[[], Float]:
    known = past if np.isin(prepared.fold.history, columns).all() else {}
    return partial(member_forecasts, prepared.fold, context.experiment, columns, known)


def _beyond(context: Context, horizon: int) -> pd.DataFrame:
    """All families at once: the served recipe against history alone, from the backtest."""
    variant = _Variant(ALL_FAMILIES, BEYOND, HISTORY_ONLY)
    rows = context.rows(context.served, horizon).assign(model=variant.id)
    columns = {
        p.fold.origin: len(p.fold.spec.columns) - len(p.fold.history)
        for p in context.folds(horizon)
        if p.scored
    }
    return _table(context, variant, rows, columns, horizon)


def _table(
    context: Context,
    variant: _Variant,
    rows: pd.DataFrame,
    columns: Mapping[int, int],
    horizon: int,
) -> pd.DataFrame:
    """Score a variant against its reference over all origins with columns, and at each."""
    naive = context.naive()[horizon]
    models = (variant.reference, naive)
    frame = pd.concat([rows, *(context.rows(name, horizon) for name in dict.fromkeys(models))])
    judged = frame[frame["origin"].isin([o for o, count in columns.items() if count])]
    years = yearly(frame).pivot_table(index="origin", columns="model", values=["mae", "n"])
    found = list(_by_origin(variant, naive, years, columns))
    if len(judged):
        found.insert(0, _overall(context, variant, naive, judged, horizon))
    table = pd.DataFrame(found).assign(horizon=horizon, family=variant.family, variant=variant.name)
    return table.reindex(columns=list(ABLATION_COLUMNS))


def _by_origin(
    variant: _Variant, naive: str, years: pd.DataFrame, columns: Mapping[int, int]
) -> Iterator[dict[str, object]]:
    for origin, row in years.iterrows():
        mae, reference = row["mae", variant.id], row["mae", variant.reference]
        yield {
            "origin": str(origin),
            "columns": columns[origin],
            "years": 1,
            "n": int(row["n", variant.id]),
            "mae": mae,
            "mae_reference": reference,
            "skill_naive": 1 - mae / row["mae", naive],
            "difference": mae - reference,
        }


def _overall(
    context: Context, variant: _Variant, naive: str, judged: pd.DataFrame, horizon: int
) -> dict[str, object]:
    scores = yearly(judged)
    years = scores.pivot_table(index="origin", columns="model", values="mae")
    means = years.mean()
    pairs = (years[variant.id] - years[variant.reference]).to_numpy(dtype=np.float64)
    difference, low, high = paired_interval(pairs)
    city = _over_cities(context, judged, variant)
    sign = 1.0 if variant.name == WITHOUT else -1.0
    outcome = _outcome([(sign * low, sign * high), (sign * city[0], sign * city[1])])
    return {
        "origin": EVERY_YEAR,
        "years": len(pairs),
        "n": int(scores.loc[scores["model"] == variant.id, "n"].sum()),
        "mae": means[variant.id],
        "mae_reference": means[variant.reference],
        "skill_naive": 1 - means[variant.id] / means[naive],
        "difference": difference,
        "low": low,
        "high": high,
        "city_low": city[0],
        "city_high": city[1],
        "outcome": outcome,
        "underpowered": underpowered(len(pairs), horizon),
    }


def _over_cities(context: Context, judged: pd.DataFrame, variant: _Variant) -> tuple[float, float]:
    errors = error_grid(judged)
    settings = context.settings
    weights = city_draws(len(errors[variant.id]), settings.draws, settings.seed)
    drawn = mean_yearly_errors(errors[variant.id], weights) - mean_yearly_errors(
        errors[variant.reference], weights
    )
    return percentile_interval(drawn)


def _outcome(intervals: list[tuple[float, float]]) -> str:
    """Say whether a family helps, from intervals in which above zero means that it does."""
    if all(min(pair) > 0 for pair in intervals):
        return "helps"
    if all(max(pair) < 0 for pair in intervals):
        return "hurts"
    return "nothing"
