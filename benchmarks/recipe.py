"""What each part of the recipe is worth: one change at a time, on the same rolling origins.

    python benchmarks/recipe.py china_prefecture --data city_panel.csv

Every variant is the served recipe with one thing changed. It is fitted and weighted as the backtest
does it, at each origin from what was known then. The last row is nested: at each origin the variant
that did best at earlier origins. Writes ``experiments/NAME/recipe.csv``. Each horizon adds to the
one before it; ``horizons apart`` forecasts each by itself, and ``mean with horizons apart`` is the
mean of both.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from recipe_members import MEMBERS, Member, Prepared, prepare

from city_resilience.commands.source import load
from city_resilience.evaluation.forecasts import forecast_frame
from city_resilience.evaluation.scores import paired_interval, yearly
from city_resilience.experiment.experiment import Experiment
from city_resilience.models.weights import (
    blend_weights,
    least_absolute_weights,
    slope_at,
    weights_at,
)
from city_resilience.resilience.horizons import known_labels
from city_resilience.tasks.dataset import Dataset

ROOT = Path(__file__).parents[1]
SERVED = "served"
NESTED = "chosen at each origin by earlier ones"
APART, HALFWAY = "horizons apart", "mean with horizons apart"
Float = NDArray[np.float64]
Weights = Callable[[Float, Float, NDArray[np.int64]], Float]
Slope = Callable[[int, int, Mapping[int, Float], Mapping[int, Float]], float]
Variants = dict[str, dict[int, Float]]


def equal(forecasts: Float, labels: Float, origins: NDArray[np.int64]) -> Float:
    """The same weight for every member."""
    del labels, origins
    return np.full(forecasts.shape[1], 1.0 / forecasts.shape[1])


def fitted(forecasts: Float, labels: Float, origins: NDArray[np.int64]) -> Float:
    """Weights that minimise the absolute error of the blend at earlier origins."""
    if not len(labels):
        return equal(forecasts, labels, origins)
    return least_absolute_weights(forecasts, labels)


def powered(forecasts: Float, labels: Float, origins: NDArray[np.int64]) -> Float:
    """The members' mean absolute errors to the power of -20, however few the origins."""
    if not len(labels):
        return equal(forecasts, labels, origins)
    errors = np.abs(forecasts - labels[:, None]).mean(axis=0)
    weights = (errors.min() / errors) ** 20
    return np.asarray(weights / weights.sum())


def whole_size(
    origin: int, wait: int, forecasts: Mapping[int, Float], truths: Mapping[int, Float]
) -> float:
    """No slope: every forecast is taken as it is."""
    del origin, wait, forecasts, truths
    return 1.0


def shrunk(forecasts: Float, labels: Float, origins: NDArray[np.int64], factor: float) -> Float:
    """The served weights times a factor: every forecast is drawn to zero."""
    return np.asarray(factor * blend_weights(forecasts, labels, origins))


@dataclass(frozen=True)
class Recipe:
    """Members and how they are weighted."""

    members: tuple[str, ...] = (
        "persistence",
        "lasting_gap",
        "xgboost",
        "xgboost_all_years",
        "extra_trees_history",
    )
    weights: Weights = blend_weights
    slope: Slope = slope_at

    def swapped(self, old: str, new: str) -> Recipe:
        """Return the recipe with one member in place of another."""
        return replace(self, members=tuple(new if m == old else m for m in self.members))


BASE = Recipe()
RECIPES: Mapping[str, Recipe] = {
    SERVED: BASE,
    **{
        f"without {name}": replace(BASE, members=tuple(m for m in BASE.members if m != name))
        for name in BASE.members
    },
    **{
        f"with {name} added": replace(BASE, members=(*BASE.members, name))
        for name in ("ridge on ranks", "extra trees on all", "xgboost on the past")
    },
    **{
        f"xgboost: {name}": BASE.swapped("xgboost", f"xgboost, {name}")
        for name in (
            "recency 2 years",
            "recency 6 years",
            "recency 12 years",
            "one tree a round",
            "three trees a round",
            "values only",
            "ranks only",
            "no composite indices",
            "on residuals of persistence",
            "pseudo-Huber loss",
            "regime added",
            "years of equal weight",
            "small cities weigh less",
            "deeper trees",
            "early stopping on the last year",
            "searched by optuna",
        )
    },
    "one xgboost, recency 6 years": replace(
        BASE,
        members=("persistence", "lasting_gap", "xgboost, recency 6 years", "extra_trees_history"),
    ),
    "xgboost_all_years: as the other but for recency": BASE.swapped(
        "xgboost_all_years", "xgboost, all years alike"
    ),
    "extra trees on the past: all years alike": BASE.swapped(
        "extra_trees_history", "extra trees on the past, all years alike"
    ),
    "weights: equal": replace(BASE, weights=equal),
    "weights: least absolute error": replace(BASE, weights=fitted),
    "weights: error to the power -20": replace(BASE, weights=powered),
    "weights: shrunk to 0.85": replace(BASE, weights=partial(shrunk, factor=0.85)),
    "slope: none": replace(BASE, slope=whole_size),
    "slope: of the last origin": replace(BASE, slope=partial(slope_at, recent=1)),
    "slope: of the last four origins": replace(BASE, slope=partial(slope_at, recent=4)),
    "slope: without the standard error": replace(BASE, slope=partial(slope_at, errors=0.0)),
    "without slope and lasting_gap": replace(
        BASE, slope=whole_size, members=tuple(m for m in BASE.members if m != "lasting_gap")
    ),
}


def forecasts_of(tasks: list[Prepared], name: str, member: Member) -> dict[int, Float]:
    """Forecast every origin with one member."""
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda p: member(tasks, p), tasks))
    print(f"  {name}", flush=True)
    return {p.task.origin: result for p, result in zip(tasks, results, strict=True)}


def blended(
    tasks: list[Prepared], horizon: int, members: Mapping[str, dict[int, Float]], recipe: Recipe
) -> dict[int, Float]:
    """Put members together, weights and slope of an origin from origins that were known."""
    inputs = {
        p.task.origin: np.column_stack([members[name][p.task.origin] for name in recipe.members])
        for p in tasks
    }
    truths = {p.task.origin: p.added for p in tasks}
    whole = {
        origin: values @ weights_at(origin, horizon, inputs, truths, recipe.weights)
        for origin, values in inputs.items()
    }
    return {o: recipe.slope(o, horizon, whole, truths) * own for o, own in whole.items()}


def nested(
    tasks: list[Prepared], horizon: int, forecasts: Mapping[str, dict[int, Float]]
) -> dict[int, Float]:
    """At each origin take the variant with the lowest mean error at earlier origins."""
    origins = np.array([p.task.origin for p in tasks])
    error = {
        name: {p.task.origin: np.nanmean(np.abs(own[p.task.origin] - p.truth)) for p in tasks}
        for name, own in forecasts.items()
    }
    found = {}
    for origin in origins.tolist():
        past = origins[known_labels(origin, horizon, origins)].tolist()
        means = {n: np.mean([own[o] for o in past]) if past else 0.0 for n, own in error.items()}
        found[origin] = forecasts[min(means, key=lambda n: (means[n], n != SERVED))][origin]
    return found


def apart(dataset: Dataset, experiment: Experiment, horizon: int) -> dict[int, Float]:
    """The served recipe on the outcome of the whole horizon."""
    only = experiment.outcome.model_copy(update={"horizons": (horizon,)})
    alone = experiment.model_copy(update={"outcome": only})
    tasks = prepare(dataset, alone, horizon)
    members = {name: forecasts_of(tasks, name, MEMBERS[name]) for name in BASE.members}
    return blended(tasks, horizon, members, BASE)


def of_variants(tasks: list[Prepared], horizon: int, shorter: Variants) -> Variants:
    """Forecast the whole horizon with every variant, on top of the same variant before it."""
    names = dict.fromkeys(m for recipe in RECIPES.values() for m in recipe.members)
    members = {name: forecasts_of(tasks, name, MEMBERS[name]) for name in names}
    found = {}
    for name, recipe in RECIPES.items():
        added = blended(tasks, horizon, members, recipe)
        before = shorter.get(name, {})
        found[name] = {o: before[o] + own if before else own for o, own in added.items()}
    return found


def at_horizon(
    dataset: Dataset, experiment: Experiment, horizon: int, shorter: Variants
) -> tuple[pd.DataFrame, Variants]:
    """Score every variant at one horizon against the served recipe."""
    print(f"horizon {horizon}", flush=True)
    tasks = prepare(dataset, experiment, horizon)
    found = of_variants(tasks, horizon, shorter)
    forecasts = dict(found)
    if shorter:
        forecasts[APART] = apart(dataset, experiment, horizon)
        forecasts[HALFWAY] = {
            origin: (own + forecasts[APART][origin]) / 2 for origin, own in found[SERVED].items()
        }
    forecasts[NESTED] = nested(tasks, horizon, forecasts)
    scored = {p.task.origin for p in tasks if p.scored}
    shown = {n: {o: f for o, f in own.items() if o in scored} for n, own in forecasts.items()}
    years = yearly(forecast_frame(dataset, horizon, shown))
    return table_of(years, horizon), found


def table_of(years: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Mean yearly scores, and the paired difference of each variant from the served recipe."""
    mae = years.pivot_table(index="origin", columns="model", values="mae")
    means = years.groupby("model")[["mae", "rmse", "rank_correlation"]].mean()
    found = []
    for name in [name for name in (*RECIPES, APART, HALFWAY, NESTED) if name in mae]:
        pairs = (mae[name] - mae[SERVED]).to_numpy()
        difference, low, high = paired_interval(pairs)
        found.append(
            {
                "horizon": horizon,
                "variant": name,
                **means.loc[name].to_dict(),
                "difference": difference,
                "low": low,
                "high": high,
                "years_better": int((pairs < 0).sum()),
                "years": len(pairs),
            }
        )
    return pd.DataFrame(found)


def main() -> None:
    """Run the variants and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment")
    parser.add_argument("--data", default="")
    asked = parser.parse_args()
    folder = ROOT / "experiments" / asked.experiment
    source = load(folder / "experiment.toml", asked.data or None)
    tables, shorter = [], {}
    for horizon in source.experiment.outcome.horizons:
        table, shorter = at_horizon(source.dataset, source.experiment, horizon, shorter)
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    table.round(4).to_csv(folder / "recipe.csv", index=False)
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
